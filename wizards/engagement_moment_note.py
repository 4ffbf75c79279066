# Wizard: note an interesting moment by hand, or correct one.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.insight.actions.buying_target import GROUP_MODELS
from ..models.insight.actions.interesting_moment import MOMENT_TYPES


class EngagementMomentNote(models.TransientModel):
    """What somebody from sales or marketing wants the others to know about a contact, an account, a group or a lead.
    Whoever sees the record may note a moment; the chatter of the record tells of it.
    """

    _name = "engagement.moment.note"
    _inherit = "buying.wizard.reader"
    _description = "Note an Interesting Moment"
    _read_checked = ("activity_id",)

    res_model = fields.Char("Document Model")
    res_id = fields.Integer("Document")
    activity_id = fields.Many2one("engagement.activity", "Moment", ondelete="cascade")
    about = fields.Char(compute="_compute_about")
    moment_type = fields.Selection(MOMENT_TYPES, "Type", required=True, default="milestone")
    description = fields.Char("What Happened", required=True)
    date = fields.Datetime("When", default=fields.Datetime.now, required=True)

    @api.depends("res_model", "res_id", "activity_id")
    def _compute_about(self):
        for wizard in self:
            if moment := wizard.activity_id:
                record = moment.group_id or moment.partner_id or moment.account_id
            else:
                record = wizard._get_record()
            wizard.about = record.display_name if record else False

    def _get_record(self):
        """:raise UserError: there is no such record, or moments cannot be about it
        :raise AccessError: the current user may not read it
        """
        if self.res_model not in GROUP_MODELS or not self.res_id:
            raise UserError(self.env._("Open a contact, a buying group or a lead first."))
        record = self.env[self.res_model].browse(self.res_id).exists()
        if not record:
            raise UserError(self.env._("This record was deleted meanwhile."))
        record.check_access("read")
        return record

    def action_confirm(self):
        """Button: note the moment, or correct it."""
        self.ensure_one()
        Activity = self.env["engagement.activity"]
        if self.activity_id:
            self.activity_id._correct_moment(self.moment_type, self.description)
        else:
            Activity._note_moment(self._get_record(), self.moment_type, self.description, self.date)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
