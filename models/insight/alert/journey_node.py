# The parameters of the sales alert, written on the step that holds it, and its preview.
from odoo import fields, models
from odoo.exceptions import UserError

from ...journey.journey_node_action import step_parameter


class JourneyNode(models.Model):
    _inherit = "journey.node"

    alert_solution_id = step_parameter(fields.Many2one, "alert_solution_id", "buying.solution")
    alert_to_salesperson = step_parameter(
        fields.Boolean,
        "alert_to_salesperson",
        "To the Salesperson",
        help="The salesperson of the lead, or else of the group's account.",
    )
    alert_user_ids = step_parameter(
        fields.Many2many, "alert_user_ids", "res.users", string="To Users", domain=[("share", "=", False)]
    )
    alert_team_id = step_parameter(
        fields.Many2one,
        "alert_team_id",
        "crm.team",
        "To Sales Team",
        help="Everybody who is a member when the alert is sent.",
    )
    alert_email_to = step_parameter(
        fields.Text,
        "alert_email_to",
        "Send To",
        help="Email addresses or aliases, one per line or separated by commas; up to 500.",
    )
    alert_email_cc = step_parameter(
        fields.Char,
        "alert_email_cc",
        "Copy To",
        help="Email addresses, separated by commas, each of which gets a copy of each alert in a mail of its own, "
        "without links to answer.",
    )
    alert_email_from = step_parameter(
        fields.Char, "alert_email_from", "Alert Sender", help="Empty: the responsible user."
    )
    alert_reply_to = step_parameter(fields.Char, "alert_reply_to", "Alert Replies To", help="Empty: the sender.")
    alert_again_days = step_parameter(
        fields.Integer,
        "alert_again_days",
        "Not Again Within",
        help="Days in which no further alert about the group is sent, wherever the last one came from; 0 is no limit.",
    )
    alert_activity = step_parameter(
        fields.Boolean, "alert_activity", "Plan an Activity for the Salesperson", help="On the buying group."
    )
    alert_activity_type_id = step_parameter(
        fields.Many2one,
        "alert_activity_type_id",
        "mail.activity.type",
        "Alert Activity Type",
        domain=[("res_model", "in", (False, "buying.group"))],
        help="Empty: a call.",
    )
    alert_activity_days = step_parameter(fields.Integer, "alert_activity_days", "Alert Activity Due In", help="Days.")

    def action_preview_alert(self):
        """Button: the alert of this step, about a group that the journey would take in now.

        :raise UserError: the journey would take in none with a group to alert about
        """
        self.ensure_one()
        # parameters of an action are shown on its step to whoever may read that
        action = self._get_owned_actions() or self.action_server_id.sudo()
        if action.state != "sales_alert":
            raise UserError(self.env._("This step sends no sales alert."))
        group = self._find_alert_group(action)
        if not group:
            raise UserError(
                self.env._("Nobody in the audience of this journey has a buying group that this alert could be about.")
            )
        return self.env["buying.alert.preview"].create({"group_id": group.id, "node_id": self.id})._open()

    def _find_alert_group(self, action):
        """The first group that the step would alert about, looking at a few of the audience."""
        domain = self.journey_id._get_audience_domain()
        records = self.env[self.model_name].search(domain, limit=200)
        if self.people == "people":
            records = self.env["res.partner"].union(*self.env["journey.kind"]._get_people(self, records).values())
        if not records:
            return self.env["buying.group"]
        groups = action.with_env(self.env)._get_alert_groups(records)
        found = self.env["buying.group"].union(*groups.values())
        return found.sorted(lambda group: (-group.engagement, group.id))[:1]
