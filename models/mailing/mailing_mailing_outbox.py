# One-off mailings that use the addon: made by one worker at a time, and sent by the workers of the outbox.
from contextlib import contextmanager
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.modules import module

from .outbox_ledger import UNCERTAIN


class MailingMailing(models.Model):
    """Odoo makes a batch of mails, sends the first of them, and only then commits the whole batch; and while a mail is
    on its way, nothing says so. If its worker is killed, the next one makes the batch again and writes to the first
    one twice, or finds the mail on its way still waiting, and sends it once more.

    Mailings that use this addon do it the other way around: a batch of mails and their traces is committed before any
    of them leaves, and leaving is the outbox's work, see :class:`mail.mail`. Others are left as they are.
    """

    _inherit = "mailing.mailing"

    is_reactivation = fields.Boolean(
        "Made to Bring Back Lost Leads", readonly=True, help="Made by the page Reactivate Lost Leads, or a copy of one."
    )

    def _uses_addon(self):
        return super()._uses_addon() or self.is_reactivation

    def _uses_outbox(self):
        """Whether the workers of the outbox send the mails of this mailing."""
        return self.mailing_type == "mail" and self._uses_addon()

    def _action_send_mail(self, res_ids=None):
        """A mailing that another worker is making the mails of is left to it. Whom it has written to is known by then:
        recipients are looked up in a new transaction."""
        result = True
        ours = self.filtered(lambda mailing: mailing._uses_outbox())
        if others := self - ours:
            result = super(MailingMailing, others)._action_send_mail(res_ids=res_ids)
        for mailing in ours:
            with mailing._hold_making() as held:
                if not held and res_ids:
                    # nobody comes back to them
                    raise UserError(
                        self.env._("The mails of this mailing are being made just now. Try again in a minute.")
                    )
                # the queue chose what was to be sent when it began; another worker may have made the last mails since
                if held and not (self.env.context.get("mailing_queue") and mailing.state == "done"):
                    super(MailingMailing, mailing)._action_send_mail(res_ids=res_ids)
        return result

    @contextmanager
    def _hold_making(self):
        """Hold this mailing for as long as its mails are being made, over all commits; a worker that is killed lets go
        when the database has noticed and ended what it was about to commit.

        :return: whether nobody else holds it
        """
        if module.current_test:
            yield True
            return
        self.env.flush_all()
        self.env.cr.execute("SELECT pg_try_advisory_lock('mailing_mailing'::regclass::oid::int, %s)", [self.id])
        held = self.env.cr.fetchone()[0]
        try:
            if held:
                # whoever held it before may have written to some: only a new transaction sees them
                self.env.cr.commit()  # pylint: disable=invalid-commit
                self.env.invalidate_all()
            else:
                queue = self.env.ref("mass_mailing.ir_cron_mass_mailing_queue").sudo()  # whoever sends may wake it
                queue._trigger(fields.Datetime.now() + timedelta(minutes=1))
            yield held
        finally:
            if held:
                self._release_making()

    def _release_making(self):
        # the lock of a lost connection is gone with it
        if not self.env.cr.closed:
            self.env["mail.mail"]._leave_failed_transaction()
            self.env.cr.execute("SELECT pg_advisory_unlock('mailing_mailing'::regclass::oid::int, %s)", [self.id])

    def action_retry_failed(self):
        """As Odoo does, the failed mails are thrown away and made anew; but not the one of which nobody knows whether
        it left."""
        ours = self.filtered(lambda mailing: not mailing.journey_node_id and mailing._uses_outbox())
        if ours:
            failed = ours._get_failed_mails()
            failed.mailing_trace_ids.unlink()
            failed.unlink()
            ours.action_put_in_queue()
        others = self - ours
        return super(MailingMailing, others).action_retry_failed() if others else None

    def _get_failed_mails(self):
        """Mails that failed and certainly did not leave, so that they may be sent again."""
        # whoever may send a mailing need not be allowed to read mails
        return (
            self.env["mail.mail"]
            .sudo()
            .with_context(prefetch_fields=False)
            .search([("mailing_id", "in", self.ids), ("state", "=", "exception"), ("failure_type", "!=", UNCERTAIN)])
        )

    def _send_failed_again(self):
        """Put failed mails back into the outbox as they are."""
        mails = self._get_failed_mails()
        mails.mailing_trace_ids.write({"trace_status": "outgoing", "failure_type": False})
        mails.mark_outgoing()
        mails._wake_outbox()
