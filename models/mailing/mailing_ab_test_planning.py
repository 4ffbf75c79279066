# A/B tests: before launch, how many recipients and how long the test needs.
from math import ceil

from odoo import api, fields, models
from odoo.tools import formatLang

from ...tools.experiments import sample_size, sequential_sample_size
from ...tools.percent import format_percent

POWER = 0.8
HISTORY_DAYS = 30


class MailingAbTest(models.Model):
    _inherit = "mailing.ab.test"

    plan_rate = fields.Float(
        "Rate Today (%)",
        default=20.0,
        digits=(5, 2),
        help="What share of recipients does it now, by the metric.",
    )
    plan_hoped = fields.Float(
        "Rate Hoped For (%)", default=25.0, digits=(5, 2), help="The smallest improvement that is worth finding."
    )
    plan_needed = fields.Integer("Needed per Arm", compute="_compute_plan")
    plan_expected = fields.Integer("Expected per Arm", compute="_compute_plan")
    plan_text = fields.Text(compute="_compute_plan")

    @api.depends(
        "plan_rate",
        "plan_hoped",
        "confidence",
        "method",
        "metric",
        "arm_ids.weight",
        "test_percent",
        "holdout_percent",
        "deadline",
        "mailing_id",
        "state",
    )
    def _compute_plan(self):
        for test in self:
            needed = test._get_needed()
            test.plan_needed = needed or 0
            arrivals, days = test._get_expected()
            shares = [arm.weight for arm in test.arm_ids]
            smallest = min(shares) / sum(shares) if shares and sum(shares) else 0
            test.plan_expected = int(arrivals * smallest)
            test.plan_text = test._get_plan_text(needed, test.plan_expected, arrivals, days, smallest)

    def _get_needed(self):
        """Recipients per arm to find the step from the rate today to the rate hoped for in 80 of 100 cases, with the
        confidence divided by the number of pairs of arms (Bonferroni, which is what Holm asks of the first pair).

        :rtype: int | None
        """
        self.ensure_one()
        if not (0 < self.plan_rate < 100 and 0 < self.plan_hoped < 100) or not 50 <= self.confidence < 100:
            return None
        arms = max(2, len(self.arm_ids))
        alpha = (1 - self.confidence / 100) / (arms * (arms - 1) / 2)
        size = sequential_sample_size if self.method == "sequential" else sample_size
        return size(self.plan_rate / 100, self.plan_hoped / 100, 1 - alpha, POWER)

    def _get_expected(self):
        """Recipients of all arms together by the deadline, and the days until then.

        :rtype: tuple[float, float]
        """
        self.ensure_one()
        if not self.mailing_id:
            return 0, 0
        holdout = 1 - self.holdout_percent / 100
        days = max(0.0, (self.deadline - fields.Datetime.now()).total_seconds() / 86400) if self.deadline else 0.0
        if self.journey_node_id:
            return self._get_arrivals_per_day() * days * holdout, days
        mailing = self.mailing_id
        Model = self.env[mailing.mailing_model_real]
        if not Model.has_access("read"):
            return 0, days
        total = Model.search_count(mailing._get_recipients_domain())
        return total * min(self.test_percent / 100, holdout), days

    def _get_arrivals_per_day(self):
        """How many participants came to the journey on a day of late."""
        since = fields.Datetime.subtract(fields.Datetime.now(), days=HISTORY_DAYS)
        count = self.env["journey.participant"].search_count(
            [("journey_id", "=", self.journey_id.id), ("create_date", ">=", since)]
        )
        return count / HISTORY_DAYS

    def _get_plan_text(self, needed, expected, arrivals, days, smallest):
        if not needed:
            return self.env._("Enter two different rates between 0 and 100%.")
        lines = [
            self.env._(
                "To find a step from %(rate)s to %(hoped)s in 80 of 100 cases, each arm needs about %(needed)s "
                "recipients.",
                rate=format_percent(self.env, f"{self.plan_rate:g}"),
                hoped=format_percent(self.env, f"{self.plan_hoped:g}"),
                needed=formatLang(self.env, needed, digits=0),
            )
        ]
        if self.method == "sequential":
            lines.append(self.env._("A larger difference is found earlier."))
        if not arrivals:
            lines.append(self.env._("How many will come is not known yet."))
        elif expected >= needed:
            lines.append(
                self.env._(
                    "The smallest arm can expect about %(expected)s: that is enough.",
                    expected=formatLang(self.env, expected, digits=0),
                )
            )
        elif self.journey_node_id and days:
            longer = ceil(needed / smallest / (arrivals / days)) if smallest else 0
            lines.append(
                self.env._(
                    "The smallest arm can expect about %(expected)s by the deadline: too few. At the present pace the "
                    "test needs %(days)s days.",
                    expected=formatLang(self.env, expected, digits=0),
                    days=formatLang(self.env, longer, digits=0),
                )
            )
        else:
            lines.append(
                self.env._(
                    "The smallest arm can expect about %(expected)s: too few. Raise the test share, test fewer arms, "
                    "or expect an inconclusive test unless the difference is larger.",
                    expected=formatLang(self.env, expected, digits=0),
                )
            )
        return "\n".join(lines)
