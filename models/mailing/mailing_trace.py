# Mailing traces: which visit of which participant a mail belongs to, and what the recipient did with it.
from odoo import api, fields, models, tools
from odoo.tools import SQL

from ...tools import scanners
from .outbox_ledger import UNCERTAIN


class MailingTrace(models.Model):
    """A trace remembers its journey visit and tells the activity log when its mail is opened or clicked."""

    _inherit = "mailing.trace"

    journey_participant_id = fields.Many2one(
        "journey.participant", index="btree_not_null", ondelete="set null", readonly=True
    )
    journey_visit = fields.Integer(readonly=True)
    is_automatic_reply = fields.Boolean(
        "Automatic Reply", readonly=True, help="Only a machine replied, e.g. an absence note."
    )
    unsubscribed_datetime = fields.Datetime(
        "Unsubscribed On", readonly=True, help="When the recipient unsubscribed by a link in this mail."
    )
    copy_ids = fields.One2many("mailing.trace.copy", "trace_id", "Copies")
    failure_type = fields.Selection(
        selection_add=[
            ("mail_cap", "Frequency cap reached"),
            ("mail_expired", "Message expired"),
            ("mail_left", "The participant left the journey"),
            ("mail_unmatched", "Did not match the recipients' filter any more"),
            (UNCERTAIN, "Interrupted: may have been sent or not"),
        ],
        ondelete={
            "mail_cap": "set null",
            "mail_expired": "set null",
            "mail_left": "set null",
            "mail_unmatched": "set null",
            UNCERTAIN: lambda traces: traces.write({"failure_type": "unknown"}),
        },
    )

    # caps and duplicates look mails up by address for each batch; core has no index on it
    _address_idx = models.Index("(email) WHERE trace_type = 'mail'")

    # a step asks for each batch whom of it the mailing has mailed already
    _mailing_email_idx = models.Index("(mass_mailing_id, email)")
    # what became of the mails to a record: asked for each lost lead, and for everybody that a step listens to
    _record_idx = models.Index("(res_id, model)")

    def set_sent(self, domain=None):
        """A batch of the outbox learns together that it was sent, maybe a moment after the first have opened their
        mail, or their mail server has sent it back: that counts. Each trace gets the time at which its own mail left.
        """
        moments = self.env.context.get("journey_sent_at")
        if not moments:
            return super().set_sent(domain=domain)
        overtaken = self.filtered(lambda trace: trace.trace_status in ("open", "reply", "bounce"))
        traces = super(MailingTrace, self - overtaken).set_sent(domain=domain) | overtaken
        for moment, ids in tools.misc.groupby(traces.ids, key=moments.get):
            if moment:
                self.browse(ids).sent_datetime = moment
        return traces

    def _lock_waiting(self):
        """Lock the mails of these traces that wait still, so that no sender takes them.

        :return: the traces of those; not of mails that a sender holds
        :rtype: mailing.trace
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT id FROM mail_mail WHERE id = ANY(%s) AND state = 'outgoing' FOR NO KEY UPDATE SKIP LOCKED",
                self.mail_mail_id.ids,
            ),
            log_exceptions=False,  # a sender took one of them a moment ago: no error
        )
        locked = {row[0] for row in self.env.cr.fetchall()}
        return self.filtered(lambda trace: trace.mail_mail_id.id in locked)

    def set_opened(self, domain=None):
        domain = self._get_own_answers(domain)
        before = self + (self.search(domain) if domain else self.browse())
        fresh = before.filtered(lambda trace: trace.trace_status not in ("open", "reply"))
        traces = super().set_opened(domain=domain)
        # an absence note says nothing about its author having read the mail
        if not self.env.context.get("bj_automatic_reply"):
            fresh._log_activity("email_opened")
        return traces

    def set_clicked(self, domain=None):
        traces = super().set_clicked(domain=domain)
        traces._log_activity("email_clicked")
        return traces

    def set_replied(self, domain=None):
        domain = self._get_own_answers(domain)
        before = self + (self.search(domain) if domain else self.browse())
        fresh = before.filtered(lambda trace: trace.trace_status != "reply")
        traces = super().set_replied(domain=domain)
        if self.env.context.get("bj_automatic_reply"):
            fresh.is_automatic_reply = True
        else:
            (fresh | traces.filtered("is_automatic_reply"))._log_activity("email_replied")
            traces.is_automatic_reply = False
        return traces

    def _set_unsubscribed(self):
        """Note that the recipients of these mails unsubscribed by a link in them, be it from a topic, a list or all."""
        # the recipient unsubscribes on a public page
        self.sudo().filtered(lambda trace: not trace.unsubscribed_datetime).write(
            {"unsubscribed_datetime": fields.Datetime.now()}
        )

    def _log_activity(self, code):
        """Record what the recipients of these traces did. A recipient that is no contact is found by its address."""
        # the mail server's answers and public pages tell of these
        traces = self.sudo().filtered(lambda trace: trace.trace_type == "mail" and not trace.is_test_trace)
        if not traces:
            return
        partner_of = traces._get_partners()
        base = {
            "type_id": self.env["engagement.activity.type"]._get_by_code(code).id,
            "date": fields.Datetime.now(),
            "res_model": "mailing.trace",
            "is_automatic": bool(self.env.context.get("bj_robot")),
        }
        # only the addon writes its log
        self.env["engagement.activity"].sudo().create(
            [
                base
                | {
                    "partner_id": partner_of[trace.id].id if trace.id in partner_of else False,
                    "subject": trace.mass_mailing_id.subject,
                    "res_id": trace.id,
                }
                for trace in traces
            ]
        )

    @api.model
    def _get_scanned_sql(self):
        """Condition on ``activity``, a click in a mail: by the rules of :mod:`tools.scanners`, no person made it. For
        whoever cannot wait for the night, when clicks are marked."""
        seconds = scanners.get_seconds(self.env)
        if not seconds:
            return SQL("FALSE")
        return SQL(
            """
            EXISTS (SELECT FROM mailing_trace scanned WHERE scanned.id = activity.res_id AND %(too_fast)s)
         OR activity.id IN (
                SELECT judged.id
                  FROM (SELECT near.id, %(burst)s AS clicks
                          FROM engagement_activity near
                         WHERE near.res_model = 'mailing.trace' AND near.res_id = activity.res_id
                           AND near.type_id = activity.type_id) judged
                 WHERE judged.clicks >= %(burst_clicks)s)
            """,
            too_fast=scanners.sql_too_fast(SQL("activity.date"), SQL("scanned.sent_datetime"), seconds),
            burst=scanners.sql_burst(SQL("near.res_id"), SQL("near.date")),
            burst_clicks=scanners.BURST_CLICKS,
        )

    def _get_person(self):
        """The person behind this trace, if it is there and the person is known.

        :rtype: res.partner
        """
        return self._get_partners().get(self.id) or self.env["res.partner"]

    def _get_partners(self):
        """The person behind each trace: the recipient itself, its contact, or a contact with its address.

        :return: ``{trace id: res.partner}``; traces of people we do not know are left out
        :rtype: dict
        """
        result = {}
        for model_name, traces in self.grouped("model").items():
            if model_name not in self.env:
                continue
            records = {record.id: record for record in self.env[model_name].browse(traces.mapped("res_id")).exists()}
            for trace in traces:
                record = records.get(trace.res_id)
                if record is not None and model_name == "res.partner":
                    result[trace.id] = record
                elif (
                    record is not None
                    and "partner_id" in record._fields
                    and record.partner_id._name == "res.partner"
                    and record.partner_id
                ):
                    result[trace.id] = record.partner_id
        unknown = self.filtered(lambda trace: trace.id not in result and trace.email)
        if unknown:
            by_email = (
                self.env["res.partner"]
                .search([("email_normalized", "in", unknown.mapped("email"))], order="id desc")
                .grouped("email_normalized")
            )
            result |= {trace.id: by_email[trace.email][-1:] for trace in unknown if trace.email in by_email}
        return result
