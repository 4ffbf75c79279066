# Whom a sales alert went to, and the links in their mail that nobody else has.
from datetime import timedelta

from odoo import api, fields, models, tools

from ....tools.tokens import is_same_token

# how long a link answers; Adobe Journey Optimizer B2B Edition has no answers
ANSWER_DAYS = 30
ANSWERS = {"accept": "accepted", "not_ready": "not_ready"}


class BuyingAlertRecipient(models.Model):
    """One recipient of one alert, with a mail of its own in its own language.

    Who is in copy has a mail without links to answer. A link answers for 30 days; that of a user only while the user
    works here and may still see the group, see :meth:`_get_answer_refusal`.
    """

    _name = "buying.alert.recipient"
    _description = "Recipient of a Sales Alert"
    _order = "alert_id desc, id"
    _rec_name = "email"

    alert_id = fields.Many2one("buying.alert", "Sales Alert", required=True, index=True, ondelete="cascade")
    group_id = fields.Many2one(related="alert_id.group_id")
    email = fields.Char(required=True, help="Normalized address.")
    name = fields.Char()
    lang = fields.Char("Language")
    tz = fields.Char("Time Zone")
    user_id = fields.Many2one("res.users", ondelete="set null", help="The user with this address, if there is one.")
    is_copy = fields.Boolean("Copy", help="Got the alert for information and cannot answer it.")
    # empty for alerts of earlier versions
    sent_as = fields.Selection(
        [("outside", "Somebody Outside"), ("user", "User Without Access"), ("reader", "User With Access")],
        help="Who had this address when the alert was made, and whether this user could open the group.",
    )
    mail_ids = fields.One2many("mail.mail", "alert_recipient_id", "Mails", groups="base.group_system")
    mail_state = fields.Selection(
        [("outgoing", "Waiting"), ("sent", "Sent"), ("failed", "Failed"), ("cancel", "Cancelled")],
        "Mail",
        compute="_compute_mail_state",
        compute_sudo=True,
    )

    @api.depends("mail_ids.state")
    def _compute_mail_state(self):
        states = {"outgoing": "outgoing", "exception": "failed", "cancel": "cancel"}
        for recipient in self:
            # mails are kept, but an administrator may have tidied up
            recipient.mail_state = states.get(recipient.mail_ids[-1:].state, "sent")

    def _get_names(self):
        """What to call each of them: the name if it is known, else the address."""
        return [recipient.name or recipient.email for recipient in self]

    def _get_rendering(self):
        """What the text of the mail depends on besides the group: ``(language, time zone, whether there is a name,
        whether it is a copy)``"""
        self.ensure_one()
        return self.lang or "en_US", self.tz or None, bool(self.name), self.is_copy

    def _get_email_to(self):
        """The address as it stands in the mail: that of a user with the user's name."""
        self.ensure_one()
        name = " ".join((self.name or "").split())
        return tools.formataddr((name, self.email)) if self.user_id and name else self.email

    # Links --------------------------------------------------------------------------------------------------------

    def _get_token(self):
        """Whoever knows it may answer for this recipient."""
        self.ensure_one()
        values = (self.id, self.alert_id.id, self.email)
        return tools.hmac(self.env(su=True), "crm_buying_journey-buying_alert_recipient", values)

    def _get_url(self, answer):
        """Address of the page on which this recipient answers.

        :param str answer: ``accept`` or ``not_ready``
        :rtype: str
        """
        self.ensure_one()
        return tools.urls.urljoin(
            self.alert_id.group_id.get_base_url(), f"/buying/alert/{self.id}/{self._get_token()}/{answer}"
        )

    @api.model
    def _browse_by_token(self, recipient_id, token):
        """The recipient with this id if the token is right, else an empty recordset; with system rights. Nobody in copy
        is ever found.

        :rtype: buying.alert.recipient
        """
        # the token is what gives the right: whoever follows a link need not be a user
        recipient = self.sudo().browse(recipient_id).exists()
        if recipient and not recipient.is_copy and is_same_token(recipient._get_token(), token):
            return recipient
        return self.sudo().browse()

    def _get_answer_refusal(self, user=None):
        """Why this link, which is not too old, answers no more.

        :param user: ``res.users`` who is logged in and works here: they answer themselves, whoever got the mail
        :return: ``inactive``: the user who got the mail works here no more; ``no_access``: who would answer may not see
            the group, or not any more; ``None``: it can be answered
        :rtype: str
        """
        self.ensure_one()
        # a link that answers no more for whoever got it lends nobody a right that they do not have themselves
        if user and user != self.user_id and self._get_answer_refusal() and not self._may_open(user, self.group_id):
            return "no_access"
        who = user or self.user_id
        if not who:
            # somebody outside, or a user who was deleted since
            return "inactive" if self.sent_as in ("user", "reader") else None
        if not who.active or who.share:
            return "inactive"
        group = self.group_id
        if group.company_id and group.company_id not in who.company_ids:
            return "no_access"
        # a team's alert also reaches members who never could open the group: what the mail allows them stays allowed
        if who == self.user_id and self.sent_as == "reader" and not self._may_open(who, group):
            return "no_access"
        return None

    @api.model
    def _may_open(self, user, groups):
        """Those of the groups that the user may open, in whichever of their companies; the host's rules decide.

        :rtype: buying.group
        """
        # active companies only, whatever the context says: the host refuses others with an error; and of a user whom
        # the current one need not be allowed to read
        companies = list(user.sudo()._get_company_ids())
        return groups.with_user(user).with_context(allowed_company_ids=companies)._filtered_access("read")

    def _is_expired(self):
        """Whether the links of this recipient answer no more."""
        self.ensure_one()
        return self.alert_id.date < fields.Datetime.now() - timedelta(days=ANSWER_DAYS)
