# What our server actions about buying groups share: the solution, and which groups a record stands for.
from odoo import api, fields, models
from odoo.exceptions import UserError

GROUP_MODELS = ("buying.group", "res.partner", "crm.lead")
PEOPLE_MODELS = ("res.partner", "crm.lead")


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    buying_solution_id = fields.Many2one(
        "buying.solution",
        "Solution",
        ondelete="restrict",
        help="Which group of an account is meant. On groups themselves: only those of this solution.",
    )

    def _get_target_groups(self, records):
        """The groups that each record stands for: the group itself, that of the account, those a person may belong
        to, or that of the lead or of its contact. Only what the current user may read; a fixed number of queries.

        :return: ``{record id: buying.group}``, empty where there is none
        :rtype: dict
        """
        Group = records.env["buying.group"]
        solution = self.buying_solution_id.with_env(records.env)
        if records._name == "buying.group":
            return {group.id: group if not solution or group.solution_id == solution else Group for group in records}
        result = dict.fromkeys(records.ids, Group)
        partner_of = {record.id: record for record in records}
        if records._name == "crm.lead":
            for lead in records:
                if not solution or lead.buying_group_id.solution_id == solution:
                    result[lead.id] = lead.buying_group_id
            partner_of = {lead.id: lead.partner_id for lead in records if not result[lead.id]}
        if solution:
            partners = records.env["res.partner"].union(*partner_of.values())
            accounts = partners.filtered("is_company")
            of_partner = dict(
                Group.search([("solution_id", "=", solution.id), ("partner_id", "in", accounts.ids)]).grouped(
                    "partner_id"
                )
            )
            of_person = Group._get_groups_of_people(solution, partners - accounts)
            for record_id, partner in partner_of.items():
                result[record_id] = of_partner.get(partner) or of_person.get(partner.id, Group)
        return result

    def _get_no_group_reason(self):
        if self.buying_solution_id:
            return self.env._("There is no buying group for %(solution)s here.", solution=self.buying_solution_id.name)
        return self.env._("There is no buying group here.")

    def _get_target_people(self, records):
        """``{record id: res.partner}``, the person that each record is or is about; empty where there is none"""
        partner_of = {record.id: record if records._name == "res.partner" else record.partner_id for record in records}
        return {record_id: partner.filtered(lambda p: not p.is_company) for record_id, partner in partner_of.items()}

    def _change_members(self, records, state, get_refusal):
        """Bring the person of each record into the groups it may belong to, or take them out; one set of statements.

        :param str state: ``in`` or ``out``
        :param get_refusal: ``(person, membership row or empty) -> reason`` or ``None`` if the change is to be made
        :return: see :meth:`_report_skipped`
        """
        source = self._get_action_source()
        Member = records.env["buying.group.member"]
        people, groups_of = self._get_target_people(records), self._get_target_groups(records)
        rows = {
            (row.group_id.id, row.partner_id.id): row
            for row in Member.search(
                [
                    ("group_id", "in", records.env["buying.group"].union(*groups_of.values()).ids),
                    ("partner_id", "in", records.env["res.partner"].union(*people.values()).ids),
                ]
            )
        }
        role = self.buying_role_id.with_env(records.env)
        changes, reasons = {}, {}
        for record_id, person in people.items():
            if not person:
                reasons[record_id] = self.env._("This is no person.")
                continue
            refusals = []
            for group in groups_of[record_id]:
                row = rows.get((group.id, person.id), Member)
                if refusal := get_refusal(row):
                    refusals.append(refusal)
                else:
                    changes[group.id, person.id] = (group, person, role if state == "in" else row.role_id, state)
            if len(refusals) == len(groups_of[record_id]):
                reasons[record_id] = refusals[0] if refusals else self._get_no_group_reason()
        if changes:
            Member._apply(list(changes.values()), source)
        return self._report_skipped(records, reasons)

    @api.constrains("buying_solution_id", "buying_role_id", "buying_stage_id")
    def _check_buying_target(self):
        """The role and the stage are those of the solution."""
        for action in self.filtered("buying_solution_id"):
            solution = action.buying_solution_id
            if action.buying_role_id and action.buying_role_id not in solution.template_id.line_ids.role_id:
                raise UserError(
                    self.env._(
                        "%(role)s is not a role of the template of %(solution)s.",
                        role=action.buying_role_id.name,
                        solution=solution.name,
                    )
                )
            if action.buying_stage_id and action.buying_stage_id.model_id != solution.stage_model_id:
                raise UserError(
                    self.env._(
                        "%(stage)s is not a stage of %(solution)s.",
                        stage=action.buying_stage_id.name,
                        solution=solution.name,
                    )
                )
