# Copies: what became of each CC.
from markupsafe import Markup

from odoo import api, fields, models, tools

from ...tools.tokens import is_same_token
from .outbox_ledger import UNCERTAIN


class MailingTraceCopy(models.Model):
    """One CC of one mail; of a tracked copy also the trace, apart from the traces of the recipients. So nothing that
    a tracked copy does can change the mailing's figures, an A/B test or the way through a journey.

    States:

    * ``skipped``: nobody was copied; ``reason`` says why. The primary got the mail all the same.
    * ``outgoing``: a tracked copy whose mail waits in the outbox.
    * ``sent``: a shared copy stands in the Cc of the mail, it leaves with the primary's mail, or not at all. A tracked
      copy was handed to the mail server.
    * ``failed``: the mail server would not take the mail; ``failure`` says why. *Retry* makes it outgoing again.
    * ``cancelled``: the mail was taken back before it left, e.g. since the journey was aborted.
    * ``bounced``: the address sent the mail back. Says nothing about the primary.

    What the copied person did stands in dates of its own. Opens and clicks of a shared copy cannot be told from the
    primary's and count as such; its replies and bounces can, by their address.
    """

    _name = "mailing.trace.copy"
    _description = "Copy of a Mail"
    _order = "trace_id, id"
    _rec_name = "email"

    trace_id = fields.Many2one("mailing.trace", "Primary Recipient", required=True, index=True, ondelete="cascade")
    mailing_id = fields.Many2one("mailing.mailing", required=True, index=True, ondelete="cascade")
    slot_id = fields.Many2one("mailing.cc.slot", ondelete="set null")
    relation = fields.Char(readonly=True, help="How the person was found, as it was at the time.")
    primary_email = fields.Char(related="trace_id.email")
    email = fields.Char("Copy To")
    partner_id = fields.Many2one("res.partner", "Person", ondelete="set null", index="btree_not_null")
    mode = fields.Selection(
        [("shared", "Shared copy"), ("tracked", "Tracked copy")], required=True, default="shared", readonly=True
    )
    unsubscribe = fields.Selection(
        [("primary", "The recipient"), ("copies", "The copy, from copies"), ("all", "The copy, from all mailings")],
        "Unsubscribe Removes",
        default="primary",
        readonly=True,
    )
    state = fields.Selection(
        [
            ("outgoing", "Outgoing"),
            ("sent", "In Copy"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
            ("bounced", "Bounced"),
            ("skipped", "Skipped"),
        ],
        required=True,
    )
    reason = fields.Selection(
        [
            ("missing", "No email address"),
            ("invalid", "Not exactly one valid email address"),
            ("archived", "Archived"),
            ("forbidden", "May not be read by whoever sends"),
            ("primary", "Is the primary recipient"),
            ("duplicate", "Copied already in this mail"),
            ("blacklisted", "Blacklisted address"),
            ("opted_out", "Opted out"),
            ("bounced", "Mails to this address bounced"),
            ("refused", "Refuses this mail"),
            ("ceiling", "Got as many copies of this mailing as allowed"),
            ("disabled", "CC recipients are switched off"),
        ]
    )
    failure = fields.Char("Error", readonly=True)
    message_id = fields.Char(index="btree_not_null", readonly=True)
    mail_ids = fields.One2many("mail.mail", "mailing_copy_id")
    sent_date = fields.Datetime("Sent On", readonly=True)
    open_date = fields.Datetime("Opened On", readonly=True)
    click_date = fields.Datetime("Clicked On", readonly=True)
    click_count = fields.Integer("Clicks", readonly=True)
    reply_date = fields.Datetime("Replied On", readonly=True)
    unsubscribe_date = fields.Datetime("Unsubscribed On", readonly=True)

    # the ceiling asks how often an address was copied; bounces and replies ask for it among all copies
    _mailing_email_idx = models.Index("(mailing_id, email)")
    _email_idx = models.Index("(email) WHERE email IS NOT NULL")

    # Delivery ------------------------------------------------------------------------------------------------------

    def _set_sent(self):
        self.write({"state": "sent", "sent_date": fields.Datetime.now(), "failure": False})

    def _set_failed(self, reason):
        self.write({"state": "failed", "failure": reason})

    def _set_cancelled(self):
        """Take back what has not left yet: mails in the outbox, and the Cc of a mail that was cancelled."""
        waiting = self.filtered(lambda copy: copy.state == "outgoing" or (copy.mode, copy.state) == ("shared", "sent"))
        waiting.mail_ids.filtered(lambda mail: mail.state == "outgoing").cancel()
        waiting.write({"state": "cancelled"})

    def _set_retried(self):
        """Failed copies go back to the outbox."""
        failed = self.filtered(lambda copy: copy.state == "failed")
        shared = failed.filtered(lambda copy: copy.mode == "shared")
        shared.write({"state": "sent", "failure": False})
        # one that may have been sent already stays as it is
        tracked = (failed - shared).filtered(
            lambda copy: copy.mail_ids and UNCERTAIN not in copy.mail_ids.mapped("failure_type")
        )
        tracked.mail_ids.mark_outgoing()
        tracked.write({"state": "outgoing", "failure": False})

    def _set_bounced(self, message):
        """The address sent the mail back.

        :param str message: what the mail server said
        """
        fresh = self.filtered(lambda copy: copy.state != "bounced")
        fresh.write({"state": "bounced", "failure": (message or "")[:1000]})
        fresh._log_activity("email_copy_bounced")

    # Engagement ----------------------------------------------------------------------------------------------------

    def _set_opened(self):
        fresh = self.filtered(lambda copy: not copy.open_date)
        fresh.write({"open_date": fields.Datetime.now()})
        fresh._log_activity("email_copy_opened")

    def _set_clicked(self, url):
        """The person copied followed a link of its own copy.

        :param str url: where the link leads
        """
        self._set_opened()
        for copy in self:
            copy.write({"click_date": fields.Datetime.now(), "click_count": copy.click_count + 1})
        self._log_activity("email_copy_clicked", old_value=url)

    def _set_replied(self):
        fresh = self.filtered(lambda copy: not copy.reply_date)
        fresh.write({"reply_date": fields.Datetime.now()})
        fresh._log_activity("email_copy_replied")

    def _set_unsubscribed(self):
        fresh = self.filtered(lambda copy: not copy.unsubscribe_date)
        fresh.write({"unsubscribe_date": fields.Datetime.now()})
        fresh._log_activity("email_copy_unsubscribed")

    def _unsubscribe(self, scope=None):
        """The person copied wants no more of this; the recipient goes on getting mails.

        :param str scope: ``copies`` or ``all``; what the slot said if left out
        """
        for copy in self:
            if (scope or copy.unsubscribe) == "all":
                # the person in copy unsubscribes on a public page
                self.env["mail.blacklist"].sudo()._add(
                    copy.email,
                    message=Markup("<p>%s</p>")
                    % self.env._(
                        "Unsubscribed from a copy of the mailing “%(mailing)s”.", mailing=copy.mailing_id.display_name
                    ),
                )
            # the person in copy unsubscribes on a public page
            self.env["mailing.copy.optout"].sudo()._add(copy.email, copy.mailing_id)
        self._set_unsubscribed()

    def _log_activity(self, code, **values):
        """Record what copies did, with types of their own: a step of a journey listens for them only if told to, and
        they have no weight for engagement unless a score model gives them one.

        The activity concerns the recipient whose mail was copied, since the journey is about that person; who did it
        is the new value.
        """
        # public pages and the mail gateway tell of these
        copies = self.sudo()
        if not copies:
            return
        person_of = copies.trace_id._get_partners()
        kind = self.env["engagement.activity.type"]._get_by_code(code)
        # only the addon writes its log
        self.env["engagement.activity"].sudo().create(
            [
                {
                    "type_id": kind.id,
                    "date": fields.Datetime.now(),
                    "partner_id": person_of[copy.trace_id.id].id if copy.trace_id.id in person_of else False,
                    "subject": copy.mailing_id.subject,
                    "new_value": copy.email,
                    "res_model": "mailing.trace.copy",
                    "res_id": copy.id,
                    **values,
                }
                for copy in copies
            ]
        )

    # Links ---------------------------------------------------------------------------------------------------------

    def _get_token(self):
        """Whoever knows it may act for the person copied."""
        self.ensure_one()
        return tools.hmac(self.env(su=True), "crm_buying_journey-mailing_trace_copy", (self.id, self.email))

    @api.model
    def _browse_by_token(self, copy_id, token):
        """The copy with this id if the token is right, else an empty recordset.

        :return: the copy, with system rights
        :rtype: mailing.trace.copy
        """
        # a public page; the token is checked next
        copy = self.sudo().browse(copy_id).exists()
        if copy and is_same_token(copy._get_token(), token):
            return copy
        return self.sudo().browse()

    def _get_url(self, action):
        """Address of a page for the person copied.

        :param str action: ``unsubscribe``, ``unsubscribe_oneclick``, ``view``, ``open.gif`` or ``r/CODE``
        :rtype: str
        """
        self.ensure_one()
        return tools.urls.urljoin(
            self.mailing_id.get_base_url(), f"/mailing/copy/{self.id}/{self._get_token()}/{action}"
        )

    def action_view_mail(self):
        """The mail of the recipient."""
        self.ensure_one()
        return self.trace_id.get_formview_action()
