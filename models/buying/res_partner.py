# Accounts and their people.
import re

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.titles import FOLD_FROM, FOLD_TO, fold_title, get_title_pattern

# several times what the longest rule of the templates that come with the addon takes
MAX_WORDS_LENGTH = 5000


class ResPartner(models.Model):
    """A company can be an account; people may also belong to accounts that do not employ them."""

    _inherit = "res.partner"

    affiliated_account_ids = fields.Many2many(
        "res.partner",
        "res_partner_affiliated_account_rel",
        "partner_id",
        "account_id",
        "Affiliated Accounts",
        domain="[('is_company', '=', True)]",
        help="Accounts this person works with without being employed there, e.g. as a contractor.",
    )
    account_list_ids = fields.Many2many(
        "buying.account.list",
        "buying_account_list_partner_rel",
        "partner_id",
        "list_id",
        "Account Lists",
        domain="[('type', '=', 'static')]",
        groups="crm_buying_journey.group_sales",
        help="Static lists; a dynamic list holds whichever accounts match its filter.",
    )
    function_words = fields.Char(
        "Job Title Words",
        compute="_compute_function_words",
        search="_search_function_words",
        help="Finds job titles that contain any of several words or phrases, separated by commas. Only whole words are "
        "found, whatever their accents: CTO is not found in Director. * stands for any letters: Geschäftsführ*.",
    )
    buying_group_ids = fields.One2many(
        "buying.group", "partner_id", "Buying Groups", groups="crm_buying_journey.group_sales"
    )
    buying_group_member_ids = fields.One2many(
        "buying.group.member", "partner_id", "Buying Group Memberships", groups="crm_buying_journey.group_sales"
    )
    buying_group_count = fields.Integer(
        "Number of Buying Groups", compute="_compute_buying_group_count", groups="crm_buying_journey.group_sales"
    )

    @api.depends("function")
    def _compute_function_words(self):
        for partner in self:
            partner.function_words = partner.function

    def _search_function_words(self, operator, value):
        """People whose job title contains any of these phrases as whole words; see :func:`get_title_pattern`.

        Made for rules such as ``("function_words", "ilike", "CEO, managing director, Geschäftsführ*")``, which in
        plain conditions would take a dozen for each short word. ``=`` and ``in`` stay unsupported on purpose: the
        host merges such conditions on the same field as if they compared whole values. For searches only;
        ``filtered_domain`` compares the plain text.

        :param value: one text, in which commas separate the phrases; phrases without letters find nobody
        :raise UserError: the text is longer than the database should be asked for in each contact
        """
        if operator != "ilike":
            return NotImplemented
        if len(value) > MAX_WORDS_LENGTH:
            raise UserError(
                self.env._(
                    "The words to find in job titles have %(length)s characters. Write %(limit)s at most.",
                    length=len(value),
                    limit=MAX_WORDS_LENGTH,
                )
            )
        pattern = get_title_pattern(re.split(r"[,;，；、]", value))
        if not pattern:
            return Domain.FALSE

        def to_sql(model, alias, query):
            # no job title holds no words: without COALESCE, "not ilike" would lose those people
            title = model._field_to_sql(alias, "function", query)
            return SQL("lower(translate(COALESCE(%s, ''), %s, %s)) ~ %s", title, FOLD_FROM, FOLD_TO, pattern)

        return Domain.custom(
            to_sql=to_sql, predicate=lambda partner: bool(re.search(pattern, fold_title(partner.function)))
        )

    def _compute_buying_group_count(self):
        """Groups of a company and of the companies below it, or groups a person is a member of; one query for all."""
        self.env["res.partner"].flush_model(["parent_id", "is_company"])
        self.env["buying.group.member"].flush_model(["group_id", "partner_id", "state"])
        groups = self.env["buying.group"]._search([])
        counts = dict(
            self.env.execute_query(
                SQL(
                    """
                WITH RECURSIVE below AS (
                    SELECT id AS account_id, id AS partner_id FROM res_partner WHERE id = ANY(%(ids)s) AND is_company
                     UNION
                    SELECT below.account_id, child.id
                      FROM below JOIN res_partner child ON child.parent_id = below.partner_id
                ), found AS (
                    SELECT below.account_id AS id, own.id AS group_id
                      FROM below JOIN buying_group own ON own.partner_id = below.partner_id
                     UNION
                    SELECT member.partner_id, member.group_id
                      FROM buying_group_member member WHERE member.state = 'in' AND member.partner_id = ANY(%(ids)s)
                )
                SELECT id, COUNT(*) FROM found WHERE group_id IN %(groups)s GROUP BY id
                    """,
                    ids=self.ids,
                    groups=groups.subselect(),
                )
            )
        )
        for partner in self:
            partner.buying_group_count = counts.get(partner._origin.id, 0)

    def _get_buying_group_domain(self):
        self.ensure_one()
        if self.is_company:
            return Domain("partner_id", "child_of", self.ids)
        return Domain("member_ids.partner_id", "in", self.ids)

    def action_view_buying_groups(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.buying_group_action")
        context = {"default_partner_id": self.id} if self.is_company else {}
        return action | {"domain": list(self._get_buying_group_domain()), "context": context}

    def _get_account_people(self):
        """The people of these accounts: contacts below each one and those affiliated with it. A person is their own.

        :return: ``{partner id: people}`` with only people the user may read
        :rtype: dict
        """
        people = {partner.id: [] if partner.is_company else [partner.id] for partner in self}
        companies = self.filtered("is_company")
        if companies:
            self.flush_model(["parent_id", "is_company", "active", "affiliated_account_ids"])
            self.env.cr.execute(
                """
                WITH RECURSIVE below AS (
                    SELECT id AS account_id, id AS partner_id FROM res_partner WHERE id IN %(accounts)s
                     UNION
                    SELECT below.account_id, child.id
                      FROM below JOIN res_partner child ON child.parent_id = below.partner_id AND child.active
                )
                SELECT account_id, partner_id FROM below
                 UNION
                SELECT account_id, partner_id FROM res_partner_affiliated_account_rel WHERE account_id IN %(accounts)s
            """,
                {"accounts": tuple(companies.ids)},
            )
            rows = sorted(self.env.cr.fetchall())
            readable = set(self.search([("id", "in", [row[1] for row in rows]), ("is_company", "=", False)]).ids)
            for account_id, partner_id in rows:
                if partner_id in readable:
                    people[account_id].append(partner_id)
        return {partner_id: self.browse(people_ids) for partner_id, people_ids in people.items()}

    def write(self, vals):
        if "is_company" in vals:
            self._refuse_change_of_kind(bool(vals["is_company"]))
        turned = self.filtered(lambda partner: "active" in vals and partner.active != bool(vals["active"]))
        result = super().write(vals)
        if turned:
            turned._archive_buying_groups(not vals["active"])
            domain = [("partner_id", "in", turned.ids), ("state", "=", "in")]
            members = self.env["buying.group.member"].sudo().search(domain)
            members.group_id._on_people_archived(members.partner_id, not vals["active"])
        return result

    def _refuse_change_of_kind(self, is_company):
        """:raise UserError: an account would become a person, or a member a company"""
        changed = self.filtered(lambda partner: partner.is_company != is_company)
        if not changed:
            return
        if is_company:
            rows = self.env["buying.group.member"].sudo()
            members = rows.search([("partner_id", "in", changed.ids), ("state", "=", "in")]).partner_id
            if members:
                raise UserError(
                    self.env._(
                        "%(names)s must stay people, because they are members of buying groups. Remove them first.",
                        names=", ".join(members.mapped("display_name")),
                    )
                )
            return
        groups = self.env["buying.group"].sudo().with_context(active_test=False)
        accounts = groups.search([("partner_id", "in", changed.ids)]).partner_id
        if accounts:
            raise UserError(
                self.env._(
                    "%(names)s must stay companies, because they have buying groups. Delete those first.",
                    names=", ".join(accounts.mapped("display_name")),
                )
            )

    def _archive_buying_groups(self, archive):
        """The groups of an account rest as long as it is archived, and wake up with it; those that somebody archived
        before stay archived."""
        groups = self.env["buying.group"].sudo().with_context(active_test=False)
        domain = Domain("partner_id", "in", self.ids)
        domain &= Domain("active", "=", True) if archive else Domain("archived_with_account", "=", True)
        groups.search(domain).write({"active": not archive, "archived_with_account": archive})

    @api.ondelete(at_uninstall=False)
    def _unlink_except_accounts(self):
        groups = self.env["buying.group"].sudo().with_context(active_test=False)
        accounts = groups.search([("partner_id", "in", self.ids)]).partner_id
        if accounts:
            raise UserError(
                self.env._(
                    "%(accounts)s cannot be deleted, because they have buying groups. Archive them instead.",
                    accounts=", ".join(accounts.mapped("display_name")),
                )
            )

    def unlink(self):
        # the database would drop the memberships as well, but the groups would keep their old completeness
        self.env["buying.group.member"].sudo().search([("partner_id", "in", self.ids)]).unlink()
        return super().unlink()
