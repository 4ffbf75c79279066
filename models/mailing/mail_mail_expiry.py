# Outgoing mails: what has waited until it came too late does not leave any more.
from odoo import fields, models


class MailMail(models.Model):
    """A mail may wait for long after it was made: in quiet hours, while its journey is paused, or for a mail server. It
    is cancelled when its turn comes, and its trace says why.
    """

    _inherit = "mail.mail"

    mailing_expires_at = fields.Datetime(
        "Expires On", readonly=True, help="From then on this mail is not sent any more."
    )

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        late = self._cancel_expired()
        if late and post_send_callback:
            post_send_callback(late.ids)  # the queue counts what is done
        return super(MailMail, self - late).send(
            auto_commit=auto_commit, raise_exception=raise_exception, post_send_callback=post_send_callback
        )

    def _cancel_expired(self):
        """Cancel those that wait and come too late by now.

        :return: these
        """
        # whoever sends a mail need not be allowed to look for mails
        late = self.sudo().search(
            [
                ("id", "in", self.ids),
                ("state", "=", "outgoing"),
                ("mailing_expires_at", "<=", fields.Datetime.now()),
            ]
        )
        if late:
            traces = late.mailing_trace_ids
            late.cancel()
            traces.write({"trace_status": "cancel", "failure_type": "mail_expired"})
        return self.browse(late.ids)
