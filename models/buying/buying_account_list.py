# Account lists: named audiences that jobs and journeys share.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.domains import check_domain, check_own_company, check_readable, count_records, get_ids, parse_domain
from ...tools.names import check_name, name_of_copy, names_for


class BuyingAccountList(models.Model):
    """A named set of accounts.

    A *static* list holds the accounts that somebody put in, one by one or by a filter that is applied once. A
    *dynamic* list has a filter, and holds whichever accounts match it at the moment of asking; nobody puts accounts in
    or takes them out. Only live lists feed jobs and journeys.

    States:

    * ``draft``: set at creation; everything may be changed.
    * ``live``: set by :meth:`action_publish`. The type stays, and so does the filter of a dynamic list; accounts of a
      static list still come and go. There is no way back; duplicate the list instead.

    Source of the rules: Adobe Journey Optimizer B2B Edition, account lists. There, a dynamic list is filled within two
    hours; here it is always up to date.
    """

    _name = "buying.account.list"
    _description = "Account List"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    description = fields.Text()
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Leave empty to share the list among all companies.")
    type = fields.Selection(
        [("static", "Static"), ("dynamic", "Dynamic")],
        default="static",
        required=True,
        tracking=True,
        help="Static: accounts are put in and taken out. Dynamic: accounts that match the filter now.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("live", "Live")], default="draft", required=True, readonly=True, copy=False, tracking=True
    )
    domain = fields.Char("Filter", default="[('is_company', '=', True)]", tracking=True)
    partner_ids = fields.Many2many(
        "res.partner",
        "buying_account_list_partner_rel",
        "list_id",
        "partner_id",
        "Accounts",
        domain="[('is_company', '=', True)]",
    )
    account_count = fields.Integer("Number of Accounts", compute="_compute_account_count")
    job_ids = fields.One2many("buying.group.job", "account_list_id", "Creation Jobs")

    _name_unique = models.UniqueIndex("(lower(name))", "An account list with this name exists already.")

    @api.depends("type", "domain", "partner_ids")
    def _compute_account_count(self):
        for account_list in self:
            try:
                account_list.account_count = count_records(self.env["res.partner"], account_list._get_account_domain())
            except UserError:
                account_list.account_count = 0  # the form shows the broken filter

    @api.constrains("domain")
    def _check_domain(self):
        for account_list in self:
            check_domain(self.env, "res.partner", account_list.domain)

    @api.constrains("partner_ids")
    def _check_accounts(self):
        people = self.partner_ids.filtered(lambda partner: not partner.is_company)
        if people:
            raise UserError(
                self.env._(
                    "Only companies can be accounts. These are people: %(names)s",
                    names=", ".join(names_for(self.env(su=False), people)),
                )
            )

    @api.constrains("name")
    def _check_name(self):
        check_name(self)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for account_list, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = name_of_copy(account_list)
        return vals_list

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["state"] = "draft"  # only publishing makes a list live, whatever values or defaults say
        lists = super().create(vals_list)
        lists._check_rights()
        return lists

    def write(self, vals):
        if not self.env.su:
            if "state" in vals:
                raise UserError(self.env._("Publish the list to make it live."))
            for account_list in self.filtered(lambda account_list: account_list.state == "live"):
                if "type" in vals and vals["type"] != account_list.type:
                    raise UserError(self.env._("A live list keeps its type. Duplicate it to change it."))
                if account_list.type == "dynamic" and "domain" in vals and vals["domain"] != account_list.domain:
                    raise UserError(self.env._("A live dynamic list keeps its filter. Duplicate it to change it."))
                if account_list.type == "dynamic" and "partner_ids" in vals:
                    raise UserError(self.env._("Accounts come into a dynamic list by its filter only."))
        before = self.sudo().partner_ids
        result = super().write(vals)
        if {"domain", "partner_ids", "company_id"} & vals.keys():
            self._check_rights(before)
        return result

    def _check_rights(self, known=None):
        """Nobody draws on what they may not read themselves. No constraint, since the host runs those as superuser.

        :param known: accounts that were in the lists before
        :raise UserError: the filter names hidden fields, an account is hidden, or the company is none of one's own
        """
        check_own_company(self)
        if self.env.su:
            return
        for account_list in self:
            check_readable(self.env, "res.partner", account_list.domain)
        fresh = self.sudo().partner_ids - (known or self.env["res.partner"])
        fresh.with_env(self.env).check_access("read")

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for account_list in self.sudo():
            users = account_list._get_users(self.env)
            if users:
                raise UserError(
                    self.env._(
                        "%(name)s cannot be deleted, because it is used by %(users)s. Archive it instead.",
                        name=account_list.name,
                        users=", ".join(users),
                    )
                )

    def _get_users(self, env):
        """What uses this list, in words, for the message that refuses its deletion.

        :param env: environment of the user who reads the message
        :rtype: list[str]
        """
        self.ensure_one()
        return names_for(env, self.with_context(active_test=False).job_ids)

    def _get_account_domain(self):
        """Domain on ``res.partner`` of the companies in the list.

        :raise UserError: the filter is invalid
        """
        self.ensure_one()
        if not self.active:  # an archived list feeds nobody
            return Domain.FALSE
        companies = Domain("is_company", "=", True)
        if self.type == "dynamic":
            own = Domain("ref_company_ids", "=", False)  # our own companies are nobody to sell to
            return companies & own & parse_domain(self.env, "res.partner", self.domain)
        return companies & Domain("account_list_ids", "in", self.ids)

    def add_accounts(self, accounts):
        """Put accounts into static lists; those inside already stay.

        :param accounts: ``res.partner`` companies
        :raise UserError: a list is dynamic, or one of the accounts is a person
        """
        self._refuse_dynamic()
        self.write({"partner_ids": [fields.Command.link(account_id) for account_id in self._get_ids(accounts)]})

    def remove_accounts(self, accounts):
        """Take accounts out of static lists; those outside already stay outside.

        :raise UserError: a list is dynamic
        """
        self._refuse_dynamic()
        self.write({"partner_ids": [fields.Command.unlink(account_id) for account_id in self._get_ids(accounts)]})

    def _get_ids(self, accounts):
        """:raise UserError: ``accounts`` are neither contacts nor their ids"""
        if isinstance(accounts, models.BaseModel):
            return accounts.ids
        return get_ids(self.env, {"accounts": accounts}, "accounts", limit=None)

    def _refuse_dynamic(self):
        """:raise UserError: one of these lists fills itself"""
        dynamic = self.filtered(lambda account_list: account_list.type == "dynamic")
        if dynamic:
            raise UserError(
                self.env._(
                    "%(names)s: accounts come into a dynamic list by its filter only.",
                    names=", ".join(dynamic.mapped("name")),
                )
            )

    def action_publish(self):
        """Make lists live, so that jobs and journeys can use them.

        :return: ``True``
        :raise UserError: a dynamic list has no filter, or an invalid one
        """
        self.check_access("write")
        for account_list in self:
            check_domain(self.env, "res.partner", account_list.domain)
            if account_list.type == "dynamic" and not account_list._has_filter():
                raise UserError(
                    self.env._(
                        "%(name)s needs a filter: without one, every company would match.", name=account_list.name
                    )
                )
        self.sudo().write({"state": "live"})  # nobody may write the state but this method
        return True

    def _has_filter(self):
        """Whether the filter says more than that accounts are companies."""
        domain = parse_domain(self.env, "res.partner", self.domain)
        return not domain.is_true() and domain != Domain("is_company", "=", True)

    def action_populate(self):
        """Button: put the accounts that match the filter now into this static list, once; never our own companies.

        :raise UserError: the list is dynamic, or has no filter
        """
        self.ensure_one()
        self._refuse_dynamic()
        if not self._has_filter():
            raise UserError(self.env._("Set a filter first: without one, every company would be put into the list."))
        domain = parse_domain(self.env, "res.partner", self.domain) & Domain("ref_company_ids", "=", False)
        found = self.env["res.partner"].search(Domain("is_company", "=", True) & domain)
        fresh = found - self.partner_ids
        self.add_accounts(fresh)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if fresh else "info",
                "message": self.env._("%(count)s accounts were added.", count=len(fresh))
                if fresh
                else self.env._("Every company that matches the filter is in the list already."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_view_accounts(self):
        """Button: the accounts that are in the list now."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "res.partner",
            "view_mode": "list,kanban,form",
            "mobile_view_mode": "kanban",
            "domain": list(self._get_account_domain()),
            "context": {"create": False},
        }
