# Wizard: lost leads to mail again — choose, see who would get the mail and who would not, confirm.
from odoo import api, fields, models


class CrmLeadReactivate(models.TransientModel):
    """An audience of lost leads. What is chosen becomes an ordinary domain on ``crm.lead``, which the mailing or the
    journey keeps: people see and change it in the domain editor, and it is evaluated again when something is sent.

    Three steps: choose; **Count** what the choice finds and what each guard rail takes away; confirm by one of the
    buttons that make a draft. Nothing is made before, and nothing is sent by this wizard.
    """

    _name = "crm.lead.reactivate"
    _description = "Reactivate Lost Leads"

    name = fields.Char(compute="_compute_name", store=True, readonly=False)
    lead_ids = fields.Many2many(
        "crm.lead",
        string="Chosen Leads",
        context={"active_test": False},
        help="Only these; empty for all lost leads.",
    )
    lead_count = fields.Integer(
        "Number of Chosen Leads", compute="_compute_lead_count", help="Those of them that are lost count."
    )
    # who
    date_kind = fields.Selection(
        [("lost", "Lost"), ("created", "Created")],
        "Period Of",
        default="lost",
        required=True,
        help="Whether the period is that in which leads were lost, or in which they were created.",
    )
    date_from = fields.Date("From", help="First day of the period, in your time zone.")
    date_to = fields.Date("To", help="Last day of the period, in your time zone.")
    reason_mode = fields.Selection(
        [
            ("worth", "Reasons worth reactivating"),
            ("include", "Only these"),
            ("exclude", "All but these"),
            ("any", "Any reason"),
        ],
        "Lost Reasons",
        compute="_compute_reason_mode",
        store=True,
        readonly=False,
        help="A reason that somebody adds later counts if it is marked as worth reactivating; does not count; counts "
        "if you say so; and counts, respectively.",
    )
    reason_ids = fields.Many2many(
        "crm.lost.reason", string="These Reasons", context={"active_test": False}, help="The reasons to take or leave."
    )
    without_reason = fields.Selection(
        [("out", "Leave them out"), ("in", "Take them in")],
        "Leads Without a Reason",
        compute="_compute_without_reason",
        store=True,
        readonly=False,
    )
    later_reasons = fields.Selection(
        [("out", "Leave them out"), ("in", "Take them in")],
        "Reasons Added Later",
        default="out",
        required=True,
        help="What becomes of leads lost for a reason that does not exist yet.",
    )
    stage_ids = fields.Many2many("crm.stage", string="Lost in Stages")
    team_ids = fields.Many2many("crm.team", string="Sales Teams", context={"active_test": False})
    user_ids = fields.Many2many("res.users", string="Salespeople", context={"active_test": False})
    country_ids = fields.Many2many("res.country", string="Countries")
    tag_ids = fields.Many2many("crm.tag", string="Any of These Tags")
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    revenue_min = fields.Monetary("Expected Revenue of at Least", currency_field="currency_id")
    revenue_max = fields.Monetary("At Most", currency_field="currency_id", help="0 for no limit.")
    contact_days = fields.Integer(
        "No Contact for (Days)", help="Days without a mailing, message or meeting; 0 if that does not matter."
    )
    filter_id = fields.Many2one(
        "mailing.filter",
        "Begin With",
        domain="[('mailing_model_name', '=', 'crm.lead')]",
        help="A filter kept earlier; it becomes the further condition below.",
    )
    extra_domain = fields.Char("Further Condition", default="[]")
    # guard rails
    guard_address = fields.Boolean("No Valid Address", default=True)
    guard_blacklisted = fields.Boolean("Blacklisted", default=True, help="The lead's address or its contact's.")
    guard_opted_out = fields.Boolean("Opted Out of the Topic", default=True)
    topic_id = fields.Many2one(
        "mailing.list",
        domain="[('is_public', '=', True)]",
        help="What the mail is about. Whoever opted out of it gets no mail; who unsubscribes from the mail opts out of "
        "this topic only.",
    )
    guard_bounced = fields.Boolean("Bounced", default=True, help="Mails to the address came back too often.")
    guard_live_lead = fields.Boolean("Open or Won Lead", default=True, help="Of the same contact or email address.")
    guard_journey = fields.Boolean(
        "In a Running Journey", default=True, help="The person is in a reactivation or another journey of leads."
    )
    guard_order = fields.Boolean("Ordered Lately", default=True, help="The customer, its company or the same address.")
    order_days = fields.Integer("Days Since the Last Order", default=90, required=True)
    guard_mailing = fields.Boolean("Mailed Lately", default=True, help="By any mailing or journey.")
    mailing_days = fields.Integer("Days Since the Last Mailing", default=14, required=True)
    person_choice = fields.Selection(
        [("newest", "The one lost last"), ("richest", "The one with the highest expected revenue"), ("all", "All")],
        "Several Leads of One Person",
        default="newest",
        required=True,
        help="Of several leads with the same address one stands for the person. With all, the person still gets one "
        "mail.",
    )
    # what comes of it
    domain = fields.Char("Audience", compute="_compute_domain", help="What the mailing or the journey will hold.")
    problem = fields.Char(compute="_compute_domain", help="What is wrong with the choice.")
    line_ids = fields.One2many("crm.lead.reactivate.line", "wizard_id", "Preflight", readonly=True)
    counted_domain = fields.Char(readonly=True)
    is_counted = fields.Boolean(compute="_compute_is_counted")
    mailed_count = fields.Integer("Leads That Would Be Mailed", readonly=True)

    _days_positive = models.Constraint(
        "CHECK(order_days >= 0 AND mailing_days >= 0 AND contact_days >= 0)", "Days cannot be negative."
    )

    @api.model
    def default_get(self, field_names):
        """The records from which the wizard is opened say what to begin with."""
        self.env["crm.lead"].check_access("read")
        values = super().default_get(field_names)
        context = self.env.context
        ids = context.get("active_ids") or []
        if context.get("active_model") == "crm.lead" and ids:
            values.setdefault("lead_ids", [fields.Command.set(ids)])
        elif context.get("active_model") == "crm.lost.reason" and ids:
            values.setdefault("reason_ids", [fields.Command.set(ids)])
        return values

    @api.model_create_multi
    def create(self, vals_list):
        """An empty name is none: the choice gives one."""
        vals_list = [
            {name: value for name, value in vals.items() if name != "name" or str(value or "").strip()}
            for vals in vals_list
        ]
        return super().create(vals_list)

    @api.depends("reason_ids", "lead_ids")
    def _compute_reason_mode(self):
        for wizard in self:
            if wizard.reason_mode in ("include", "exclude"):
                continue
            if wizard.reason_ids:
                wizard.reason_mode = "include"
            elif not wizard.reason_mode:
                # whoever chose the leads by hand has looked at them
                wizard.reason_mode = "any" if wizard.lead_ids else "worth"

    @api.depends("lead_ids")
    def _compute_without_reason(self):
        for wizard in self:
            wizard.without_reason = wizard.without_reason or ("in" if wizard.lead_ids else "out")

    @api.depends("reason_ids", "reason_mode", "lead_ids", "date_from")
    @api.depends_context("lang")
    def _compute_name(self):
        for wizard in self:
            if wizard.reason_mode == "include" and wizard.reason_ids:
                reasons = ", ".join(name for name in wizard.reason_ids[:3].mapped("name") if name)
                wizard.name = self.env._("Lost leads: %(reasons)s", reasons=reasons)
            else:
                wizard.name = self.env._("Lost leads")

    @api.depends("lead_ids")
    def _compute_lead_count(self):
        for wizard in self:
            wizard.lead_count = len(wizard.lead_ids)

    def _compute_currency_id(self):
        self.currency_id = self.env.company.currency_id

    @api.onchange("filter_id")
    def _onchange_filter_id(self):
        if self.filter_id:
            self.extra_domain = self.filter_id.mailing_domain

    @api.depends("domain", "counted_domain")
    def _compute_is_counted(self):
        for wizard in self:
            wizard.is_counted = bool(wizard.counted_domain) and wizard.counted_domain == wizard.domain
