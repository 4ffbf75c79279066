# The log of everything that happened.
from odoo import api, fields, models
from odoo.exceptions import UserError


class EngagementActivity(models.Model):
    """One thing that happened to a person, an account or a group. Append-only: nobody but the system changes a row.

    ``partner_id`` is the person, ``account_id`` the company the person belongs to at that time; either may be empty.
    ``res_model`` and ``res_id`` point to the record that tells of it, e.g. the mailing trace.
    ``is_automatic`` marks what a machine did, e.g. a scanner that opens every mail: shown, but not counted.
    """

    _name = "engagement.activity"
    _description = "Engagement Activity"
    _order = "date desc, id desc"
    _rec_name = "subject"

    type_id = fields.Many2one("engagement.activity.type", required=True, index=True, ondelete="restrict")
    code = fields.Char(related="type_id.code")
    channel = fields.Selection(related="type_id.channel", store=False)
    partner_id = fields.Many2one("res.partner", "Person", index=True, ondelete="cascade")
    account_id = fields.Many2one("res.partner", index=True, ondelete="cascade")
    group_id = fields.Many2one("buying.group", "Buying Group", index="btree_not_null", ondelete="cascade")
    date = fields.Datetime(required=True, default=fields.Datetime.now, index=True)
    subject = fields.Char()
    old_value = fields.Char()
    new_value = fields.Char()
    is_automatic = fields.Boolean(
        "Automatic", readonly=True, help="Done by a machine, e.g. a virus scanner. Does not count for engagement."
    )
    res_model = fields.Char("Document Model", readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", readonly=True)

    # what a person did lately: cards, scores and summaries all ask this
    _partner_date_idx = models.Index("(partner_id, date DESC)")
    _source_idx = models.Index("(res_model, res_id, type_id) WHERE res_id IS NOT NULL")

    @api.depends("type_id.name", "subject")
    def _compute_display_name(self):
        for activity in self:
            activity.display_name = (
                f"{activity.type_id.name}: {activity.subject}" if activity.subject else activity.type_id.name
            )

    @api.model_create_multi
    def create(self, vals_list):
        people = self.env["res.partner"].browse([vals["partner_id"] for vals in vals_list if vals.get("partner_id")])
        account_of = {person.id: person.commercial_partner_id for person in people.sudo()}
        for vals in vals_list:
            account = account_of.get(vals.get("partner_id"))
            if account and account.is_company:
                vals.setdefault("account_id", account.id)
        activities = super().create(vals_list)
        self._on_recorded(set(activities.sudo().type_id.mapped("code")))
        return activities

    def write(self, vals):
        if not self.env.su:
            raise UserError(self.env._("What happened cannot be changed afterwards."))
        return super().write(vals)

    @api.model
    def _on_recorded(self, codes):
        """Hook for who waits for activities: called after one or many were recorded, also those written in bulk.

        :param set codes: the codes of their types
        """
