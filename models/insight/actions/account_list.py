# Server actions "Add to Account List" and "Remove from Account List".
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...journey.ir_actions_server import StepAction
from .buying_target import GROUP_MODELS

STATES = ("account_list_add", "account_list_remove")


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[
            ("account_list_add", "Add to Account List"),
            ("account_list_remove", "Remove from Account List"),
            ("code",),
        ],
        ondelete=dict.fromkeys(STATES, "cascade"),
    )
    buying_account_list_id = fields.Many2one(
        "buying.account.list",
        "Account List",
        ondelete="restrict",
        domain=[("type", "=", "static"), ("state", "=", "live")],
        help="A static list that is live.",
    )

    @api.constrains("buying_account_list_id")
    def _check_buying_account_list(self):
        for account_list in self.buying_account_list_id:
            if account_list.type != "static" or account_list.state != "live":
                raise UserError(
                    self.env._(
                        "%(name)s cannot be used here: only static lists that are live take accounts in.",
                        name=account_list.name,
                    )
                )

    def _get_step_actions(self):
        parameters = ("buying_account_list_id",)
        kind = StepAction(GROUP_MODELS, parameters, required=parameters)
        return super()._get_step_actions() | dict.fromkeys(STATES, kind)

    def _get_journey_summary(self):
        if self.state not in STATES:
            return super()._get_journey_summary()
        name = self.buying_account_list_id.name or "…"
        if self.state == "account_list_add":
            return self.env._("Add the account to the list %(list)s", list=name)
        return self.env._("Remove the account from the list %(list)s", list=name)

    def _run_action_account_list_add_multi(self, eval_context=None):
        """Put the account of each record into the list; those inside already stay.

        :return: see :meth:`_report_skipped`
        """
        records = self._get_action_records(eval_context)
        return self._change_list(records, "add_accounts", False, self.env._("The account is in the list already."))

    def _run_action_account_list_remove_multi(self, eval_context=None):
        """Take the account of each record out of the list; those outside already stay outside.

        :return: see :meth:`_report_skipped`
        """
        records = self._get_action_records(eval_context)
        return self._change_list(records, "remove_accounts", True, self.env._("The account is not in the list."))

    def _change_list(self, records, method, inside, refusal):
        """Call ``method`` of the list with the accounts that are ``inside`` or not; ``refusal`` tells of the others."""
        account_list = self.buying_account_list_id.with_env(records.env)
        account_of = {record.id: self._get_account(record) for record in records}
        accounts = records.env["res.partner"].union(*account_of.values())
        members = accounts.search(
            [("id", "in", accounts.ids), ("account_list_ids", "in", account_list.ids), ("active", "in", (True, False))]
        )
        changing = accounts & members if inside else accounts - members
        if changing:
            getattr(account_list, method)(changing)
        reasons = {
            record_id: refusal if account else self.env._("There is no account.")
            for record_id, account in account_of.items()
            if account not in changing
        }
        return self._report_skipped(records, reasons)

    def _get_account(self, record):
        """The company that a record is, or belongs to; may be empty."""
        partner = record if record._name == "res.partner" else record.partner_id
        return partner if partner.is_company else partner.commercial_partner_id.filtered("is_company")
