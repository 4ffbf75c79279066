# Mailing traces: copies follow what becomes of the mail, and what a copy does is not the recipient's doing.
from odoo import models
from odoo.fields import Domain


class MailingTrace(models.Model):
    _inherit = "mailing.trace"

    def _get_own_answers(self, domain):
        """Leave out the recipients whose copy answered; the gateway knows them only by the mail's id."""
        others = self.env.context.get("bj_answered_by_copy")
        if domain is None or not others:
            return domain
        return list(Domain(domain) & Domain("id", "not in", list(others)))

    def set_canceled(self, domain=None):
        traces = super().set_canceled(domain=domain)
        traces._get_copies()._set_cancelled()
        return traces

    def set_failed(self, domain=None, failure_type=False):
        traces = super().set_failed(domain=domain, failure_type=failure_type)
        labels = dict(self._fields["failure_type"]._description_selection(self.env))
        traces._get_copies().filtered(lambda copy: (copy.mode, copy.state) == ("shared", "sent"))._set_failed(
            labels.get(failure_type, "")
        )
        return traces

    def _get_copies(self):
        # what became of a trace is noted whoever's transaction tells
        return self.env["mailing.trace.copy"].sudo().search([("trace_id", "in", self.ids), ("state", "!=", "skipped")])

    def unlink(self):
        # the database would take the copies along, and leave the messages of their mails
        waiting = self._get_copies().mail_ids.filtered(lambda mail: mail.state != "sent")
        waiting.unlink()
        return super().unlink()
