# What mailings, campaigns and journeys have in common: their results, each with the records behind it.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# what is counted from the mails
COUNTS = ("sent", "received", "opened", "clicked", "replied", "bounced", "ignored", "engaged")


class MailingResults(models.AbstractModel):
    """Results of the mailings that belong to a record. The counts of mails are those of ``mailing.outcome``, so that
    sent = received + bounced and received = ignored + engaged.

    Leads, quotations and invoices are those whose source is one of the mailings, as in core; invoices that are no
    draft and not cancelled count without taxes, refunds negative. *Paid* is the part of them that was paid. Leads
    brought back are those that one of the mailings, or the journey itself, brought back; their expected revenue is
    today's, and what of it was won.

    Everything is counted with the rights of the user, in the currency of the current company at today's rates.
    """

    _name = "mailing.results"
    _description = "Results of Mailings"

    result_sent = fields.Integer("Mails Sent", compute="_compute_result_mails")
    result_received = fields.Integer("Received", compute="_compute_result_mails")
    result_opened = fields.Integer("Opened by People", compute="_compute_result_mails")
    result_clicked = fields.Integer("Clicked by People", compute="_compute_result_mails")
    result_replied = fields.Integer("Replied by People", compute="_compute_result_mails")
    result_bounced = fields.Integer("Mails Bounced", compute="_compute_result_mails")
    result_ignored = fields.Integer("Ignored", compute="_compute_result_mails", help="Received, and nothing done.")
    result_engaged = fields.Integer(
        "Engaged", compute="_compute_result_mails", help="Opened, clicked or replied, by a person."
    )
    result_leads = fields.Integer("New Leads", compute="_compute_result_leads")
    result_quotations = fields.Integer("Quotations Made", compute="_compute_result_quotations")
    result_invoiced = fields.Monetary(
        "Invoiced", compute="_compute_result_invoiced", currency_field="result_currency_id", help="Without taxes."
    )
    result_paid = fields.Monetary(
        "Of Which Paid", compute="_compute_result_invoiced", currency_field="result_currency_id"
    )
    result_reactivated = fields.Integer("Leads Brought Back", compute="_compute_result_reactivated")
    result_reactivated_won = fields.Integer("Of Which Won", compute="_compute_result_reactivated")
    result_expected_revenue = fields.Monetary(
        "Recovered Expected Revenue",
        compute="_compute_result_reactivated",
        currency_field="result_currency_id",
        help="Expected revenue of the leads that were brought back, whatever became of them.",
    )
    result_won_revenue = fields.Monetary(
        "Recovered and Won", compute="_compute_result_reactivated", currency_field="result_currency_id"
    )
    result_cost = fields.Monetary("Cost", currency_field="result_cost_currency_id", copy=False)
    result_cost_currency_id = fields.Many2one(
        "res.currency", "Currency of the Cost", default=lambda self: self.env.company.currency_id
    )
    result_cost_per_lead = fields.Monetary(
        "Cost of a Lead Brought Back", compute="_compute_result_cost_per_lead", currency_field="result_cost_currency_id"
    )
    result_currency_id = fields.Many2one("res.currency", compute="_compute_result_currency_id")
    result_shows_orders = fields.Boolean(compute="_compute_result_currency_id")
    result_shows_invoices = fields.Boolean(compute="_compute_result_currency_id")

    # What belongs to a record -------------------------------------------------------------------------------------

    def _get_result_mailings(self):
        """Mailings whose results are these records': ``{record id: mailing.mailing}``, read with system rights."""
        raise NotImplementedError

    def _get_result_pairs(self):
        """:return: all mailings, and ``{mailing id: [records whose results it has a part in]}``"""
        mailings, records_of = self.env["mailing.mailing"].sudo(), {}
        found = self._get_result_mailings()
        for record in self:
            own = found.get(record.id, mailings.browse())
            mailings |= own
            for mailing_id in own.ids:
                records_of.setdefault(mailing_id, []).append(record)
        return mailings, records_of

    def _get_reactivated_domain(self):
        """Leads that these records brought back."""
        mailings, _records = self._get_result_pairs()
        return Domain("reactivation_mailing_id", "in", mailings.ids)

    def _get_reactivating(self, lead, records_of):
        """Those of these records that brought a lead back."""
        return records_of.get(lead.sudo().reactivation_mailing_id.id, [])

    @api.model
    def _get_result_leads_model(self):
        return self.env["crm.lead"].with_context(active_test=False)

    # Figures ------------------------------------------------------------------------------------------------------

    def _set_results(self, names, found):
        """Set each field of ``names``, in the order of the numbers in ``found``, ``{record id: numbers}``."""
        for record in self:
            numbers = found.get(record.id) or [0] * len(names)
            for name, number in zip(names, numbers, strict=True):
                record[name] = number

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_result_mails(self):
        mailings, records_of = self._get_result_pairs()
        found = {}
        Outcome = self.env["mailing.outcome"]
        if mailings and Outcome.has_access("read"):
            rows = Outcome.with_context(outcome_mailing_ids=mailings.ids)._read_group(
                [("mailing_id", "in", mailings.ids)], ["mailing_id"], [f"{name}:sum" for name in COUNTS]
            )
            for mailing, *numbers in rows:
                for record in records_of[mailing.id]:
                    before = found.get(record.id, [0] * len(COUNTS))
                    found[record.id] = [one + more for one, more in zip(before, numbers, strict=True)]
        self._set_results([f"result_{name}" for name in COUNTS], found)

    def _count_by_source(self, Model, domain):
        """``{record id: [count]}`` of the records of a model whose source is one of the mailings."""
        mailings, records_of = self._get_result_pairs()
        found = {}
        if not mailings or not Model.has_access("read"):
            return found
        counts = dict(
            Model._read_group(Domain("source_id", "in", mailings.source_id.ids) & domain, ["source_id"], ["__count"])
        )
        for mailing in mailings:
            for record in records_of[mailing.id]:
                found[record.id] = [found.get(record.id, [0])[0] + counts.get(mailing.source_id, 0)]
        return found

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_result_leads(self):
        self._set_results(["result_leads"], self._count_by_source(self._get_result_leads_model(), Domain.TRUE))

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_result_quotations(self):
        self._set_results(
            ["result_quotations"], self._count_by_source(self.env["sale.order"], self._get_quotations_domain())
        )

    def _get_quotations_domain(self):
        return Domain("order_line", "!=", False)

    def _get_invoices_domain(self):
        return Domain("state", "not in", ("draft", "cancel"))

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_result_invoiced(self):
        mailings, records_of = self._get_result_pairs()
        sources = {}
        for mailing in mailings:
            sources.setdefault(mailing.source_id.id, []).extend(records_of[mailing.id])
        found, Move = {}, self.env["account.move"]
        if mailings and Move.has_access("read"):
            names = [
                "source_id",
                "amount_untaxed_signed",
                "amount_total_signed",
                "amount_residual_signed",
                "company_id",
            ]
            for move in Move.search_fetch(
                Domain("source_id", "in", list(sources)) & self._get_invoices_domain(), names
            ):
                untaxed = self._to_result_currency(move.amount_untaxed_signed, move.company_id)
                total = move.amount_total_signed
                paid = untaxed * (1 - move.amount_residual_signed / total) if total else untaxed
                for record in sources[move.source_id.id]:
                    before = found.get(record.id, (0, 0))
                    found[record.id] = (before[0] + untaxed, before[1] + paid)
        self._set_results(["result_invoiced", "result_paid"], found)

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_result_reactivated(self):
        names = (
            "result_reactivated",
            "result_reactivated_won",
            "result_expected_revenue",
            "result_won_revenue",
        )
        found, Lead = {}, self._get_result_leads_model()
        if Lead.has_access("read"):
            _mailings, records_of = self._get_result_pairs()
            for lead in Lead.search_fetch(
                self._get_reactivated_domain(),
                ["reactivation_mailing_id", "expected_revenue", "won_status", "company_id"],
            ):
                revenue = self._to_result_currency(lead.expected_revenue, lead.company_id)
                won = lead.won_status == "won"
                for record in self._get_reactivating(lead, records_of):
                    before = found.get(record.id, (0, 0, 0, 0))
                    found[record.id] = (
                        before[0] + 1,
                        before[1] + won,
                        before[2] + revenue,
                        before[3] + (revenue if won else 0),
                    )
        self._set_results(names, found)

    def _to_result_currency(self, amount, company):
        """An amount of a company in the currency of the current one, at today's rate."""
        here = self.env.company
        source = (company or here).sudo().currency_id
        return source._convert(amount or 0, here.currency_id, here, fields.Date.context_today(self))

    @api.depends_context("allowed_company_ids", "uid")
    def _compute_result_currency_id(self):
        self.result_currency_id = self.env.company.currency_id
        self.result_shows_orders = self.env["sale.order"].has_access("read")
        self.result_shows_invoices = self.env["account.move"].has_access("read")

    @api.depends("result_cost", "result_reactivated")
    def _compute_result_cost_per_lead(self):
        for record in self:
            count = record.result_reactivated
            record.result_cost_per_lead = record.result_cost / count if count else 0

    # Records behind the figures -----------------------------------------------------------------------------------

    def action_view_results(self):
        """Button: the records behind one figure, whose name is ``result`` in the context."""
        self.ensure_one()
        what = self.env.context.get("result")
        mailings, _records = self._get_result_pairs()
        of_source = Domain("source_id", "in", mailings.source_id.ids)
        if what in COUNTS:
            action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.mailing_outcome_action")
            domain = Domain("mailing_id", "in", mailings.ids) & Domain(what, "=", 1)
            return action | {"domain": list(domain), "context": {"outcome_mailing_ids": mailings.ids}}
        models_of = {
            "leads": ("crm.lead", of_source, self.env._("Leads")),
            "quotations": ("sale.order", of_source & self._get_quotations_domain(), self.env._("Quotations")),
            "invoiced": ("account.move", of_source & self._get_invoices_domain(), self.env._("Invoices")),
            "reactivated": ("crm.lead", self._get_reactivated_domain(), self.env._("Leads Brought Back")),
            "won": (
                "crm.lead",
                self._get_reactivated_domain() & Domain("won_status", "=", "won"),
                self.env._("Leads Brought Back and Won"),
            ),
        }
        if what not in models_of:
            raise UserError(self.env._("There is no such result."))
        model_name, domain, name = models_of[what]
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model_name,
            "view_mode": "list,form",
            "domain": list(domain),
            "context": {"active_test": False, "create": False},
        }

    def action_compare_results(self):
        """Button: the mails side by side, and week by week."""
        self.ensure_one()
        mailings, _records = self._get_result_pairs()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.mailing_outcome_action")
        return action | {
            "name": self.env._("Results Compared"),
            "domain": [("mailing_id", "in", mailings.ids)],
            "view_mode": "pivot,graph,list",
            "views": [(False, "pivot"), (False, "graph"), (False, "list")],
            "context": {"outcome_mailing_ids": mailings.ids},
        }
