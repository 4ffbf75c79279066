# Server action "Sales Alert": hands a buying group over to sales.
import re

from odoo import api, fields, models, tools
from odoo.exceptions import UserError

from ...journey.ir_actions_server import STEP, StepAction
from ..alert.buying_alert_send import AlertRequest
from .buying_target import GROUP_MODELS

# Adobe Journey Optimizer B2B Edition, sales alert email
MAX_RECIPIENTS = 500
MAX_COPIES = 10
# what a step does in one transaction: one group that fails, or a killed worker, lets so many be done anew. 300 groups
# in one go took about two thirds of the time, but then each of them waited for all
GROUPS_AT_ONCE, MAILS_AT_ONCE = 25, 100
PARAMETERS = (
    "alert_solution_id",
    "alert_to_salesperson",
    "alert_user_ids",
    "alert_team_id",
    "alert_email_to",
    "alert_email_cc",
    "alert_email_from",
    "alert_reply_to",
    "alert_again_days",
    "alert_activity",
    "alert_activity_type_id",
    "alert_activity_days",
)
# a separator inside quotes belongs to the name: "Team; West" <b@example.com>
ENTRIES = re.compile(r'(?:[^",;\r\n]|"[^"]*")+')


class IrActionsServer(models.Model):
    """The alert is about the group that a record is, or the one of the account, the lead or the lead's account for the
    chosen solution. It is an internal mail: see :meth:`_get_alert_recipients` for what that means for who gets it.
    """

    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("sales_alert", "Send Sales Alert"), ("code",)], ondelete={"sales_alert": "cascade"}
    )
    alert_solution_id = fields.Many2one(
        "buying.solution",
        ondelete="restrict",
        help="Which group of an account the alert is about. Not needed when the action runs on groups.",
    )
    alert_to_salesperson = fields.Boolean(
        "To the Salesperson", help="The salesperson of the lead, or else of the group's account."
    )
    alert_user_ids = fields.Many2many(
        "res.users",
        "ir_act_server_alert_user_rel",
        "action_id",
        "user_id",
        "To Users",
        domain=[("share", "=", False)],
    )
    alert_team_id = fields.Many2one(
        "crm.team", "To Sales Team", ondelete="set null", help="Everybody who is a member when the alert is sent."
    )
    alert_email_to = fields.Text(
        "Alert Recipients", help="Email addresses or aliases, one per line or separated by commas; up to 500."
    )
    alert_email_cc = fields.Char(
        "Copy To",
        help="Email addresses, separated by commas, each of which gets a copy of each alert in a mail of its own, "
        "without links to answer.",
    )
    alert_email_from = fields.Char("Alert Sender", help="Empty: the user who runs the action.")
    alert_reply_to = fields.Char("Alert Replies To", help="Empty: the sender.")
    alert_again_days = fields.Integer(
        "Not Again Within",
        help="Days in which no further alert about the group is sent, wherever the last one came from; 0 is no limit.",
    )
    alert_activity = fields.Boolean("Plan an Activity for the Salesperson", help="On the buying group.")
    alert_activity_type_id = fields.Many2one(
        "mail.activity.type",
        ondelete="set null",
        domain="[('res_model', 'in', (False, 'buying.group'))]",
        help="Empty: a call.",
    )
    alert_activity_days = fields.Integer("Alert Activity Due In", default=1, help="Days.")

    def _get_step_actions(self):
        return super()._get_step_actions() | {"sales_alert": StepAction(GROUP_MODELS, PARAMETERS)}

    def _get_step_batch_size(self):
        if self.state != "sales_alert":
            return super()._get_step_batch_size()
        mails = self._count_alert_recipients() + len(self._get_alert_copies()) + bool(self.alert_to_salesperson)
        return max(1, min(GROUPS_AT_ONCE, MAILS_AT_ONCE // max(mails, 1)))

    # Parameters ---------------------------------------------------------------------------------------------------

    @api.constrains("state", "model_id", "alert_email_to", "alert_email_cc", "alert_email_from", "alert_reply_to")
    def _check_sales_alert(self):
        for action in self.filtered(lambda action: action.state == "sales_alert"):
            action._get_alert_addresses()
            action._get_alert_copies()
            for text in (action.alert_email_from, action.alert_reply_to):
                if text and len(self._read_addresses(text)) != 1:
                    raise UserError(self.env._("Enter one email address instead of %(text)s.", text=text))

    @api.constrains("alert_again_days", "alert_activity_days")
    def _check_alert_days(self):
        for action in self:
            if action.alert_again_days < 0 or action.alert_activity_days < 0:
                raise UserError(self.env._("A number of days cannot be negative."))

    def _get_alert_addresses(self):
        """The addresses that were entered, normalized, each once, in their order.

        :rtype: list[str]
        :raise UserError: an entry is no address, or there are more than 500
        """
        self.ensure_one()
        addresses = self._read_addresses(self.alert_email_to)
        if len(addresses) > MAX_RECIPIENTS:
            raise UserError(self.env._("A sales alert can have up to %(count)s recipients.", count=MAX_RECIPIENTS))
        return addresses

    def _get_alert_copies(self):
        """:raise UserError: an entry is no address, or there are too many"""
        self.ensure_one()
        addresses = self._read_addresses(self.alert_email_cc)
        if len(addresses) > MAX_COPIES:
            raise UserError(self.env._("Up to %(count)s addresses can get a copy.", count=MAX_COPIES))
        return addresses

    def _read_addresses(self, text):
        addresses, wrong = [], []
        for entry in filter(None, (part.strip() for part in ENTRIES.findall(text or ""))):
            address = tools.email_normalize(entry)
            (addresses if address else wrong).append(address or entry)
        if wrong:
            raise UserError(
                self.env._("These are no valid email addresses: %(entries)s", entries=", ".join(wrong[:10]))
            )
        return list(dict.fromkeys(addresses))

    def _get_journey_summary(self):
        if self.state != "sales_alert":
            return super()._get_journey_summary()
        names = [self.env._("the salesperson")] if self.alert_to_salesperson else []
        names += [*self.alert_user_ids.mapped("name"), *self.alert_team_id.mapped("name")]
        names += [part.strip() for part in ENTRIES.findall(self.alert_email_to or "") if part.strip()]
        return self.env._(
            "Send the sales alert to %(addresses)s", addresses=self.env["buying.alert"]._shorten(names) or "…"
        )

    def _get_journey_errors(self):
        errors = super()._get_journey_errors()
        if self.state == "sales_alert":
            errors += self._get_alert_errors()
        return errors

    def _get_alert_errors(self):
        """What keeps the alert from being sent to anybody, or from being about anything.

        :rtype: list[str]
        """
        self.ensure_one()
        errors = []
        count = self._count_alert_recipients()
        if self.alert_team_id and not self.alert_team_id.member_ids:
            errors.append(self.env._("The sales team %(team)s has no members.", team=self.alert_team_id.name))
        elif not count and not self.alert_to_salesperson:
            errors.append(self.env._("The sales alert has no recipient."))
        if count > MAX_RECIPIENTS:
            errors.append(
                self.env._(
                    "A sales alert can have up to %(most)s recipients. This one would have %(count)s, of whom "
                    "%(users)s are users or members of the team.",
                    most=MAX_RECIPIENTS,
                    count=count,
                    users=len(self._get_alert_users()),
                )
            )
        if silent := self._get_alert_users().filtered(lambda user: not user.email_normalized):
            errors.append(
                self.env._("These users have no email address: %(names)s", names=", ".join(silent.mapped("name")[:10]))
            )
        if self.model_id.model == "res.partner" and not self.alert_solution_id:
            errors.append(self.env._("Choose the solution that the sales alert is about."))
        return errors

    def _get_alert_gaps(self):
        """What keeps an alert from being made at all. What leaves out some of its recipients, as a team that grew too
        large since the journey was published, is told in the log of the alert instead.

        :rtype: list[str]
        """
        self.ensure_one()
        errors = []
        if not self.alert_to_salesperson and not self._get_alert_users() and not self._get_alert_addresses():
            errors.append(self.env._("The sales alert has no recipient."))
        if self.model_id.model == "res.partner" and not self.alert_solution_id:
            errors.append(self.env._("Choose the solution that the sales alert is about."))
        return errors

    def _get_alert_users(self):
        """Active users who are named, themselves or by their team."""
        return (self.alert_user_ids | self.alert_team_id.member_ids).filtered("active")

    def _count_alert_recipients(self):
        emails = self._get_alert_users().filtered("email_normalized").mapped("email_normalized")
        return len({*emails, *self._get_alert_addresses()})

    # Running ------------------------------------------------------------------------------------------------------

    def _run_action_sales_alert_multi(self, eval_context=None):
        """Send the alert for the group of each record; several records with the same group share one.

        :return: see :meth:`_report_skipped`
        :raise UserError: the action names no recipient, or no solution
        """
        records = self._get_action_records(eval_context)
        action = self.sudo()  # who runs an action need not be able to read its parameters
        if errors := action._get_alert_gaps():
            raise UserError("\n".join(errors))
        visits = self._get_alert_visits()
        requests, reasons = {}, {}
        group_of = self._get_alert_groups(records)
        for record in records:
            group = group_of.get(record.id)
            if not group:
                reasons[record.id] = self.env._("There is no buying group of this solution to alert about.")
                continue
            request = requests.setdefault(group, AlertRequest())
            request.visits += visits.get(record.id, [])
            # whoever may read a group may have its account's salesperson told
            user = group.sudo().partner_id.user_id
            if record._name == "crm.lead":
                request.leads.append(record.id)
                user = record.user_id or user
            request.salespeople |= set(user.filtered("active").ids)
        # the parameters are read; groups and people are looked at with the rights of who runs the action
        alerts, refusals = records.env["buying.alert"]._send(action.with_env(records.env).sudo(), requests)
        notes = {alert.group_id.id: alert._get_left_out_text() for alert in alerts if alert.left_out}
        told = {}
        for record in records:
            if group := group_of.get(record.id):
                if group.id in refusals:
                    reasons[record.id] = refusals[group.id]
                elif group.id in notes:
                    told[record.id] = notes[group.id]
        return self._report_skipped(records, reasons, told)

    def _get_alert_visits(self):
        """The visits of the journey's step that each record is acted on for; empty outside a journey.

        :return: ``{record id: [(participant id, visit)]}``
        """
        if self.env.context.get("journey_step") is not STEP:
            return {}
        return self.env.context.get("journey_action_visits") or {}

    def _get_alert_groups(self, records):
        """``{record id: buying group, maybe empty}``, read with the rights of the current user"""
        Group = records.env["buying.group"]
        # compared, not shown: solutions may be another company's
        solution_id = self.sudo().alert_solution_id.id

        def fits(group):
            return group and (not solution_id or group.sudo().solution_id.id == solution_id)

        if records._name == "buying.group":
            return {group.id: group if fits(group) else Group for group in records}
        result = {}
        partner_of = {record.id: record for record in records}
        if records._name == "crm.lead":
            # a group that the user may not read is no error here, but none
            readable = records.sudo().buying_group_id.with_env(records.env)._filtered_access("read")
            for lead in records:
                group = lead.sudo().buying_group_id.with_env(records.env)
                if group in readable and fits(group):
                    result[lead.id] = group
            partner_of = {lead.id: lead.partner_id for lead in records if lead.id not in result}
        if solution_id:
            accounts = {
                record_id: partner if partner.is_company else partner.commercial_partner_id
                for record_id, partner in partner_of.items()
            }
            partners = records.env["res.partner"].union(*accounts.values())
            by_account = Group.search([("solution_id", "=", solution_id), ("partner_id", "in", partners.ids)]).grouped(
                "partner_id"
            )
            result |= {record_id: by_account.get(account, Group) for record_id, account in accounts.items()}
        return result
