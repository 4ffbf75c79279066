# The log of sales alerts: to whom, when, from where, and what sales answered.
from odoo import api, fields, models


class BuyingAlert(models.Model):
    """One sales alert about one group, however many recipients it had. Only the system writes it.

    States:

    * ``sent``: the mails are made. Set by the server action *Send Sales Alert*, in the transaction that also makes the
      mails and, for a step of a journey, its trace; so there is one alert for each visit, also after a crash.
    * ``accepted``: somebody took the group over. Set by :meth:`_answer`, from a mail or in Odoo; final.
    * ``not_ready``: somebody said that it is too early, and maybe why. Set by :meth:`_answer`; final.

    The first answer counts, whoever gives it; a later one changes nothing. It is noted on the group and logged as an
    activity (``sales_alert_accepted`` or ``sales_alert_not_ready``) that journeys of groups, accounts and of the leads
    that the alert came from can listen to. An alert that nobody answers stays ``sent``.
    """

    _name = "buying.alert"
    _description = "Sales Alert"
    _order = "date desc, id desc"
    _rec_name = "group_id"

    group_id = fields.Many2one("buying.group", "Buying Group", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="group_id.company_id", store=True, index="btree_not_null")
    account_id = fields.Many2one(related="group_id.partner_id", string="Account", store=True, index=True)
    solution_id = fields.Many2one(related="group_id.solution_id", store=True)
    date = fields.Datetime("Sent On", required=True, default=fields.Datetime.now)
    origin = fields.Char("From", help="The journey that the alert came from, or who sent it.")
    journey_id = fields.Many2one(
        "journey.journey", index="btree_not_null", ondelete="set null", groups="crm_buying_journey.group_user"
    )
    node_id = fields.Many2one(
        "journey.node", "Journey Step", ondelete="set null", groups="crm_buying_journey.group_user"
    )
    participant_id = fields.Many2one(
        "journey.participant",
        "Journey Participant",
        ondelete="set null",
        groups="crm_buying_journey.group_user",
    )
    participant_ids = fields.Many2many(
        "journey.participant",
        "buying_alert_participant_rel",
        "alert_id",
        "participant_id",
        "Journey Participants",
        groups="crm_buying_journey.group_user",
        help="All that led to this alert: the first one, and others whose group is the same.",
    )
    visit = fields.Integer(groups="crm_buying_journey.group_user", help="The visit of the journey's step.")
    lead_ids = fields.Many2many(
        "crm.lead",
        "buying_alert_lead_rel",
        "alert_id",
        "lead_id",
        "Leads",
        groups="sales_team.group_sale_salesman",
        help="The leads that the alert came from.",
    )
    recipient_ids = fields.One2many("buying.alert.recipient", "alert_id", "Recipients")
    left_out = fields.Text("Not Sent To", help="Who was to get the alert and got none, and why.")
    recipient_count = fields.Integer(
        "Number of Recipients", compute="_compute_recipient_count", help="Those in copy do not count."
    )
    sent_to = fields.Char(compute="_compute_recipient_count", help="The first of the recipients.")
    state = fields.Selection(
        [("sent", "Sent"), ("accepted", "Accepted"), ("not_ready", "Not Ready")],
        default="sent",
        required=True,
        index=True,
        help="What sales answered. The first answer counts.",
    )
    reason = fields.Text(help="Why the group is not ready.")
    answered_by = fields.Char(help="Who answered: the recipient of the mail whose link was used, or a user.")
    answered_user_id = fields.Many2one("res.users", "Answered by User", ondelete="set null")
    answer_date = fields.Datetime("Answered On")

    # what a step has sent lately about a group
    _node_index = models.Index("(node_id, group_id, date) WHERE node_id IS NOT NULL")
    # one alert per group and visit; also finds them again
    _visit_unique = models.UniqueIndex(
        "(participant_id, visit, group_id) WHERE participant_id IS NOT NULL",
        "This step has sent its alert about the group already.",
    )

    @api.depends("recipient_ids.email", "recipient_ids.name", "recipient_ids.is_copy")
    def _compute_recipient_count(self):
        for alert in self:
            names = alert._get_addressees()._get_names()
            alert.recipient_count = len(names)
            alert.sent_to = self._shorten(names)

    def _get_addressees(self):
        """The recipients who may answer."""
        return self.recipient_ids.filtered(lambda recipient: not recipient.is_copy)

    def _get_copied(self):
        """The recipients in copy."""
        return self.recipient_ids.filtered("is_copy")

    @api.model
    def _shorten(self, names, most=5):
        """The first names, and how many more there are."""
        if len(names) <= most:
            return ", ".join(names)
        return self.env._("%(names)s and %(count)s more", names=", ".join(names[:most]), count=len(names) - most)

    @api.depends("group_id", "date")
    def _compute_display_name(self):
        for alert in self:
            alert.display_name = self.env._(
                "Sales alert: %(group)s, %(date)s",
                group=alert.group_id.sudo().name,
                date=fields.Date.to_string(alert.date.date()) if alert.date else "…",
            )
