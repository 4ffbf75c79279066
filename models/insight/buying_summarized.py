# Whatever has a summary: groups, accounts and people.
from odoo import api, fields, models


class BuyingSummarized(models.AbstractModel):
    """The summary of a record, what readers think of it, and a button that has it written anew."""

    _name = "buying.summarized"
    _description = "Record with a Summary"

    summary = fields.Text(compute="_compute_summary", groups="crm_buying_journey.group_sales")
    summary_is_generated = fields.Boolean(
        "Written by a Model",
        compute="_compute_summary",
        groups="crm_buying_journey.group_sales",
        help="An external model wrote the text from activity data; it may be inaccurate.",
    )
    summary_can_be_written = fields.Boolean(compute="_compute_summary", groups="crm_buying_journey.group_sales")
    summary_opinion = fields.Selection(
        [("good", "Helpful"), ("bad", "Not helpful")],
        compute="_compute_summary",
        groups="crm_buying_journey.group_sales",
        help="What you said about this very text.",
    )

    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_summary(self):
        real = self._origin
        summaries = self.env["buying.summary"]._get_summaries(real)
        opinions = self.env["buying.summary.opinion"]._get_mine(real._name, {r.id: summaries[r.id] for r in real})
        is_on = self.env["buying.summary.openai"]._is_on()
        for record in self:
            of_record = summaries.get(record._origin.id, {})
            record.summary = of_record.get("text", False)
            record.summary_is_generated = of_record.get("is_generated", False)
            record.summary_can_be_written = is_on and not of_record.get("is_generated")
            record.summary_opinion = opinions.get(record._origin.id, False)

    def action_summary_good(self):
        """Button: the summary was helpful."""
        return self._give_opinion("good")

    def action_summary_bad(self):
        """Button: the summary was not helpful."""
        return self._give_opinion("bad")

    def _give_opinion(self, opinion):
        self.ensure_one()
        self.check_access("read")
        summary = self.env["buying.summary"]._get_summaries(self)[self.id]
        self.env["buying.summary.opinion"]._give(self, summary, opinion)
        self.invalidate_recordset(["summary_opinion"])
        return True

    def action_write_summary(self):
        """Button: let the external model write the summary now.

        :raise UserError: it failed, with the reason
        """
        self.ensure_one()
        self.check_access("read")
        self.env["buying.summary"]._write_with_provider(self, raise_if_failed=True)
        self.invalidate_recordset(["summary", "summary_is_generated"])
        return True
