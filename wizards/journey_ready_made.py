# The ready-made journeys: what they say, in the language of whoever makes one.
import json
import re
from pathlib import Path

from markupsafe import Markup, escape

from odoo import api, models

FOLDER = Path(__file__).resolve().parents[1] / "data" / "journeys"
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
CONTACT_NAME = Markup('<t t-out="object.contact_name or object.partner_id.name"/>')
# where links lead to as long as nobody said where; preflights find it
EXAMPLE_URL = "https://www.example.com/offer"
NAME = Markup('<t t-out="object.name"/>')


class JourneyReadyMade(models.AbstractModel):
    """Ready-made journeys are files of ``data/journeys`` in the format that journeys are exported to, but for their
    texts: those stand as ``{{key}}`` in the file, and under that key in :meth:`_get_catalogue`, where translators find
    them. In mails they are escaped; a text that holds markup is written with ``Markup`` arguments.

    A further one is a file and an entry; another addon overrides both methods.
    """

    _name = "journey.ready.made"
    _description = "Ready-Made Journeys"

    @api.model
    def _get_catalogue(self):
        """``{file name: texts by key}``; ``name`` and ``hint`` are what the wizard shows.

        :rtype: dict[str, dict[str, str]]
        """
        shared = {
            "hello": self.env._("Hello,"),
            "hello_name": self.env._("Hello %(name)s,", name=NAME),
            "over": self.env._("Over"),
            "unsubscribe": self.env._("Unsubscribe"),
        }
        return {
            "welcome_group": shared
            | {
                "name": self.env._("Welcome of a new buying group"),
                "hint": self.env._("Greets the members of each new buying group, and writes once more a week later."),
                "purpose": self.env._(
                    "Greets the members of each new buying group, and writes once more a week later. A meeting or an "
                    "order is the goal."
                ),
                "step_1": self.env._("Welcome"),
                "subject_1": self.env._("Welcome"),
                "text_1": self.env._(
                    "thank you for your interest. This is what we can do for your team, and whom you can ask."
                ),
                "step_2": self.env._("A week to read"),
                "step_3": self.env._("Second look"),
                "subject_3": self.env._("May we show you more?"),
                "text_3": self.env._("would half an hour with one of us help you to decide? Just answer this mail."),
            },
            "nurture_silent": shared
            | {
                "name": self.env._("Nurture of silent members"),
                "hint": self.env._("Writes to members of buying groups who show no engagement. Whoever reacts leaves."),
                "purpose": self.env._(
                    "Writes to members of buying groups who show no engagement, twice, three weeks apart. Whoever "
                    "reacts leaves. After half a year they may enter again."
                ),
                "step_1": self.env._("Something new"),
                "subject_1": self.env._("Something new for you"),
                "text_1": self.env._("there is news that may concern you."),
                "link_1": self.env._("Have a look"),
                "step_2": self.env._("Three weeks of rest"),
                "step_3": self.env._("A question"),
                "subject_3": self.env._("What would help you?"),
                "text_3": self.env._("what is the one question that we could answer for you? Just answer this mail."),
                "step_4": self.env._("Two weeks to answer"),
            },
            "reminder_date": shared
            | {
                "name": self.env._("Reminder before a date"),
                "hint": self.env._("Writes to the contact of a lead before its expected closing date."),
                "purpose": self.env._(
                    "Writes to the contact of a lead a week before its expected closing date, and once more on the day "
                    "before. Leads that are won or lost leave."
                ),
                "step_1": self.env._("A week before"),
                "subject_1": self.env._("Next week"),
                "text_1": self.env._("next week is the date that we agreed on. Is anything still open?"),
                "step_2": self.env._("Until the day before"),
                "step_3": self.env._("The day before"),
                "subject_3": self.env._("Tomorrow"),
                "text_3": self.env._("tomorrow is the date that we agreed on. We look forward to your answer."),
            },
            "reactivation": shared
            | {
                "hint": self.env._(
                    "Writes to lost leads for three weeks, by what they do with the mails. Whoever answers comes back."
                ),
                "hello_contact": self.env._("Hello %(name)s,", name=CONTACT_NAME),
                "name": self.env._("Bring back lost leads"),
                "purpose": self.env._(
                    "Three weeks for leads that were lost: an offer to all; a week later one mail to those who "
                    "clicked and another to those who did not; and a last chance for all who have not come back. "
                    "Whoever answers or fills in a form is brought back into the pipeline and handed to the "
                    "salesperson. Restored, won and quoted leads, and whoever unsubscribes, get no further mail. "
                    "Put your own offer and links into the four mails before you publish."
                ),
                "step_1": self.env._("Week 1: the offer"),
                "subject_1": self.env._("What you were looking for is available now"),
                "preview_1": self.env._("You asked us once. Today we can say yes."),
                "text_1": self.env._(
                    "some time ago you were interested in an offer of ours, and it did not work out. What stood "
                    "in the way then no longer does."
                ),
                "then_1": self.env._(
                    "%(link)s, or just answer this mail, and we take it up where we left off.",
                    link=self._get_link(self.env._("See what has changed")),
                ),
                "step_2": self.env._("A week to answer"),
                "step_3": self.env._("Did they click?"),
                "step_4": self.env._("Week 2: to those who clicked"),
                "subject_4": self.env._("There is still time to decide"),
                "preview_4": self.env._("Your offer is still there. May we help you with it?"),
                "text_4": self.env._("you had a look at our offer. It is still there for you."),
                "then_4": self.env._(
                    "%(link)s. If a question is open, answer this mail: we help you within a day.",
                    link=self._get_link(self.env._("Go on where you stopped")),
                ),
                "step_5": self.env._("Week 2: to those who did not"),
                "subject_5": self.env._("It will not be there for long"),
                "preview_5": self.env._("Many have asked already. Is yours still among what is left?"),
                "text_5": self.env._(
                    "last week we wrote to you that what you were looking for is available again. Much of it is "
                    "taken already."
                ),
                "then_5": self.env._(
                    "%(link)s. If it is of no interest any more, you need not do anything.",
                    link=self._get_link(self.env._("Have a look before it is gone")),
                ),
                "step_6": self.env._("Both ways meet"),
                "step_7": self.env._("Another week to answer"),
                "step_8": self.env._("Week 3: the last chance"),
                "subject_8": self.env._("Last chance: 20% off"),
                "preview_8": self.env._("20% off until the end of the week, then our offer ends."),
                "text_8": self.env._("our offer ends this week. If you decide now, you get it 20% cheaper."),
                "then_8": self.env._(
                    "%(link)s, or answer this mail with a yes: we do the rest. This is the last mail about it.",
                    link=self._get_link(self.env._("Take the offer with 20% off")),
                ),
                "step_9": self.env._("A last week to answer"),
                "step_10": self.env._("Did not come back"),
                "step_11": self.env._("Bring the lead back"),
                "step_12": self.env._("Back in the pipeline"),
                "path_1": self.env._("Clicked"),
            },
        }

    @api.model
    def _get_link(self, label):
        """A link to the offer, to the address ``offer_url`` of the context if it names one.

        :rtype: Markup
        """
        return Markup('<a href="%s">%s</a>') % (self.env.context.get("offer_url") or EXAMPLE_URL, label)

    @api.model
    def _get_path(self, key):
        """:rtype: pathlib.Path"""
        return FOLDER / f"{key}.json"

    @api.model
    def _load(self, key):
        """A ready-made journey as data for :meth:`journey.journey.import_data_dict`, in the user's language.

        :raise KeyError: there is no such journey, or the file names a text that the catalogue lacks
        """
        texts = self._get_catalogue()[key]

        def fill(value, name=""):
            if isinstance(value, dict):
                return {name: fill(inner, name) for name, inner in value.items()}
            if isinstance(value, list):
                return [fill(inner, name) for inner in value]
            if not isinstance(value, str):
                return value
            is_html = name in ("body_html", "body_arch")
            return PLACEHOLDER.sub(lambda match: str(escape(texts[match[1]]) if is_html else texts[match[1]]), value)

        return fill(json.loads(self._get_path(key).read_text(encoding="utf-8")))
