# Leads that were lost and came back: what they were lost for, when they came back, and what brought them back.
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import escape

from odoo import api, fields, models
from odoo.tools import SQL

# A click younger than this cannot be judged yet: a virus scanner follows all links of a mail within seconds.
CLICK_HOLD = timedelta(minutes=2)
RESPONSES = [
    ("reply", "An Answer"),
    ("form", "A Form"),
    ("click", "A Click"),
]
REACTIVATION_FIELDS = (
    "reactivated_date",
    "reactivation_mailing_id",
    "reactivation_journey_id",
    "reactivation_response",
    "reactivation_user_id",
    "reactivation_lost_reason_id",
    "reactivation_lost_date",
)


@dataclass(frozen=True)
class Response:
    """What a person did after a lead was lost: ``kind`` is one of :data:`RESPONSES`, ``date`` naive UTC, ``subject``
    what it was about. ``mailing_id`` is the mailing it answers, or the last one that the lead got before; ``None`` if
    there is none. Of a click that is not ``judged`` nobody can tell yet whether a machine made it."""

    kind: str
    date: datetime
    subject: str | None
    mailing_id: int | None
    judged: bool


class CrmLead(models.Model):
    """A lost lead comes back when it is active again, in whichever way: a step or server action *Bring Back Lost
    Leads*, Odoo's own Restore button, or being won. Core forgets then why and when it was lost; these fields keep it,
    with what a person did since (see :meth:`_get_responses`). A lead that is lost and comes back once more tells of
    the last time. Bringing back what is not lost does nothing.
    """

    _inherit = "crm.lead"

    reactivated_date = fields.Datetime("Came Back On", readonly=True, copy=False, index="btree_not_null")
    reactivation_mailing_id = fields.Many2one(
        "mailing.mailing",
        "Brought Back by Mailing",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The mailing that was answered, or the last one before a form was filled in.",
    )
    reactivation_journey_id = fields.Many2one(
        "journey.journey", "Brought Back by Journey", readonly=True, copy=False, index="btree_not_null"
    )
    reactivation_response = fields.Selection(
        RESPONSES, "Response", readonly=True, copy=False, help="What the customer did; empty if nothing is known."
    )
    reactivation_user_id = fields.Many2one(
        "res.users",
        "Brought Back by",
        readonly=True,
        copy=False,
        help="Who restored the lead; for a journey, its responsible user.",
    )
    reactivation_lost_reason_id = fields.Many2one(
        "crm.lost.reason", "Former Lost Reason", readonly=True, copy=False, ondelete="set null"
    )
    reactivation_lost_date = fields.Datetime("Was Lost On", readonly=True, copy=False)

    def write(self, vals):
        """Whoever and whatever makes a lost lead active, it came back."""
        may_return = vals.get("active") or vals.get("stage_id")
        lost = self.filtered(lambda lead: lead.won_status == "lost") if may_return else self.browse()
        before = {lead.id: (lead.lost_reason_id.id, lead.date_closed) for lead in lost}
        result = super().write(vals)
        if lost:
            lost.filtered(lambda lead: lead.active and lead.won_status != "lost")._note_reactivation(before)
        return result

    def _note_reactivation(self, before):
        """Keep what core forgets, and what brought these leads back.

        :param dict before: ``{lead id: (id of the lost reason, when the lead was lost)}``
        """
        if not self:
            return
        responses = self.env.context.get("reactivation_responses")
        if responses is None:
            responses = self._get_responses({lead_id: lost_date for lead_id, (_reason, lost_date) in before.items()})
        base = {
            "reactivated_date": fields.Datetime.now(),
            "reactivation_user_id": self.env.uid,
            "reactivation_journey_id": self.env.context.get("reactivation_journey_id") or False,
        }
        by_values = {}
        for lead in self:
            reason_id, lost_date = before[lead.id]
            response = responses.get(lead.id)
            values = (reason_id, lost_date, response and response.mailing_id, response and response.kind)
            by_values.setdefault(values, []).append(lead.id)
        for (reason_id, lost_date, mailing_id, kind), ids in by_values.items():
            # what a lead remembers is nobody's to write by hand
            self.sudo().browse(ids).write(
                base
                | {
                    "reactivation_lost_reason_id": reason_id,
                    "reactivation_lost_date": lost_date,
                    "reactivation_mailing_id": mailing_id or False,
                    "reactivation_response": kind or False,
                }
            )

    # Responses ----------------------------------------------------------------------------------------------------

    def _get_responses(self, lost_dates=None):
        """What people did since these leads were lost, the latest for each lead, with one query: an answer to a
        mailing that the lead or its contact got, a mail to the lead itself, a form filled in by its contact, or a click
        in such a mailing. Absence notes and what a scanner did are no responses; neither is an open.

        A click that cannot be judged yet is named only where there is nothing else.

        :param dict lost_dates: ``{lead id: when it was lost}``, if the leads no longer know; naive UTC
        :return: ``{lead id: Response}``; leads without a response are left out
        :rtype: dict
        """
        if not self.ids:
            return {}
        lost_dates = lost_dates or {lead.id: lead.date_closed for lead in self}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
            WITH lost AS (
                SELECT lead.id, lead.partner_id, COALESCE(given.lost_at, lead.create_date) AS lost_at
                  FROM crm_lead lead
                  JOIN unnest(%(ids)s::int[], %(dates)s::timestamp[]) AS given(id, lost_at) ON given.id = lead.id
            ), mailed AS (
                SELECT lost.id AS lead_id, lost.lost_at, trace.id, trace.mass_mailing_id, trace.sent_datetime
                  FROM lost
                  JOIN mailing_trace trace ON trace.model = 'crm.lead' AND trace.res_id = lost.id
                 WHERE trace.trace_type = 'mail' AND trace.is_test_trace IS NOT TRUE
             UNION
                SELECT lost.id, lost.lost_at, trace.id, trace.mass_mailing_id, trace.sent_datetime
                  FROM lost
                  JOIN journey_participant participant
                    ON participant.res_model = 'crm.lead' AND participant.res_id = lost.id
                  JOIN mailing_trace trace ON trace.journey_participant_id = participant.id
                 WHERE trace.trace_type = 'mail' AND trace.is_test_trace IS NOT TRUE
            ), done AS (
                SELECT mailed.lead_id, CASE type.code WHEN 'email_replied' THEN 'reply' ELSE 'click' END AS kind,
                       activity.date, activity.subject, mailed.mass_mailing_id AS mailing_id,
                       type.code = 'email_replied' OR activity.date < %(judged)s AS judged
                  FROM mailed
                  JOIN engagement_activity activity
                    ON activity.res_model = 'mailing.trace' AND activity.res_id = mailed.id
                  JOIN engagement_activity_type type
                    ON type.id = activity.type_id AND type.code IN ('email_replied', 'email_clicked')
                 WHERE activity.is_automatic IS NOT TRUE AND activity.date >= mailed.lost_at
                   AND (type.code = 'email_replied' OR NOT (%(scanned)s))
             UNION ALL
                SELECT lost.id, 'form', activity.date, activity.subject, NULL, TRUE
                  FROM lost
                  JOIN engagement_activity activity
                    ON activity.partner_id = lost.partner_id AND activity.date >= lost.lost_at
                  JOIN engagement_activity_type type ON type.id = activity.type_id AND type.code = 'form_filled'
                 WHERE activity.is_automatic IS NOT TRUE
             UNION ALL
                SELECT lost.id, 'reply', message.date, message.subject, NULL, TRUE
                  FROM lost
                  JOIN mail_message message ON message.model = 'crm.lead' AND message.res_id = lost.id
                  LEFT JOIN res_partner author ON author.id = message.author_id
                 WHERE message.message_type = 'email' AND message.is_automatic_reply IS NOT TRUE
                   AND message.date >= lost.lost_at AND COALESCE(author.partner_share, TRUE)
            )
            SELECT DISTINCT ON (done.lead_id)
                   done.lead_id, done.kind, done.date, done.subject, COALESCE(done.mailing_id, latest.id), done.judged
              FROM done
              LEFT JOIN LATERAL (
                    SELECT mailed.mass_mailing_id AS id
                      FROM mailed
                     WHERE mailed.lead_id = done.lead_id
                       AND mailed.sent_datetime BETWEEN mailed.lost_at AND done.date
                  ORDER BY mailed.sent_datetime DESC LIMIT 1
                   ) latest ON TRUE
          ORDER BY done.lead_id, done.judged DESC, done.date DESC, done.mailing_id NULLS LAST, done.kind DESC
                """,
                ids=list(lost_dates),
                dates=list(lost_dates.values()),
                judged=fields.Datetime.now() - CLICK_HOLD,
                scanned=self.env["mailing.trace"]._get_scanned_sql(),
            )
        )
        return {lead_id: Response(*values) for lead_id, *values in rows}

    # Bringing back ------------------------------------------------------------------------------------------------

    @api.model
    def _get_response_text(self, response, mailing):
        """What a person did, as a sentence for people."""
        if response.kind == "form":
            return self.env._("The customer filled in a form: %(subject)s", subject=response.subject or "…")
        subject = mailing.subject or response.subject or "…"
        if response.kind == "click":
            return self.env._("The customer followed a link in the mail “%(subject)s”", subject=subject)
        if not mailing:
            return self.env._("The customer wrote: %(subject)s", subject=response.subject or "…")
        return self.env._("The customer answered the mail “%(subject)s”", subject=subject)

    def _get_caretaker(self):
        """Who looks after each lead: its salesperson, else the leader of its team, if they still work here.

        :return: ``{lead id: res.users, maybe empty}``
        """
        result = {}
        for lead in self:
            users = lead.user_id | lead.team_id.user_id
            result[lead.id] = lead.user_id.filtered("active") or users.filtered("active")[:1]
        return result

    def _plan_follow_up(self, activity_type, texts, user=None):
        """Plan an activity for who looks after each of these leads, unless such a planned one is open already.

        :param dict texts: ``{lead id: what to do, or what happened}``
        :param user: who shall do it; the caretaker of each lead if left out or empty
        :rtype: mail.activity
        """
        # a step plans for somebody who may see more than its user
        Activity = self.env["mail.activity"].sudo()
        known = Activity._read_group(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("activity_type_id", "=", activity_type.id),
                ("automated", "=", True),
            ],
            ["res_id", "user_id"],
        )
        known = {(lead_id, owner.id) for lead_id, owner in known}
        caretakers = self._get_caretaker()
        values_list = []
        for lead in self:
            owner = user or caretakers[lead.id] or self.env.user
            if (lead.id, owner.id) not in known:
                values_list.append(
                    {
                        "activity_type_id": activity_type.id,
                        "summary": texts[lead.id][:120],
                        # customers have written parts of it
                        "note": escape(texts[lead.id]),
                        "automated": True,
                        "date_deadline": fields.Date.context_today(lead.with_context(tz=owner.tz)),
                        "res_model_id": self.env["ir.model"]._get_id(self._name),
                        "res_id": lead.id,
                        "user_id": owner.id,
                    }
                )
        return Activity.create(values_list)

    def _merge_get_fields(self):
        return [*super()._merge_get_fields(), *REACTIVATION_FIELDS]

    def _merge_get_fields_specific(self):
        """What brought a lead back belongs together: all of it comes from the lead that came back last."""

        def get_latest(name, leads):
            latest = max(
                leads.filtered("reactivated_date"), key=lambda lead: lead.reactivated_date, default=leads.browse()
            )
            value = latest[name]
            return value.id if isinstance(value, models.BaseModel) else value

        return super()._merge_get_fields_specific() | dict.fromkeys(REACTIVATION_FIELDS, get_latest)

    def _merge_dependences(self, opportunities):
        """The group behind a lead that is merged away is not lost; whoever merges need not see groups."""
        result = super()._merge_dependences(opportunities)
        head = self.sudo()
        if not head.buying_group_id:
            head.buying_group_id = opportunities.sudo().buying_group_id[:1]
        return result
