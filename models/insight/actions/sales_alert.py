# Server action "Sales Alert": hands a buying group over to sales.
import re

from odoo import api, fields, models, tools
from odoo.exceptions import UserError

from ...journey.ir_actions_server import StepAction
from .buying_target import GROUP_MODELS

MAX_RECIPIENTS = 500


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("sales_alert", "Send Sales Alert"), ("code",)], ondelete={"sales_alert": "cascade"}
    )
    alert_email_to = fields.Text(
        "Alert Recipients", help="Email addresses or aliases, one per line or separated by commas; up to 500."
    )
    alert_solution_id = fields.Many2one(
        "buying.solution",
        ondelete="restrict",
        help="Which group of an account the alert is about. Not needed when the action runs on groups.",
    )

    def _get_step_actions(self):
        return super()._get_step_actions() | {
            "sales_alert": StepAction(GROUP_MODELS, ("alert_email_to", "alert_solution_id"))
        }

    @api.constrains("state", "model_id", "alert_email_to")
    def _check_sales_alert(self):
        for action in self.filtered(lambda action: action.state == "sales_alert"):
            action._get_alert_addresses()

    def _get_alert_addresses(self):
        """The recipients, normalized, each once, in their order.

        :rtype: list[str]
        :raise UserError: an entry is no address, or there are more than 500
        """
        self.ensure_one()
        addresses, wrong = [], []
        # a separator inside quotes belongs to the name: "Team; West" <b@example.com>
        for entry in filter(
            None, (part.strip() for part in re.findall(r'(?:[^",;\r\n]|"[^"]*")+', self.alert_email_to or ""))
        ):
            address = tools.email_normalize(entry)
            (addresses if address else wrong).append(address or entry)
        if wrong:
            raise UserError(
                self.env._("These are no valid email addresses: %(entries)s", entries=", ".join(wrong[:10]))
            )
        addresses = list(dict.fromkeys(addresses))
        if len(addresses) > MAX_RECIPIENTS:
            raise UserError(self.env._("A sales alert can have up to %(count)s recipients.", count=MAX_RECIPIENTS))
        return addresses

    def _get_journey_summary(self):
        if self.state != "sales_alert":
            return super()._get_journey_summary()
        return self.env._(
            "Send the sales alert to %(addresses)s", addresses=", ".join((self.alert_email_to or "…").split())
        )

    def _get_journey_errors(self):
        errors = super()._get_journey_errors()
        if self.state == "sales_alert":
            if not self._get_alert_addresses():
                errors.append(self.env._("The sales alert has no recipient."))
            if self.model_id.model == "res.partner" and not self.alert_solution_id:
                errors.append(self.env._("Choose the solution that the sales alert is about."))
        return errors

    def _run_action_sales_alert_multi(self, eval_context=None):
        """Send the alert for the group of each record.

        :return: ``{"journey_skipped": {record id: reason}}`` for records that have no group, else ``False``
        """
        records = eval_context.get("records") or eval_context.get("record") or eval_context["model"]
        addresses = self._get_alert_addresses()
        if not addresses:
            raise UserError(self.env._("The sales alert has no recipient."))
        group_of = self._get_alert_groups(records.with_env(eval_context["env"]))
        groups = self.env["buying.group"].with_env(eval_context["env"]).union(*group_of.values())
        if groups:
            groups._send_sales_alert(addresses)
        skipped = {
            record.id: self.env._("There is no buying group of this solution to alert about.")
            for record in records
            if not group_of.get(record.id)
        }
        return {"journey_skipped": skipped} if skipped and self.env.context.get("journey_step") else False

    def _get_alert_groups(self, records):
        """``{record id: buying group, maybe empty}``, read with the rights of the current user"""
        Group = records.env["buying.group"]
        if records._name == "buying.group":
            return {
                group.id: group if not self.alert_solution_id or group.solution_id == self.alert_solution_id else Group
                for group in records
            }
        if records._name == "crm.lead":
            result = {
                lead.id: lead.buying_group_id
                for lead in records
                if not self.alert_solution_id or lead.buying_group_id.solution_id == self.alert_solution_id
            }
            accounts = {lead.id: lead.partner_id.commercial_partner_id for lead in records if not result.get(lead.id)}
        else:
            result = {}
            accounts = {
                partner.id: partner if partner.is_company else partner.commercial_partner_id for partner in records
            }
        if self.alert_solution_id:
            partners = records.env["res.partner"].union(*accounts.values())
            by_account = Group.search(
                [("solution_id", "=", self.alert_solution_id.id), ("partner_id", "in", partners.ids)]
            ).grouped("partner_id")
            result |= {record_id: by_account.get(account, Group) for record_id, account in accounts.items()}
        return result
