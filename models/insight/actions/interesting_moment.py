# Server action "Interesting Moment": notes what sales should know about a person, an account or a group.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...journey.ir_actions_server import StepAction
from .buying_target import GROUP_MODELS

# the types and the length are those of Adobe Journey Optimizer B2B Edition, interesting moments
MOMENT_TYPES = [("email", "Email"), ("milestone", "Milestone"), ("web", "Web")]
DESCRIPTION_SIZE = 140


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("interesting_moment", "Interesting Moment"), ("code",)],
        ondelete={"interesting_moment": "cascade"},
    )
    moment_type = fields.Selection(MOMENT_TYPES, "Type of Moment")
    moment_description = fields.Char("Moment", help="What sales should know, in up to 140 characters.")

    @api.constrains("moment_description")
    def _check_moment_description(self):
        for action in self:
            if len(action.moment_description or "") > DESCRIPTION_SIZE:
                raise UserError(
                    self.env._("An interesting moment can have up to %(count)s characters.", count=DESCRIPTION_SIZE)
                )

    def _get_step_actions(self):
        return super()._get_step_actions() | {
            "interesting_moment": StepAction(
                GROUP_MODELS, ("moment_type", "moment_description"), required=("moment_type",)
            )
        }

    def _get_journey_summary(self):
        if self.state != "interesting_moment":
            return super()._get_journey_summary()
        return self.env._("Note an interesting moment: %(moment)s", moment=self._get_moment_subject())

    def _get_moment_subject(self):
        labels = dict(self._fields["moment_type"]._description_selection(self.env))
        return self.moment_description or labels.get(self.moment_type) or "…"

    def _run_action_interesting_moment_multi(self, eval_context=None):
        """Log the moment of each person, account or group; its subject is the description, its new value the type.

        :return: see :meth:`_report_skipped`
        """
        records = self._get_action_records(eval_context)
        subject, now = self._get_moment_subject(), fields.Datetime.now()
        activity_type = records.env["engagement.activity.type"]._get_by_code("interesting_moment")
        base = {"type_id": activity_type.id, "date": now, "subject": subject, "new_value": self.moment_type}
        rows, reasons = [], {}
        for record in records:
            if values := self._get_moment_values(record):
                rows.append(base | values)
            else:
                reasons[record.id] = self.env._("There is no contact that the moment could be about.")
        records.env["engagement.activity"].create(rows)
        return self._report_skipped(records, reasons)

    def _get_moment_values(self, record):
        """Whom the moment of a record is about, as values of ``engagement.activity``; empty if nobody."""
        if record._name == "buying.group":
            # whose group it is, is noted though the account be another company's
            return {"group_id": record.id, "account_id": record.sudo().partner_id.id}
        partner = record if record._name == "res.partner" else record.partner_id
        if not partner and record._name == "crm.lead" and (group := record.buying_group_id):
            return {"group_id": group.id, "account_id": group.sudo().partner_id.id}
        if partner.is_company:
            return {"account_id": partner.id}
        return {"partner_id": partner.id} if partner else {}
