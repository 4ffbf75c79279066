# What a sales alert tells about a group: facts as texts in the language of the context, ready to be shown.
import re
from dataclasses import dataclass

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, format_date, format_list

from ....tools.percent import format_percent
from ..buying_summary_facts import SUMMARY_DAYS, round_half_up
from .buying_alert_recipient import ANSWERS

# Adobe Journey Optimizer B2B Edition, sales alert email
TOP_MEMBERS = 4
TOP_ENGAGED = 2
TOP_TOPICS = 3
LAST_ACTIVITIES = 2
KEY_MOMENTS = 4
# what we do to people, or what stands elsewhere in the mail
NOT_TOLD = ("email_sent", "interesting_moment")
# where the recipient's name is put when the mail is made; a group's alert is rendered once per language, not per name
RECIPIENT = "\u2063alert-recipient\u2063"


class AlertContents(dict):
    """``{group id: content}``, handed to the template by way of the context."""


@dataclass(frozen=True)
class AlertEnvelope:
    """What a mail tells about whom else the alert went to: the names of its recipients and of those in copy."""

    sent_to: tuple = ()
    copied_to: tuple = ()


class BuyingAlertContent(models.AbstractModel):
    """The content of sales alerts, for many groups at once, as far as the current user may read it.

    The fields and their order are those of Adobe Journey Optimizer B2B Edition; *intent* and *call* are ours. Texts are
    empty where there is nothing to tell, unless an absence is worth telling: then they say so.
    """

    _name = "buying.alert.content"
    _description = "Content of Sales Alerts"

    @api.model
    def _collect(self, groups, recipient="", envelopes=None, is_copy=False):
        """:param str recipient: name of the recipient, or ``RECIPIENT``; empty if it is not known
        :param dict envelopes: ``{group id: AlertEnvelope}``; groups may be missing
        :param bool is_copy: for whom is in copy: says so, and has no links to answer
        :return: ``{group id: content}``. A content holds texts: ``greeting``, ``opening``, ``name``, ``account``,
            ``engagement`` (0 to 100), ``completeness``, ``solution``, ``status``, ``top_engaged``, ``topics``,
            ``missing``, ``intent``, ``summary``, ``summary_note``, ``moments_count``, ``more_members``, ``url``,
            ``accept_url``, ``not_ready_url``, ``preview``, ``footer``; ``can_answer``; ``words``, see
            :meth:`_get_words`; ``moments``: dicts of ``date``, ``who``, ``text``;
            ``members``: dicts of ``name``, ``title``, ``role``, ``score``, ``moment``, ``activities`` (texts),
            ``email``, ``phone``, ``tel``; ``call``: that of ``members`` to call first, or ``None``,
            and ``call_first``, who that is
        :rtype: dict
        """
        members_of = self._get_members(groups)
        top = self.env["buying.group.member"].union(*(members[:TOP_MEMBERS] for members in members_of.values()))
        activities = self._get_last_activities(top.partner_id)
        last_moments = self._get_last_moments(top.partner_id)
        moments = self._get_key_moments(groups, members_of)
        topics = groups._get_topics(TOP_TOPICS)
        summaries = self.env["buying.summary"]._get_summaries(groups)
        intents = self._get_intents(groups)
        words = self._get_words()
        result = {}
        for group in groups:
            members = members_of[group.id]
            cards = [
                self._get_card(member, last_moments.get(member.partner_id.id), activities.get(member.partner_id.id, []))
                for member in members[:TOP_MEMBERS]
            ]
            found = moments[group.id]
            envelope = (envelopes or {}).get(group.id) or AlertEnvelope()
            content = {
                "words": words,
                "greeting": self.env._("Hello %(name)s,", name=recipient) if recipient else self.env._("Hello,"),
                "opening": self._tell_opening(group, envelope, is_copy),
                "name": group.name,
                # whoever may read the group may read whose it is and for what, be that another company's
                "account": group.sudo().partner_id.name or "",
                "engagement": str(round_half_up(group.engagement)),
                "completeness": self._format_percent(group),
                "solution": group.sudo().solution_id.name or "",
                "status": group.status or "",
                "top_engaged": self._tell_engaged(members),
                "topics": format_list(self.env, [topic["label"] for topic in topics[group.id]])
                or self.env._("None yet"),
                "missing": self._tell_missing(group),
                "intent": self._tell_intent(intents.get(group.id)),
                "summary": summaries[group.id]["text"],
                "summary_note": self.env._("Written by a model from activity data; may be inaccurate.")
                if summaries[group.id]["is_generated"]
                else "",
                "moments_count": self._tell_moments(len(found)),
                "moments": [self._get_moment(moment) for moment in found[:KEY_MOMENTS]],
                "members": cards,
                "more_members": self._tell_more(len(members) - len(cards)),
                "call": next((card for card in cards if card["tel"]), None),
                "url": group._get_alert_url(),
                "can_answer": not is_copy,
            }
            for answer in ANSWERS:
                # the recipient's own address is put in when the mail leaves; of a template without ``can_answer``, the
                # buttons of a copy open the group
                url = f"{group.get_base_url()}/buying/alert/answer/{answer}"
                content[f"{answer}_url"] = content["url"] if is_copy else url
            content["call_first"] = self._tell_call(content["call"])
            content["preview"] = self._tell_preview(content)
            content["footer"] = self._tell_footer(group, envelope, is_copy)
            result[group.id] = content
        return result

    # Members ------------------------------------------------------------------------------------------------------

    @api.model
    def _get_members(self, groups):
        """Members whose contact the user may read, the most engaged first; of equals, the role that weighs more, then
        the one that comes first in the template, then by name. ``{group id: buying.group.member}``"""
        readable = groups.member_ids.partner_id._filtered_access("read")
        result = {}
        # the weights and order of roles belong to the group, be the template another company's
        for template, alike in groups.grouped(lambda group: group.sudo().template_id).items():
            weights = {line.role_id.id: int(line.weight or 0) for line in template.line_ids}
            for group in alike:
                result[group.id] = group.member_ids.filtered(lambda member: member.partner_id in readable).sorted(
                    lambda member, weights=weights: (
                        -round_half_up(member.engagement),
                        -weights.get(member.role_id.id, 0),
                        member.sequence,
                        member.partner_id.name or "",
                        member.id,
                    )
                )
        return result

    @api.model
    def _get_card(self, member, moment, activities):
        partner = member.partner_id
        return {
            "name": partner.name or self.env._("No name"),
            "title": partner.function or "",
            "role": member.role_id.name or "",
            "score": str(round_half_up(member.engagement)),
            "moment": self._tell_moment(moment) if moment else "",
            "activities": [self._tell_activity(activity) for activity in activities],
            "email": partner.email or "",
            "phone": partner.phone or "",
            "tel": self._get_tel(partner.phone),
        }

    @api.model
    def _get_tel(self, phone):
        """The number as a link dials it: digits, and a plus sign at the beginning; empty if there are none."""
        number = re.sub(r"(?i)\s*(?:ext\.?|x|#)\s*\d+$", "", phone or "")
        digits = re.sub(r"\D", "", number.replace("(0)", ""))
        return f"+{digits}" if digits and number.strip().startswith("+") else digits

    # Activities and moments ---------------------------------------------------------------------------------------

    @api.model
    def _get_last_activities(self, people):
        """The latest things that each person did: ``{partner id: [engagement.activity]}``; one query"""
        domain = [("channel", "!=", "group"), ("type_id.code", "not in", NOT_TOLD)]
        return self._get_latest(people, domain, LAST_ACTIVITIES)

    @api.model
    def _get_last_moments(self, people):
        """``{partner id: engagement.activity}``"""
        found = self._get_latest(people, [("type_id.code", "=", "interesting_moment")], 1)
        return {partner_id: activities[0] for partner_id, activities in found.items()}

    @api.model
    def _get_latest(self, people, domain, limit):
        Activity = self.env["engagement.activity"]
        query = Activity._search(
            [
                ("partner_id", "in", people.ids),
                ("is_automatic", "=", False),
                ("date", "<=", fields.Datetime.now()),  # a date ahead is somebody's mistake
                *domain,
            ]
        )
        table = query.table
        ranked = query.select(
            SQL("%s AS id", SQL.identifier(table, "id")),
            SQL(
                "row_number() OVER (PARTITION BY %s ORDER BY %s DESC, %s DESC) AS place",
                SQL.identifier(table, "partner_id"),
                SQL.identifier(table, "date"),
                SQL.identifier(table, "id"),
            ),
        )
        self.env.cr.execute(SQL("SELECT id FROM (%s) ranked WHERE place <= %s", ranked, limit))
        latest = Activity.browse(row[0] for row in self.env.cr.fetchall())
        result = {}
        for activity in latest.sorted(lambda activity: (activity.date, activity.id), reverse=True):
            result.setdefault(activity.partner_id.id, []).append(activity)
        return result

    @api.model
    def _get_key_moments(self, groups, members_of):
        """Interesting moments of the last 30 days about a member, the group or its account, the latest first:
        ``{group id: [engagement.activity]}``; one query"""
        people = {group.id: set(members_of[group.id].partner_id.ids) for group in groups}
        everybody = set().union(*people.values())
        # compared with the accounts of moments that the reader may read
        accounts = groups.sudo().partner_id
        found = self.env["engagement.activity"].search(
            [
                ("type_id.code", "=", "interesting_moment"),
                ("is_automatic", "=", False),
                ("date", ">", fields.Datetime.subtract(fields.Datetime.now(), days=SUMMARY_DAYS)),
                ("date", "<=", fields.Datetime.now()),
                "|",
                "|",
                ("partner_id", "in", list(everybody)),
                ("group_id", "in", groups.ids),
                "&",
                "&",
                ("account_id", "in", accounts.ids),
                ("partner_id", "=", False),
                ("group_id", "=", False),
            ],
            order="date desc, id desc",
        )
        result = {group.id: [] for group in groups}
        for group in groups:
            for moment in found:
                if moment.group_id:
                    concerns = moment.group_id == group
                elif moment.partner_id:
                    concerns = moment.partner_id.id in people[group.id]
                else:
                    concerns = moment.account_id == group.sudo().partner_id
                if concerns:
                    result[group.id].append(moment)
        return result

    @api.model
    def _get_moment(self, moment):
        return {
            "date": self._format_date(moment.date),
            "who": moment.partner_id.name or moment.group_id.name or moment.account_id.name or "",
            "text": self._tell_moment_text(moment),
        }

    @api.model
    def _tell_moment_text(self, moment):
        """“Type: text”, or one of them alone."""
        labels = dict(self.env["ir.actions.server"]._fields["moment_type"]._description_selection(self.env))
        label, text = labels.get(moment.new_value), (moment.subject or "").strip()
        if not label or not text or text == label:
            return text or label or ""
        return self.env._("%(type)s: %(text)s", type=label, text=text)

    @api.model
    def _tell_moment(self, moment):
        return self.env._(
            "%(text)s, %(date)s", text=self._tell_moment_text(moment), date=self._format_date(moment.date)
        )

    @api.model
    def _tell_activity(self, activity):
        values = {
            "activity": activity.sudo().type_id.name,
            "subject": (activity.subject or "").strip(),
            "date": self._format_date(activity.date),
        }
        if values["subject"]:
            return self.env._("%(activity)s: %(subject)s, %(date)s", **values)
        return self.env._("%(activity)s, %(date)s", **values)

    # Words --------------------------------------------------------------------------------------------------------

    @api.model
    def _format_date(self, moment):
        """The day, in the time zone of the context."""
        return format_date(self.env, fields.Datetime.context_timestamp(self, moment).date())

    @api.model
    def _format_percent(self, group):
        if not group.required_role_count:
            return self.env._("No role is required")
        return format_percent(self.env, round_half_up(group.completeness))

    @api.model
    def _tell_engaged(self, members):
        engaged = members.filtered(lambda member: round_half_up(member.engagement))[:TOP_ENGAGED]
        if not engaged:
            return self.env._("Nobody is engaged yet")
        return format_list(self.env, [member.partner_id.name or self.env._("No name") for member in engaged])

    @api.model
    def _tell_missing(self, group):
        if not group.required_role_count:
            return self.env._("No role is required")
        place = {line.role_id: (line.sequence, line.id) for line in group.sudo().template_id.line_ids}
        roles = group.missing_role_ids.sorted(lambda role: (place.get(role, (0, 0)), role.id))
        return format_list(self.env, roles.mapped("name")) if roles else self.env._("No missing roles")

    @api.model
    def _get_intents(self, groups):
        """The strongest interest of each group, one in what the group is to buy first: ``{group id: buying.intent}``"""
        result = {}
        intents = self.env["buying.intent"].search([("group_id", "in", groups.ids)], order="strength desc, id")
        solution_of = {group.id: group.sudo().solution_id.id for group in groups}
        for intent in intents.sorted(lambda intent: intent.solution_id.id != solution_of[intent.group_id.id]):
            result.setdefault(intent.group_id.id, intent)
        return result

    @api.model
    def _tell_intent(self, intent):
        if not intent:
            return self.env._("None yet")
        level = dict(intent._fields["level"]._description_selection(self.env))[intent.level]
        return self.env._("%(level)s: %(topic)s", level=level, topic=intent.topic_id.name)

    @api.model
    def _tell_moments(self, count):
        if not count:
            return self.env._("No interesting moments in the last 30 days.")
        if count == 1:
            return self.env._("1 interesting moment in the last 30 days.")
        return self.env._("%(count)s interesting moments in the last 30 days.", count=count)

    @api.model
    def _tell_more(self, count):
        if count <= 0:
            return ""
        if count == 1:
            return self.env._("1 more member")
        return self.env._("%(count)s more members", count=count)

    @api.model
    def _tell_call(self, card):
        if not card:
            return ""
        if card["title"]:
            return self.env._("Call first: %(name)s (%(title)s)", name=card["name"], title=card["title"])
        return self.env._("Call first: %(name)s", name=card["name"])

    @api.model
    def _tell_opening(self, group, envelope, is_copy):
        name = Markup("<strong>%s</strong>") % group.name
        if not is_copy:
            return self.env._("The buying group %(group)s is ready for your review.", group=name)
        return self.env._(
            "This is a copy, for your information: the sales alert about the buying group %(group)s was sent to "
            "%(names)s, who can answer it.",
            group=name,
            names=self.env["buying.alert"]._shorten(envelope.sent_to),
        )

    @api.model
    def _tell_footer(self, group, envelope, is_copy):
        # the name of the group's company is no secret to who may read the group
        company = (group.sudo().company_id or self.env.company).name
        if is_copy:
            return self.env._(
                "This mail was made from the records of %(company)s and is meant for internal use.", company=company
            )
        text = self.env._(
            "This mail was made from the records of %(company)s and is meant for internal use. The links to answer "
            "are yours alone: do not forward them.",
            company=company,
        )
        if not envelope.copied_to:
            return text
        copied = self.env._(
            "A copy that cannot be answered goes to %(names)s.",
            names=self.env["buying.alert"]._shorten(envelope.copied_to),
        )
        return f"{text} {copied}"

    @api.model
    def _tell_preview(self, content):
        """The first words that a mail program shows before the mail is opened."""
        call = content["call"]
        if call:
            return self.env._("Call %(name)s first: %(phone)s", name=call["name"], phone=call["phone"])
        return self.env._("Engagement: %(score)s", score=content["engagement"])
