# Groups: their sales alerts.
from odoo import api, fields, models
from odoo.exceptions import UserError

from .buying_alert_content import AlertContents

# what sending alone writes
OURS = {"alert_date"}


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    alert_ids = fields.One2many("buying.alert", "group_id", "Sales Alerts", readonly=True)
    alert_count = fields.Integer("Number of Sales Alerts", compute="_compute_alert_count")
    alert_date = fields.Datetime("Last Sales Alert", readonly=True, copy=False)

    def _compute_alert_count(self):
        counts = dict(
            self.env["buying.alert"]._read_group([("group_id", "in", self._origin.ids)], ["group_id"], ["__count"])
        )
        for group in self:
            group.alert_count = counts.get(group._origin, 0)

    @api.model
    def default_get(self, field_names):
        return super().default_get([name for name in field_names if name not in OURS])

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [{name: value for name, value in vals.items() if name not in OURS} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if OURS & vals.keys() and not self.env.su:
            raise UserError(self.env._("When the last sales alert was sent follows from what was sent."))
        return super().write(vals)

    def _on_merge(self, stays):
        result = super()._on_merge(stays)
        # nobody writes the date by hand; whoever may merge accounts need not see all their groups
        dates = [date for date in (self + stays).sudo().mapped("alert_date") if date]
        stays.sudo().alert_date = max(dates, default=False)
        return result

    def _get_alert(self):
        """What the sales alert about this group tells, for its template; see ``buying.alert.content``.

        :rtype: dict
        """
        self.ensure_one()
        # no remote caller can pass this class, whatever context they send
        contents = self.env.context.get("alert_contents")
        if not isinstance(contents, AlertContents) or self.id not in contents:
            contents = self.env["buying.alert.content"]._collect(self)
        return contents[self.id]

    def _get_alert_url(self):
        """Where the group is opened in the web client."""
        self.ensure_one()
        return f"{self.get_base_url()}/odoo/buying.group/{self.id}"

    def action_view_alerts(self):
        """Button: the sales alerts about this group."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.buying_alert_action")
        return action | {"domain": [("group_id", "=", self.id)], "context": {"default_group_id": self.id}}

    def action_preview_alert(self):
        """Button: how the sales alert about this group would look now."""
        self.ensure_one()
        return self.env["buying.alert.preview"].create({"group_id": self.id})._open()
