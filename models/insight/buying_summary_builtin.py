# The built-in writer of summaries: whole sentences from facts, offline, the same each time.
from odoo import api, models
from odoo.tools import format_list

from ...tools.percent import format_percent

HIGH, MEDIUM = 75, 25
WORTH_NAMING = 50


class BuyingSummaryBuiltin(models.AbstractModel):
    """Data to text. Every sentence is a term of its own for one and for many: translators need no rules of grammar, and
    nothing is put together from words, except lists of names and counts, which the host joins by the language's rules.

    Levels: low up to 25, medium up to 75, high above, of the score rounded half up.
    """

    _name = "buying.summary.builtin"
    _description = "Built-in Summaries"

    @api.model
    def _compose(self, facts):
        """:param dict facts: see ``buying.summary.facts``
        :return: the summary, sentences separated by blanks
        :rtype: str
        """
        sentences = getattr(self, f"_write_{facts['kind']}")(facts)
        return " ".join(sentence for sentence in sentences if sentence)

    # Parts --------------------------------------------------------------------------------------------------------

    def _get_level(self, score):
        return "high" if score > HIGH else "medium" if score > MEDIUM else "low"

    def _join(self, names):
        return format_list(self.env, names)

    def _tell_name(self, person):
        if not person["title"]:
            return person["name"]
        return self.env._("%(name)s (%(title)s)", name=person["name"], title=person["title"])

    def _tell_counts(self, counts, limit=3):
        """The most frequent kinds of activity, e.g. “3 emails opened and 1 link clicked”."""
        order = self.env["buying.summary.facts"]._get_counted_codes()
        told = sorted((code for code in counts if counts[code]), key=lambda code: (-counts[code], order.index(code)))
        return self._join([self._tell_count(code, counts[code]) for code in told[:limit]])

    def _tell_count(self, code, n):
        one, many = {
            "email_opened": (self.env._("1 email opened"), self.env._("%(n)s emails opened", n=n)),
            "email_clicked": (
                self.env._("1 link clicked in an email"),
                self.env._("%(n)s links clicked in emails", n=n),
            ),
            "email_replied": (self.env._("1 email answered"), self.env._("%(n)s emails answered", n=n)),
            "message_received": (self.env._("1 email written to us"), self.env._("%(n)s emails written to us", n=n)),
            "form_filled": (self.env._("1 form filled in"), self.env._("%(n)s forms filled in", n=n)),
            "survey_answered": (self.env._("1 survey answered"), self.env._("%(n)s surveys answered", n=n)),
            "page_viewed": (self.env._("1 page viewed"), self.env._("%(n)s pages viewed", n=n)),
            "link_clicked": (
                self.env._("1 link clicked on the website"),
                self.env._("%(n)s links clicked on the website", n=n),
            ),
            "event_registered": (
                self.env._("1 registration for an event"),
                self.env._("%(n)s registrations for events", n=n),
            ),
            "event_attended": (self.env._("1 event attended"), self.env._("%(n)s events attended", n=n)),
            "meeting_attended": (self.env._("1 meeting attended"), self.env._("%(n)s meetings attended", n=n)),
            "interesting_moment": (self.env._("1 interesting moment"), self.env._("%(n)s interesting moments", n=n)),
        }[code]
        return one if n == 1 else many

    def _tell_change(self, change):
        """How activity changed over 90 days; nothing is said where there is nothing to compare with."""
        if change is None:
            return ""
        if change > 0:
            return self.env._(
                "Activity rose by %(percent)s over the last 90 days.", percent=format_percent(self.env, change)
            )
        if change < 0:
            return self.env._(
                "Activity fell by %(percent)s over the last 90 days.", percent=format_percent(self.env, -change)
            )
        return self.env._("Activity did not change over the last 90 days.")

    # Groups -------------------------------------------------------------------------------------------------------

    def _write_group(self, facts):
        active = [member for member in facts["members"] if sum(member["counts"].values())]
        if not facts["members"]:
            return [self.env._("Nobody is a member yet."), self._tell_missing(facts)]
        if not active:
            return [self.env._("No activity in the last 30 days."), self._tell_missing(facts)]
        busiest = sorted(active, key=lambda member: (-sum(member["counts"].values()), member["name"]))
        return [
            *self._tell_engaged(facts),
            self.env._(
                "%(name)s was the most active: %(activities)s.",
                name=busiest[0]["name"],
                activities=self._tell_counts(busiest[0]["counts"]),
            ),
            self.env._(
                "%(name)s came next: %(activities)s.",
                name=busiest[1]["name"],
                activities=self._tell_counts(busiest[1]["counts"]),
            )
            if len(busiest) > 1
            else "",
            self._tell_interest(facts),
            self._tell_missing(facts),
        ]

    def _tell_engaged(self, facts):
        """The top two members with a score worth naming; one sentence if their level is the same."""
        top = [member for member in facts["members"] if member["score"] >= WORTH_NAMING][:2]
        levels = [self._get_level(member["score"]) for member in top]
        if len(top) == 2 and levels[0] == levels[1]:
            first, second = (self._tell_name(member) for member in top)
            if levels[0] == "high":
                return [
                    self.env._(
                        "%(first)s and %(second)s show high engagement in the last 30 days.", first=first, second=second
                    )
                ]
            return [
                self.env._(
                    "%(first)s and %(second)s show medium engagement in the last 30 days.", first=first, second=second
                )
            ]
        return [
            self.env._("%(name)s shows high engagement in the last 30 days.", name=self._tell_name(member))
            if level == "high"
            else self.env._("%(name)s shows medium engagement in the last 30 days.", name=self._tell_name(member))
            for member, level in zip(top, levels, strict=True)
        ]

    def _tell_interest(self, facts):
        if not facts["topics"]:
            return ""
        topic = facts["topics"][0]
        people, total = topic["people"], len(facts["members"])
        if total == 1:
            return self.env._("The only member is interested in %(topic)s.", topic=topic["label"])
        if people == total:
            return self.env._("All %(total)s members are interested in %(topic)s.", total=total, topic=topic["label"])
        if people == 1:
            return self.env._("1 of %(total)s members is interested in %(topic)s.", total=total, topic=topic["label"])
        return self.env._(
            "%(people)s of %(total)s members are interested in %(topic)s.",
            people=people,
            total=total,
            topic=topic["label"],
        )

    def _tell_missing(self, facts):
        missing = facts["missing"]
        if not facts["required"]:
            return ""
        if not missing:
            return self.env._("No required role is missing.")
        if len(missing) == 1:
            return self.env._("The role %(role)s is missing.", role=missing[0])
        return self.env._("The roles %(roles)s are missing.", roles=self._join(missing))

    # Accounts -----------------------------------------------------------------------------------------------------

    def _write_account(self, facts):
        return [
            self._tell_groups(facts),
            self._tell_top_group(facts),
            self._tell_change(facts["change"]),
            self.env._("In the last 30 days: %(activities)s.", activities=self._tell_counts(facts["counts"]))
            if any(facts["counts"].values())
            else self.env._("No activity in the last 30 days."),
            self._tell_busy(facts["busy"]),
            self._tell_intent(facts["intent"]),
        ]

    def _tell_groups(self, facts):
        if not facts["groups"]:
            return self.env._("The account has no buying group.")
        engagement, completeness = facts["engagement"], facts["completeness"]
        if facts["groups"] == 1:
            if completeness is None:
                return self.env._("The account has 1 buying group with an engagement of %(score)s.", score=engagement)
            return self.env._(
                "The account has 1 buying group with an engagement of %(score)s and a completeness of %(percent)s.",
                score=engagement,
                percent=format_percent(self.env, completeness),
            )
        if completeness is None:
            return self.env._(
                "The account has %(count)s buying groups with an average engagement of %(score)s.",
                count=facts["groups"],
                score=engagement,
            )
        return self.env._(
            "The account has %(count)s buying groups with an average engagement of %(score)s and an average "
            "completeness of %(percent)s.",
            count=facts["groups"],
            score=engagement,
            percent=format_percent(self.env, completeness),
        )

    def _tell_top_group(self, facts):
        if facts["groups"] < 2 or not facts["top"]:
            return ""
        return self.env._(
            "The most engaged one is %(group)s with %(score)s.",
            group=facts["top"]["name"],
            score=facts["top"]["engagement"],
        )

    def _tell_busy(self, people):
        if not people:
            return ""
        if people == 1:
            return self.env._("1 person is in more than two buying groups.")
        return self.env._("%(people)s people are in more than two buying groups.", people=people)

    def _tell_intent(self, intent):
        if not intent:
            return ""
        if intent["level"] == "high":
            return self.env._("Interest in %(topic)s is high.", topic=intent["topic"])
        if intent["level"] == "medium":
            return self.env._("Interest in %(topic)s is medium.", topic=intent["topic"])
        return self.env._("Interest in %(topic)s is low.", topic=intent["topic"])

    # People -------------------------------------------------------------------------------------------------------

    def _write_person(self, facts):
        if not facts["score"] and not any(facts["counts"].values()):
            return [self.env._("No activity in the last 30 days."), self._tell_change(facts["change"])]
        level = self._get_level(facts["score"])
        return [
            {
                "high": self.env._("%(name)s shows high engagement (%(score)s).", **self._pick(facts)),
                "medium": self.env._("%(name)s shows medium engagement (%(score)s).", **self._pick(facts)),
                "low": self.env._("%(name)s shows low engagement (%(score)s).", **self._pick(facts)),
            }[level],
            self.env._("In the last 30 days: %(activities)s.", activities=self._tell_counts(facts["counts"]))
            if any(facts["counts"].values())
            else self.env._("No activity in the last 30 days."),
            self._tell_growth(facts["grown"]),
            self._tell_change(facts["change"]),
            self.env._("Interested in %(topics)s.", topics=self._join(facts["topics"])) if facts["topics"] else "",
        ]

    def _pick(self, facts):
        return {"name": facts["name"], "score": facts["score"]}

    def _tell_growth(self, points):
        if points == 1:
            return self.env._("The score rose by 1 point in four weeks.")
        if points > 1:
            return self.env._("The score rose by %(points)s points in four weeks.", points=points)
        if points == -1:
            return self.env._("The score fell by 1 point in four weeks.")
        if points < -1:
            return self.env._("The score fell by %(points)s points in four weeks.", points=-points)
        return ""

    # Stages -------------------------------------------------------------------------------------------------------

    def _write_stages(self, facts):
        """Facts: ``days``, or ``period`` (text) for one that is past; ``moves``: list of ``from``, ``to``, ``groups``
        (names) and ``more`` (number of groups that are not named); ``others``: groups that made other moves; and
        ``counts`` of what their members did."""
        if not facts["moves"]:
            if facts.get("period"):
                return [self.env._("No group changed its stage from %(period)s.", period=facts["period"])]
            if facts["days"] == 1:
                return [self.env._("No group changed its stage in the last day.")]
            return [self.env._("No group changed its stage in the last %(days)s days.", days=facts["days"])]
        sentences = []
        for move in facts["moves"]:
            names = list(move["groups"])
            if move.get("more"):
                names.append(self.env._("%(count)s more", count=move["more"]))
            values = {"before": move["from"], "after": move["to"], "groups": self._join(names)}
            if not move["from"]:
                sentences.append(self.env._("Reached %(after)s: %(groups)s.", **values))
            else:
                sentences.append(self.env._("From %(before)s to %(after)s: %(groups)s.", **values))
        if facts.get("others") == 1:
            sentences.append(self.env._("1 group made another move."))
        elif facts.get("others"):
            sentences.append(self.env._("%(count)s groups made other moves.", count=facts["others"]))
        if any(facts["counts"].values()):
            sentences.append(
                self.env._(
                    "What their members did most: %(activities)s.", activities=self._tell_counts(facts["counts"], 1)
                )
            )
        return sentences
