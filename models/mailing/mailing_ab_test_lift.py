# A/B tests: what the mail itself achieved, against those who got none.
from odoo import api, models
from odoo.tools import SQL

from ...tools.experiments import Sample, difference_interval, fixed_p_value


class MailingAbTest(models.Model):
    """Lift. The hold-out has no mail that a lead or an order could name as its source, so here both sides are counted
    the same way: by person, whatever they did since the start of the test, mailed or not, delivered or not.
    """

    _inherit = "mailing.ab.test"

    @api.model
    def _get_lift_outcomes(self):
        """What is compared with the hold-out: what people may do without having got a mail.

        * ``label``: what a user reads
        * ``amount``: whether ``value`` is money rather than a yes or no
        * ``query``: statement that gives ``(allocation id, value)``, at most one row each, of the allocations in
          ``drawn(id, res_model, res_id, email, partner_id, date)``

        :rtype: dict[str, dict]
        """
        return {
            "leads": {
                "label": self.env._("Leads"),
                "query": SQL("""
                    SELECT id, 1 FROM (
                        SELECT drawn.id FROM drawn JOIN crm_lead lead
                            ON lead.partner_id = drawn.partner_id AND lead.create_date >= drawn.date
                           AND (drawn.res_model != 'crm.lead' OR lead.id != drawn.res_id)
                         UNION
                        SELECT drawn.id FROM drawn JOIN crm_lead lead
                            ON lead.email_normalized = drawn.email AND lead.create_date >= drawn.date
                           AND (drawn.res_model != 'crm.lead' OR lead.id != drawn.res_id)) found"""),
            },
            "quotations": {
                "label": self.env._("Quotations"),
                "query": SQL("""
                    SELECT id, 1 FROM (
                        SELECT drawn.id FROM drawn JOIN sale_order sale
                            ON sale.partner_id = drawn.partner_id AND sale.create_date >= drawn.date
                         UNION
                        SELECT drawn.id FROM drawn JOIN sale_order sale
                            ON drawn.res_model = 'crm.lead' AND sale.opportunity_id = drawn.res_id
                           AND sale.create_date >= drawn.date) found"""),
            },
            "revenue": {
                "label": self.env._("Revenue per Recipient"),
                "amount": True,
                "query": SQL("""
                    SELECT drawn.id, SUM(move.amount_untaxed_signed)::float
                      FROM drawn JOIN account_move move
                        ON move.partner_id = drawn.partner_id AND move.create_date >= drawn.date
                       AND move.state = 'posted' AND move.move_type IN ('out_invoice', 'out_refund')
                  GROUP BY drawn.id"""),
            },
        }

    def _get_lift(self):
        """Each arm and all arms together against the hold-out, by each outcome.

        :return: one dict per outcome and side, with the rates, their difference, its interval and p-value; empty
                 without a hold-out
        :rtype: list[dict]
        """
        self.ensure_one()
        if not self.holdout_percent or self.state == "draft":
            return []
        confidence = self.confidence / 100
        result = []
        for code, outcome in self._get_lift_outcomes().items():
            sides = self._count_lift(outcome)
            holdout = sides.get(None)
            if not holdout or not holdout.count:
                continue
            for arm in (*self.arm_ids, self.arm_ids.browse()):
                sample = sides.get(arm.id if arm else "all")
                if not sample or not sample.count:
                    continue
                low, high = difference_interval(holdout, sample, confidence)
                result.append(
                    {
                        "outcome": code,
                        "label": outcome["label"],
                        "amount": bool(outcome.get("amount")),
                        "arm": arm.letter if arm else self.env._("All arms"),
                        "count": sample.count,
                        "events": sample.events,
                        "mean": sample.mean,
                        "holdout_count": holdout.count,
                        "holdout_events": holdout.events,
                        "holdout_mean": holdout.mean,
                        "difference": sample.mean - holdout.mean,
                        "low": low,
                        "high": high,
                        "p_value": fixed_p_value(holdout, sample),
                    }
                )
        return result

    def _count_lift(self, outcome):
        """``{arm id, None for the hold-out or "all": Sample}``"""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
            WITH drawn AS (
                SELECT id, arm_id, res_model, res_id, email, partner_id, date FROM mailing_ab_allocation
                 WHERE test_id = %s AND state IN ('assigned', 'mailed', 'holdout')
            ), value AS (%s)
            SELECT drawn.arm_id, COUNT(*), COUNT(value.id) FILTER (WHERE value.value != 0),
                   COALESCE(SUM(value.value), 0)::float, COALESCE(SUM(value.value * value.value), 0)::float
              FROM drawn LEFT JOIN value ON value.id = drawn.id
          GROUP BY drawn.arm_id
            """,
                self.id,
                SQL("SELECT found.* FROM (%s) AS found(id, value)", outcome["query"]),
            )
        )
        rows = {arm_id: numbers for arm_id, *numbers in self.env.cr.fetchall()}
        arms = [numbers for arm_id, numbers in rows.items() if arm_id]
        if arms:
            rows["all"] = [sum(column) for column in zip(*arms, strict=True)]
        return {
            side: Sample.of_amounts(count, total, squares, events)
            if outcome.get("amount")
            else Sample.of_rate(events, count)
            for side, (count, events, total, squares) in rows.items()
        }
