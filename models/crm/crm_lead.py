# Leads: the buying group behind an opportunity.
from odoo import api, fields, models
from odoo.exceptions import UserError


class CrmLead(models.Model):
    _inherit = "crm.lead"

    buying_group_id = fields.Many2one(
        "buying.group",
        index="btree_not_null",
        ondelete="set null",
        groups="crm_buying_journey.group_sales",
        domain="[('partner_id', 'in', buying_account_ids)]",
        help="The people who decide on this opportunity.",
    )
    buying_account_ids = fields.Many2many(
        "res.partner",
        compute="_compute_buying_account_ids",
        compute_sudo=True,  # a salesperson may read a contact without reading the company above it
        groups="crm_buying_journey.group_sales",
    )

    @api.depends("partner_id")
    def _compute_buying_account_ids(self):
        """The companies whose groups may stand behind the lead: that of its contact and those above it."""
        for lead in self:
            account, accounts = lead.partner_id, self.env["res.partner"]
            while account and account not in accounts:
                accounts |= account
                account = account.parent_id
            lead.buying_account_ids = accounts.filtered("is_company")

    def build_buying_group(self, solution):
        """Link these leads to the group of their account for this solution; build those groups that are missing, with
        the members the rules name.

        :param solution: one ``buying.solution`` or its id
        :return: the groups
        :rtype: buying.group
        :raise UserError: a lead has no company, or the user may not build groups
        """
        if not isinstance(solution, models.BaseModel):
            solution = self.env["buying.solution"].browse(solution)
        without = self.filtered(lambda lead: not lead.buying_account_ids)
        if without:
            raise UserError(
                self.env._(
                    "%(names)s: choose a customer that is a company or belongs to one. Its people form the group.",
                    names=", ".join(without[:10].mapped("name")),
                )
            )
        Group = self.env["buying.group"]
        account_of = {lead: lead.buying_account_ids[:1] for lead in self}
        found = Group.with_context(active_test=False).search(
            [("solution_id", "=", solution.id), ("partner_id", "in", self.buying_account_ids.ids)]
        )
        existing = found.filtered("active").grouped("partner_id")
        archived = found.filtered(lambda group: not group.active).grouped("partner_id")
        groups, fresh = Group, Group
        for lead, account in account_of.items():
            # a group at a higher level of the hierarchy decides for its branches, too
            group = next((existing[above] for above in lead.buying_account_ids if above in existing), None)
            if not group and account in archived:
                raise UserError(
                    self.env._(
                        "%(group)s is archived. Restore it, or choose another solution.", group=archived[account].name
                    )
                )
            if not group:
                group = existing[account] = Group.create({"solution_id": solution.id, "partner_id": account.id})
                fresh |= group
            groups |= group
            lead.buying_group_id = group
        fresh.update_members()
        return groups

    def action_build_buying_group(self):
        """Button: show the group of this lead, or build it; asks for the solution if there is a choice."""
        self.ensure_one()
        if self.buying_group_id:
            return self.buying_group_id.get_formview_action()
        solutions = self.env["buying.solution"].search([], limit=2)
        if len(solutions) == 1:
            return self.build_buying_group(solutions).get_formview_action()
        return self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.crm_lead_build_group_action") | {
            "context": {"default_lead_id": self.id}
        }
