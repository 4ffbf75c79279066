# Answering a sales alert, and what follows from an answer.
from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError

MAX_REASON_SIZE = 1000
ACTIVITY_CODES = {"accepted": "sales_alert_accepted", "not_ready": "sales_alert_not_ready"}


class BuyingAlert(models.Model):
    _inherit = "buying.alert"

    def action_accept(self):
        """Button: take the group over.

        :raise UserError: the alert was answered already
        """
        return self._answer_by_user("accepted")

    def action_not_ready(self):
        """Button: ask why the group is not ready."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Not Ready"),
            "res_model": "buying.alert.refuse",
            "view_mode": "form",
            "target": "new",
            "context": {"default_alert_id": self.id},
        }

    def _answer_by_user(self, answer, reason=None):
        """Answer as the current user, who must be allowed to change the group.

        :raise UserError: the alert was answered already
        """
        self.ensure_one()
        self.check_access("read")
        self.group_id.check_access("write")
        # the log is the system's to write; the right to answer has just been checked
        if not self.sudo()._answer(answer, reason, user=self.env.user):
            raise UserError(self._get_answer_text())
        return True

    def _answer(self, answer, reason=None, recipient=None, user=None):
        """Note the answer, if it is the first one.

        :param str answer: ``accepted`` or ``not_ready``
        :param str reason: why not, in the words of who answers
        :param recipient: ``buying.alert.recipient`` whose link was used
        :param user: ``res.users`` who is logged in, if known
        :return: whether it was the first answer
        :rtype: bool
        """
        self.ensure_one()
        # two answers at the same moment: the second one waits, fails, and is tried again by the host
        self.env.cr.execute("SELECT id FROM buying_alert WHERE id = %s FOR UPDATE", [self.id])
        self.invalidate_recordset(["state"])
        if self.state != "sent":
            return False
        user = user or (recipient.user_id if recipient else None) or self.env["res.users"]
        who = user.name or (recipient and recipient._get_names()[0])
        reason = (reason or "").strip()[:MAX_REASON_SIZE].replace("\0", "")
        self.write(
            {
                "state": answer,
                "reason": reason if answer == "not_ready" else False,
                "answered_by": who,
                "answered_user_id": user.id,
                "answer_date": fields.Datetime.now(),
            }
        )
        self._on_answered(user)
        return True

    def _on_answered(self, user):
        """What follows from an answer; another addon may extend it.

        :param user: ``res.users`` who answered, maybe empty
        """
        author = user.partner_id or self.env.ref("base.partner_root")
        for alert in self:
            text = alert._get_answer_text()
            body = Markup("<p>%s</p>") % text
            if alert.reason:
                body += Markup("<blockquote>%s</blockquote>") % alert.reason
            alert.group_id._message_log(body=body, author_id=author.id)
            alert._log_answer()

    def _log_answer(self):
        """One activity of the group, which also tells the first of the leads; each further lead has one of its own."""
        self.ensure_one()
        Type = self.env["engagement.activity.type"]
        values = {
            "type_id": Type._get_by_code(ACTIVITY_CODES[self.state]).id,
            "account_id": self.account_id.id,
            "date": self.answer_date,
            "subject": self.group_id.name,
            "new_value": (self.reason or "")[:255] or False,
        }
        leads = [{"res_model": "crm.lead", "res_id": lead.id} for lead in self.lead_ids] or [{}]
        rows = [values | leads[0] | {"group_id": self.group_id.id}, *(values | lead for lead in leads[1:])]
        self.env["engagement.activity"].create(rows)

    def _get_answer_text(self):
        """Who answered what, in one sentence; empty if nobody has.

        :rtype: str
        """
        self.ensure_one()
        values = {"name": self.answered_by}
        if self.state == "accepted":
            return self.env._("%(name)s has accepted this sales alert.", **values)
        if self.state == "not_ready":
            return self.env._("%(name)s has answered this sales alert: not ready.", **values)
        return ""
