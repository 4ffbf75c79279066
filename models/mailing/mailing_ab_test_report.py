# A/B tests: what the screen shows of figures and decision.
from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_datetime, formatLang

from ...tools.percent import format_percent


class MailingAbTest(models.Model):
    _inherit = "mailing.ab.test"

    comparison_html = fields.Html("Comparison", compute="_compute_comparison_html", sanitize=False)
    decision_html = fields.Html("Decision Record", compute="_compute_decision_html", sanitize=False)
    decision_basis = fields.Char("Decided From", compute="_compute_decision_basis")
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
            # figures are counts, and the same for everybody who may see the test
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

    @api.depends_context("lang")
    @api.depends("decision_data", "decision_date")
    def _compute_decision_basis(self):
        """The counts at the moment of the decision: later ones hold the rest, too, and would not fit its reason."""
        for test in self:
            test.decision_basis = False
            if record := test.decision_data:
                show = test._get_formats(record)
                test.decision_basis = self.env._(
                    "Decided on %(date)s from these figures: %(arms)s.",
                    date=_date(self.env, record["date"]),
                    arms=", ".join(
                        self.env._(
                            "%(arm)s %(events)s of %(count)s (%(rate)s)",
                            arm=arm["letter"],
                            events=show["number"](arm["events"]),
                            count=show["number"](arm["count"]),
                            rate=show["rate"](arm["mean"]),
                        )
                        for arm in record["arms"]
                    ),
                )

    def _get_formats(self, record):
        """How numbers of a record are written, in the user's language.

        :return: ``{name: function}``
        :rtype: dict
        """
        currency = self.company_id.currency_id or self.env.company.currency_id

        def number(value):
            return formatLang(self.env, value, digits=0)

        def percent(value, digits=1):
            return format_percent(self.env, 100 * value, digits)

        def amount(value):
            return formatLang(self.env, value, currency_obj=currency)

        def rate(value):
            if value is None:
                return "–"
            return amount(value) if record["is_amount"] else percent(value)

        def signed(value, text):
            return f"+{text}" if value > 0 else text

        def step(value):
            if value is None:
                return "–"
            if record["is_amount"]:
                return signed(value, amount(value))
            points = formatLang(self.env, 100 * value, digits=1)
            return self.env._("%(points)s pp", points=signed(value, points))

        def interval(low, high, show=rate):
            if low is None or high is None:
                return "–"
            # a word between them: a dash beside negative numbers would read as one
            return self.env._("%(low)s to %(high)s", low=show(low), high=show(high))

        def p_value(value):
            if value < 0.001:
                return self.env._("below %(number)s", number=formatLang(self.env, 0.001, digits=3))
            return formatLang(self.env, value, digits=3)

        def lift(line, key):
            return amount(line[key]) if line["amount"] else percent(line[key], 2)

        def lift_of(line, side):
            return self.env._(
                "%(rate)s (%(events)s of %(count)s)",
                rate=lift(line, f"{side}mean"),
                events=number(line[f"{side}events"]),
                count=number(line[f"{side}count"]),
            )

        def filtered(arm, name):
            return self.env._(
                "%(number)s (%(unfiltered)s)",
                number=number(arm["figures"][name]),
                unfiltered=number(arm["figures"][f"{name}_raw"]),
            )

        return {
            "number": number,
            "rate": rate,
            "step": step,
            "interval": interval,
            "p_value": p_value,
            "lift": lift,
            "lift_of": lift_of,
            "lift_interval": lambda line: interval("low", "high", lambda side: lift(line, side)),
            "filtered": filtered,
            "amount": amount,
        }

    def _get_explanation(self, record):
        """How the decision was made, for whoever wants to check it."""
        metric = self._get_metrics().get(record["metric"], {}).get("label", record["metric"])
        deadline = _date(self.env, record["deadline"]) if record["deadline"] else "–"
        rules = {
            "fixed": self.env._(
                "Looked at once, at the deadline (%(deadline)s): test of two proportions, or Welch's for amounts; "
                "intervals of differences by Newcombe.",
                deadline=deadline,
            ),
            "sequential": self.env._(
                "Looked at all the time until the deadline (%(deadline)s): p-values and intervals of an asymptotic "
                "confidence sequence, valid however often one looks.",
                deadline=deadline,
            ),
            "manual": self.env._("Decided by hand; the p-values are those of one look."),
        }
        return [
            self.env._(
                "Figures as of %(date)s, by “%(metric)s”.",
                date=_date(self.env, record["date"]),
                metric=metric,
            ),
            rules[record["method"]],
            self.env._(
                "Confidence %(confidence)s, at least %(least)s recipients per arm, p-values corrected for the "
                "number of comparisons by Holm; intervals of rates by Wilson.",
                confidence=self._format_confidence(record),
                least=formatLang(self.env, record["min_sample"], digits=0),
            ),
        ]

    def _get_caption(self):
        """What the figures on the form are, which change while answers come in."""
        if self.state == "decided":
            return self.env._(
                "Figures as of now, of the test and of the rest together. What was decided from stands above, and in "
                "the decision record."
            )
        return self.env._("Figures as of now.")

    def _label_lift(self, lines):
        """Lines of a record that was kept, with their words in the language of who looks; who decided had another."""
        labels = {code: outcome["label"] for code, outcome in self._get_lift_outcomes().items()}
        # one letter is an arm; all of them together are told in words
        return [
            line
            | {
                "label": labels.get(line["outcome"], line["label"]),
                "arm": line["arm"] if len(line["arm"]) == 1 else self.env._("All arms"),
            }
            for line in lines
        ]

    def _format_confidence(self, record):
        """Without zeros that say nothing: 95, 97.5."""
        return format_percent(self.env, f"{record['confidence']:g}")

    def _render_record(self, template, record):
        """One record of figures as HTML.

        :rtype: Markup
        """
        record = record | {"lift": self._label_lift(record.get("lift") or [])}
        top = max([arm["high"] for arm in record["arms"]] + [arm["mean"] for arm in record["arms"]] + [1e-9])
        return Markup(
            self.env["ir.qweb"]._render(
                template,
                {
                    "test": self,
                    "record": record,
                    "show": self._get_formats(record),
                    "place": lambda value: f"{max(0.0, min(100.0, 100 * value / top)):.2f}",
                    "width": lambda low, high: f"{max(0.5, min(100.0, 100 * (high - max(0.0, low)) / top)):.2f}",
                    "winner_id": self.winner_arm_id.id,
                    "caption": self._get_caption(),
                    "explanation": self._get_explanation(record),
                    "interval_label": self.env._("%(confidence)s interval", confidence=self._format_confidence(record)),
                    "pair_label": lambda pair: self.env._(
                        "%(second)s against %(first)s", second=pair["second"], first=pair["first"]
                    ),
                    "metric_label": self._get_metrics().get(record["metric"], {}).get("label", record["metric"]),
                },
            )
        )


def _date(env, value):
    """A moment without its seconds."""
    return format_datetime(env, value, dt_format="short")
