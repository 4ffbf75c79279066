# Leads: one lead of each person, whatever the rest of the filter lets through.
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

CHOICES = ("newest", "richest")


class CrmLead(models.Model):
    _inherit = "crm.lead"

    lead_of_person = fields.Selection(
        [("newest", "The one lost last"), ("richest", "The one with the highest expected revenue")],
        "One Lead of Each Person",
        compute="_compute_lead_of_person",
        search="_search_lead_of_person",
        compute_sudo=True,
        help="As a condition beside others, it keeps one of the leads that match all of them and go to the same "
        "address. A lead by itself is compared with all lost leads of its person.",
    )

    def _search(self, domain, offset=0, limit=None, order=None, *, active_test=True, bypass_access=False):
        """Apply ``lead_of_person`` last: which lead is the newest of a person depends on which leads match at all."""
        domain = Domain(domain)
        if not any(condition.field_expr == "lead_of_person" for condition in domain.iter_conditions()):
            return super()._search(domain, offset, limit, order, active_test=active_test, bypass_access=bypass_access)
        rest, chosen = self._split_lead_of_person(domain)
        if not chosen:
            # below an OR or a NOT it has no rest: the search method answers for all lost leads
            return super()._search(domain, offset, limit, order, active_test=active_test, bypass_access=bypass_access)
        matching = super()._search(rest, active_test=active_test, bypass_access=bypass_access)
        if matching.is_empty():
            return matching
        keep = Domain.AND(self._get_chosen_domain(matching, *condition) for condition in chosen)
        return super()._search(keep, offset, limit, order, active_test=False, bypass_access=True)

    @api.model
    def _split_lead_of_person(self, domain):
        """:return: the domain without the conditions on ``lead_of_person`` that stand beside all others, and those, as
        pairs of choice and whether it is wanted
        """
        children = domain.children if getattr(domain, "OPERATOR", None) == "&" else (domain,)
        rest, chosen = [], []
        for child in children:
            condition = self._read_lead_of_person(child)
            if condition:
                chosen.append(condition)
            else:
                rest.append(child)
        return Domain.AND(rest), chosen

    @api.model
    def _read_lead_of_person(self, child):
        if getattr(child, "field_expr", None) != "lead_of_person":
            return None
        if child.operator not in ("=", "!=", "in", "not in"):
            return None
        values = [child.value] if child.operator in ("=", "!=") else list(child.value)
        if len(values) != 1 or values[0] not in CHOICES:
            return None
        return values[0], child.operator in ("=", "in")

    @api.model
    def _get_chosen_domain(self, matching, choice, wanted):
        """:param Query matching: the leads to choose from"""
        self.env["res.partner"].flush_model(["email_normalized"])
        others = SQL("SELECT id FROM (%s) others", matching.subselect())
        table = matching.table
        chosen = SQL(
            "SELECT DISTINCT ON (person) id FROM (%s) matching ORDER BY person, %s",
            matching.select(
                SQL("%s AS id", SQL.identifier(table, "id")),
                SQL("%s AS person", self._get_person_key(table, self._join_contact(matching))),
                SQL.identifier(table, "date_closed"),
                SQL.identifier(table, "expected_revenue"),
            ),
            self._get_choice_order(choice),
        )
        if wanted:
            return Domain("id", "in", chosen)
        return Domain("id", "in", others) & Domain("id", "not in", chosen)

    @api.model
    def _join_contact(self, query):
        """:return: alias of the contact of the leads that a query reads"""
        alias = query.make_alias(query.table, "mail_contact")
        query.add_join(
            "LEFT JOIN",
            alias,
            "res_partner",
            SQL("%s = %s", SQL.identifier(query.table, "partner_id"), SQL.identifier(alias, "id")),
        )
        return alias

    @api.model
    def _get_mail_address(self, alias, contact):
        """The address that the host writes to: that of the contact, or the lead's if the contact has none.

        :param str alias: of the table of leads
        :param str contact: alias of their contacts
        :rtype: SQL
        """
        return SQL(
            "COALESCE(NULLIF(%s, ''), NULLIF(%s, ''))",
            SQL.identifier(contact, "email_normalized"),
            SQL.identifier(alias, "email_normalized"),
        )

    @api.model
    def _get_person_key(self, alias, contact):
        """Who reads a mail to a lead: its address, or else the contact, or else nobody but the lead itself.

        :rtype: SQL
        """
        return SQL(
            "COALESCE(%s, 'contact ' || %s, 'lead ' || %s)",
            self._get_mail_address(alias, contact),
            SQL.identifier(alias, "partner_id"),
            SQL.identifier(alias, "id"),
        )

    @api.model
    def _get_choice_order(self, choice):
        """Of equals the one made last, so that two readings never differ.

        :rtype: SQL
        """
        newest = SQL("date_closed DESC NULLS LAST, id DESC")
        return SQL("COALESCE(expected_revenue, 0) DESC, %s", newest) if choice == "richest" else newest

    def _search_lead_of_person(self, operator, value):
        if operator != "in":
            return NotImplemented
        # another's lead of the same person counts; only ids are compared
        lost = self.env["crm.lead"].sudo()._search([("active", "=", False), ("won_status", "=", "lost")])
        if lost.is_empty():
            return Domain.FALSE
        return Domain.OR(self._get_chosen_domain(lost, choice, True) for choice in value if choice in CHOICES)

    @api.depends("email_normalized", "partner_id", "date_closed", "expected_revenue", "won_status")
    def _compute_lead_of_person(self):
        """``newest`` before ``richest``, since a lead may be both."""
        self.lead_of_person = False
        for choice in reversed(CHOICES):
            found = self.with_context(active_test=False).search(
                Domain("id", "in", self._origin.ids) & self._search_lead_of_person("in", [choice])
            )
            for lead in self:
                if lead._origin in found:
                    lead.lead_of_person = choice
