# Accounts' contact coverage, and people who are in more than one buying group.
import operator

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.domains import MAX_ID
from ...tools.numbers import get_number

OPERATORS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


class ResPartner(models.Model):
    _inherit = "res.partner"

    buying_group_membership_count = fields.Integer(
        "Buying Groups of This Person",
        compute="_compute_buying_group_membership_count",
        search="_search_buying_group_membership_count",
        groups="crm_buying_journey.group_sales",
        help="In how many buying groups that you may see this person is a member.",
    )
    buying_solution_ids = fields.Many2many(
        "buying.solution",
        compute="_compute_buying_group_membership_count",
        string="Solutions of Interest",
        groups="crm_buying_journey.group_sales",
        help="The solutions of these groups.",
    )

    @api.depends("buying_group_member_ids.state")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_buying_group_membership_count(self):
        """One statement for all, with the rules of the current user."""
        Member = self.env["buying.group.member"]
        groups_of = dict(
            Member._read_group(
                self._get_membership_domain() & Domain("partner_id", "in", self.ids),
                ["partner_id"],
                ["group_id:recordset"],
            )
        )
        for partner in self:
            groups = groups_of.get(partner._origin, self.env["buying.group"])
            partner.buying_group_membership_count = len(groups)
            partner.buying_solution_ids = groups.solution_id

    @api.model
    def _search_buying_group_membership_count(self, operator_, value):
        """Count by one statement; whoever is in no group is found by leaving out those who are in too many.

        :raise UserError: the value is no number
        """
        name = self._fields["buying_group_membership_count"]._description_string(self.env)
        if operator_ == "in":
            numbers = {get_number(self.env, number, name) for number in value}
            values = {int(number) for number in numbers if abs(number) <= MAX_ID and number == int(number)}

            def fits(number):
                return number in values

            having = SQL("COUNT(*) = ANY(%s::int[])", list(values))
        elif operator_ in OPERATORS:
            value = max(-MAX_ID, min(MAX_ID, get_number(self.env, value, name)))

            def fits(number):
                return OPERATORS[operator_](number, value)

            having = SQL(f"COUNT(*) {operator_} %s", value)  # pylint: disable=sql-injection
        else:
            return NotImplemented
        Member = self.env["buying.group.member"]
        query = Member._search(self._get_membership_domain())
        Member.flush_model(["group_id", "partner_id", "state"])
        query.groupby = SQL.identifier(query.table, "partner_id")
        query.having = SQL("NOT (%s)", having) if fits(0) else having
        people = SQL("(%s)", query.select(SQL.identifier(query.table, "partner_id")))
        return Domain("id", "not in" if fits(0) else "in", people)

    @api.model
    def _get_membership_domain(self):
        return Domain("state", "=", "in") & Domain("group_id.active", "=", True)

    def action_view_buying_coverage(self):
        """Smart button of a company: which roles its people play for which solution."""
        self.ensure_one()
        action = self.env["ir.actions.client"]._for_xml_id("crm_buying_journey.buying_coverage_action")
        return action | {
            "name": self.env._("Coverage of %(account)s", account=self.display_name),
            "params": {"account_ids": self.ids},
        }
