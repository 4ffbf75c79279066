# Who enters a journey: its filter, narrowed by a solution or an account list.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.domains import parse_domain


class JourneyJourney(models.Model):
    _inherit = "journey.journey"

    account_list_id = fields.Many2one(
        "buying.account.list",
        domain="[('state', '=', 'live')]",
        index="btree_not_null",
        ondelete="restrict",
        help="Narrows the audience: only accounts of this list, their buying groups, or records whose contact belongs "
        "to one of them.",
    )
    can_use_account_list = fields.Boolean(compute="_compute_can_use_account_list")

    @api.depends("model_id")
    def _compute_can_use_account_list(self):
        for journey in self:
            journey.can_use_account_list = bool(journey.model_id) and (
                journey.model_name == "res.partner" or journey._has_partner()
            )

    def _has_partner(self):
        """Whether the participants belong to a contact."""
        field = self.env[self.model_name]._fields.get("partner_id")
        return bool(field and field.comodel_name == "res.partner" and field._description_searchable)

    @api.constrains("account_list_id", "model_id")
    def _check_account_list(self):
        for journey in self.filtered("account_list_id"):
            if journey.account_list_id.state == "draft":
                raise UserError(
                    self.env._(
                        "%(name)s is a draft. Publish it before a journey uses it.", name=journey.account_list_id.name
                    )
                )
            if not journey.can_use_account_list:
                raise UserError(
                    self.env._(
                        "%(model)s has no contact, so an account list cannot narrow it.", model=journey.model_id.name
                    )
                )

    def _asks_for_archived(self):
        """Whether the audience names ``active``, as one of lost leads does: archived records take part then.

        :raise UserError: the filter is invalid
        """
        return any(condition.field_expr == "active" for condition in self._get_audience_domain().iter_conditions())

    def _get_audience_domain(self):
        """Domain on the journey's model of the records that enter.

        :raise UserError: the filter is invalid
        """
        self.ensure_one()
        domain = parse_domain(self.env, self.model_name, self.domain)
        if self.solution_id and self.model_name == "buying.group":
            domain &= Domain("solution_id", "=", self.solution_id.id)
        if self.solution_id and self.model_name == "res.partner":
            domain &= Domain(
                "buying_group_member_ids",
                "any",
                [
                    ("state", "=", "in"),
                    ("group_id.active", "=", True),
                    ("group_id.solution_id", "=", self.solution_id.id),
                ],
            )
        if self.account_list_id:
            accounts = self.account_list_id._get_account_domain()
            if self.model_name == "res.partner":
                domain &= accounts
            elif self.model_name == "buying.group":
                domain &= Domain("partner_id", "any", accounts)
            else:
                domain &= Domain("partner_id.commercial_partner_id", "any", accounts) | Domain(
                    "partner_id", "any", accounts
                )
        return domain
