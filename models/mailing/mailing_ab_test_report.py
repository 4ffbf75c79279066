# A/B tests: what the screen shows of figures and decision.
from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_datetime


class MailingAbTest(models.Model):
    _inherit = "mailing.ab.test"

    comparison_html = fields.Html("Comparison", compute="_compute_comparison_html", sanitize=False)
    decision_html = fields.Html("Decision Record", compute="_compute_decision_html", sanitize=False)
    allocation_count = fields.Integer("Recipients", compute="_compute_counts")
    holdout_count = fields.Integer("Hold-Out Recipients", compute="_compute_counts")
    excluded_count = fields.Integer("Excluded", compute="_compute_counts")
    held_count = fields.Integer("Waiting for the Decision", compute="_compute_counts")

    def _compute_counts(self):
        counts = {}
        groups = (
            self.env["mailing.ab.allocation"]
            .sudo()
            ._read_group([("test_id", "in", self.ids)], ["test_id", "state"], ["__count"])
        )
        for test, state, count in groups:
            counts[test.id, state] = count
        for test in self:
            of_test = {state: counts.get((test.id, state), 0) for state in ("excluded", "holdout", "held")}
            test.excluded_count = of_test["excluded"]
            test.holdout_count = of_test["holdout"]
            test.held_count = of_test["held"]
            test.allocation_count = sum(count for (test_id, _state), count in counts.items() if test_id == test.id)

    @api.depends_context("lang")
    @api.depends("state", "metric", "confidence", "arm_ids", "winner_arm_id")
    def _compute_comparison_html(self):
        for test in self:
            if not test.ids or test.state == "draft":
                test.comparison_html = False
                continue
            record = test.sudo()._get_record()
            test.comparison_html = test._render_record("crm_buying_journey.ab_comparison", record)

    @api.depends_context("lang")
    @api.depends("decision_data", "decision_reason")
    def _compute_decision_html(self):
        for test in self:
            test.decision_html = (
                test._render_record("crm_buying_journey.ab_decision", test.decision_data)
                if test.decision_data
                else False
            )

    def _render_record(self, template, record):
        """One record of figures as HTML.

        :rtype: Markup
        """
        top = max([arm["high"] for arm in record["arms"]] + [arm["mean"] for arm in record["arms"]] + [1e-9])
        is_amount = record["is_amount"]

        def show(value):
            if value is None:
                return "–"
            return f"{value:,.2f}" if is_amount else f"{100 * value:.1f} %"

        def show_step(value):
            if value is None:
                return "–"
            return f"{value:+,.2f}" if is_amount else self.env._("%(points)s pp", points=f"{100 * value:+.1f}")

        def show_p(value):
            return "< 0.001" if value < 0.001 else f"{value:.3f}"

        def show_lift(line, key):
            return f"{line[key]:,.2f}" if line["amount"] else f"{100 * line[key]:.2f} %"

        return Markup(
            self.env["ir.qweb"]._render(
                template,
                {
                    "test": self,
                    "record": record,
                    "show": show,
                    "show_step": show_step,
                    "show_p": show_p,
                    "show_lift": show_lift,
                    "place": lambda value: f"{max(0.0, min(100.0, 100 * value / top)):.2f}",
                    "width": lambda low, high: f"{max(0.5, min(100.0, 100 * (high - max(0.0, low)) / top)):.2f}",
                    "winner_id": self.winner_arm_id.id,
                    "when": format_datetime(self.env, record["date"]),
                    "deadline": format_datetime(self.env, record["deadline"]) if record["deadline"] else "",
                    "metric_label": self._get_metrics().get(record["metric"], {}).get("label", record["metric"]),
                },
            )
        )
