# A/B tests: the decision.
import logging
from itertools import combinations

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.modules import module

from ...tools.experiments import (
    difference_interval,
    fixed_p_value,
    holm,
    sequential_interval,
    sequential_p_value,
    too_few_events,
)
from ..journey.journey_engine import RETRYABLE

_logger = logging.getLogger(__name__)


class MailingAbTest(models.Model):
    """How a test ends. An arm wins if it is better than *each* other arm at the test's confidence, after Holm's
    correction over all pairs of arms. With the method *at the deadline* this is looked at once, by the z test of two
    proportions (Welch's for amounts). With *as soon as it is clear* it may be looked at always, by a p-value that stays
    valid (an asymptotic confidence sequence). If no arm has won by the deadline, the test is inconclusive and the
    fallback follows.

    Nobody wins before each arm has the minimum sample, nor where so little happened that the tests' approximation is
    not to be trusted; so not without data, and not on a tie.
    """

    _inherit = "mailing.ab.test"

    def decide(self):
        """Decide if the rules allow it, and let the rest have what was decided.

        :return: ``winner``, ``inconclusive`` or ``manual`` if the test is decided, now or before; ``pending`` if it is
                 not, and ``pending_reason`` says why
        :rtype: str
        """
        self.ensure_one()
        self.check_access("write")
        # rights were asked above; figures are those of all recipients, whom the user need not see
        test = self.sudo()
        if test.state in ("draft", "stopped"):
            reason = (
                self.env._("The test has not started.")
                if test.state == "draft"
                else self.env._("The test was stopped.")
            )
            test.write({"pending_reason": reason, "checked_date": fields.Datetime.now()})
            return "pending"
        if test.state == "running" and test._lock():
            outcome, arm, reason, data = test._judge()
            if outcome:
                test._conclude(outcome, arm, reason, data)
            else:
                test.write({"pending_reason": reason, "checked_date": fields.Datetime.now()})
        return test.outcome or "pending"

    def choose(self, arm):
        """Choose an arm by hand: while the test runs, or after it ended without a winner.

        :param arm: the arm that the rest shall get
        :return: ``manual``
        :rtype: str
        """
        self.ensure_one()
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group("crm_buying_journey.group_user"):
            raise UserError(self.env._("Only users of Buying Journeys choose an arm."))
        test = self.sudo()
        if arm.test_id != test or test.state not in ("running", "decided"):
            raise UserError(self.env._("Only an arm of a test that runs, or ended without a winner, can be chosen."))
        test._lock(wait=True)
        if test.winner_arm_id:
            raise UserError(self.env._("This test is decided: arm %(arm)s.", arm=test.winner_arm_id.letter))
        if test.state == "decided" and not test.journey_node_id and not test._count_rest():
            raise UserError(self.env._("Nobody is left to be mailed: the rest got what the test's rule said."))
        data = test._get_record()
        reason = self.env._("%(user)s chose arm %(arm)s.", user=self.env.user.name, arm=arm.letter)
        test._conclude("manual", arm.sudo(), reason, data, user=self.env.user)
        return "manual"

    def _lock(self, wait=False):
        """Two decisions at once must not both release the rest. :return: whether this one has the test now"""
        if wait:
            # Odoo's own lock waits for nobody; if the other one decides, the host tries this call again
            query = "SELECT FROM mailing_ab_test WHERE id = %s FOR UPDATE"
            self.env.cr.execute(query, [self.id], log_exceptions=False)
            locked = self
        else:
            locked = self.try_lock_for_update()
        self.invalidate_recordset(["state", "outcome", "winner_arm_id"])
        return bool(locked) and (wait or self.state == "running")

    def _judge(self):
        """What the rules say now.

        :return: ``(outcome or None, arm or empty, reason, decision record)``
        :rtype: tuple
        """
        none = self.arm_ids.browse()
        is_due = bool(self.deadline and self.deadline <= fields.Datetime.now())
        if self.method == "manual":
            return None, none, self.env._("This test is decided by hand: choose an arm."), None
        if self.method == "fixed" and not is_due:
            return None, none, self.env._("The figures are looked at once, at the deadline."), None
        record = self._get_record()
        if waiting := self._get_waiting():
            return None, none, waiting, record
        small = [arm for arm in record["arms"] if arm["count"] < self.min_sample]
        if small:
            reason = self.env._(
                "Too few recipients: %(arms)s of at least %(least)s.",
                arms=", ".join(f"{arm['letter']} {arm['count']}" for arm in small),
                least=self.min_sample,
            )
            winner = none
        else:
            winner, reason = self._find_winner(record)
        if winner:
            return "winner", winner, reason, record
        return ("inconclusive" if is_due else None), none, reason, record

    def _get_waiting(self):
        """Why the figures are not complete yet: mails that were drawn but have not left.

        :rtype: str | None
        """
        if self.journey_node_id:
            return None  # somebody always arrives; only mails that left are counted
        figures, outbox = self._get_figures(), self._count_outbox()
        waiting = {arm: figures[arm.id]["waiting"] + outbox.get(arm, 0) for arm in self.arm_ids}
        if not any(waiting.values()):
            return None
        return self.env._(
            "Mails still wait to be sent: %(arms)s.",
            arms=", ".join(f"{arm.letter} {count}" for arm, count in waiting.items() if count),
        )

    def _find_winner(self, record):
        """The arm that is better than each other one.

        :param dict record: see :meth:`_get_record`
        :return: ``(arm or empty, reason)``
        :rtype: tuple
        """
        alpha = 1 - self.confidence / 100
        none = self.arm_ids.browse()
        if not any(arm["events"] for arm in record["arms"]):
            return none, self.env._("Nothing was counted in any arm.")
        best = max(record["arms"], key=lambda arm: arm["mean"])
        ties = [arm["letter"] for arm in record["arms"] if arm["mean"] == best["mean"] and arm is not best]
        if ties:
            return none, self.env._(
                "Arms %(first)s and %(second)s are exactly equal.", first=best["letter"], second=", ".join(ties)
            )
        unclear, few = [], []
        for pair in record["pairs"]:
            if best["id"] not in (pair["first_id"], pair["second_id"]):
                continue
            other = pair["second"] if pair["first_id"] == best["id"] else pair["first"]
            if pair["too_few"]:
                few.append(other)
            elif pair["corrected"] >= alpha:
                unclear.append(self.env._("%(arm)s (p = %(p)s)", arm=other, p=_round_p(pair["corrected"])))
        if few:
            return none, self.env._(
                "Too little happened to compare %(best)s with %(others)s.", best=best["letter"], others=", ".join(few)
            )
        if unclear:
            return none, self.env._(
                "%(best)s is ahead, but may be so by chance: %(others)s.",
                best=best["letter"],
                others=", ".join(unclear),
            )
        worst = max(
            pair["corrected"] for pair in record["pairs"] if best["id"] in (pair["first_id"], pair["second_id"])
        )
        reason = self.env._(
            "%(best)s is better than every other arm (p ≤ %(p)s).", best=best["letter"], p=_round_p(worst)
        )
        return self.arm_ids.browse(best["id"]), reason

    def _get_record(self):
        """The figures as they are now, and every comparison: what the decision is made from and keeps.

        :rtype: dict
        """
        self.ensure_one()
        confidence = self.confidence / 100
        alpha = 1 - confidence
        metric = self._get_metrics()[self.metric]
        figures = self._get_figures()
        samples = {arm: self._get_sample(figures[arm.id]) for arm in self.arm_ids}
        arms = []
        for arm, sample in samples.items():
            low, high = sample.interval(confidence)
            arms.append(
                {
                    "id": arm.id,
                    "letter": arm.letter,
                    "subject": arm.subject,
                    "count": sample.count,
                    "events": sample.events,
                    "raw": figures[arm.id][metric["raw"]] if metric.get("raw") else None,
                    "total": figures[arm.id][metric["total"]] if metric.get("total") else None,
                    "mean": sample.mean,
                    "low": low,
                    "high": high,
                    "figures": figures[arm.id],
                }
            )
        sequential = self.method == "sequential"
        pairs = []
        for (first, one), (second, other) in combinations(samples.items(), 2):
            p_value = sequential_p_value(one, other, alpha) if sequential else fixed_p_value(one, other)
            interval = (
                sequential_interval(one, other, alpha) if sequential else difference_interval(one, other, confidence)
            )
            finite = all(abs(bound) < float("inf") for bound in interval)
            pairs.append(
                {
                    "first_id": first.id,
                    "second_id": second.id,
                    "first": first.letter,
                    "second": second.letter,
                    "difference": other.mean - one.mean,
                    "low": interval[0] if finite else None,
                    "high": interval[1] if finite else None,
                    "p_value": p_value,
                    "too_few": too_few_events(one, other),
                }
            )
        for pair, corrected in zip(pairs, holm([pair["p_value"] for pair in pairs]), strict=True):
            pair["corrected"] = corrected
        return {
            "metric": self.metric,
            "metric_label": metric["label"],
            "is_amount": "total" in metric,
            "method": self.method,
            "confidence": self.confidence,
            "min_sample": self.min_sample,
            "deadline": fields.Datetime.to_string(self.deadline) if self.deadline else None,
            "date": fields.Datetime.to_string(fields.Datetime.now()),
            "arms": arms,
            "pairs": pairs,
            "lift": self._get_lift(),
        }

    def _conclude(self, outcome, arm, reason, data, user=None):
        """Write down the decision and let the rest have it."""
        rest = arm or (self.default_arm_id if self.fallback == "default" else arm)
        self.write(
            {
                "state": "decided",
                "outcome": outcome,
                "winner_arm_id": arm.id,
                "rest_arm_id": rest.id,
                "decision_date": fields.Datetime.now(),
                "decision_user_id": user.id if user else False,
                "decision_rule": "manual" if user else self.method,
                "decision_reason": reason,
                "decision_data": data,
                "pending_reason": False,
                "checked_date": fields.Datetime.now(),
            }
        )
        if not self.journey_node_id:
            self._release_rest()
        self._announce()

    def _announce(self):
        """Tell who answers for the test how it ended, from which figures, and what follows."""
        outcome = dict(self._fields["outcome"]._description_selection(self.env))[self.outcome]
        texts = [
            self.env._("%(outcome)s. %(reason)s", outcome=outcome, reason=self.decision_reason),
            self.decision_basis,
            self._get_consequence(),
        ]
        self.message_post(
            subject=self.env._("A/B test “%(name)s”: %(outcome)s", name=self.name, outcome=outcome),
            body=Markup().join(Markup("<p>%s</p>") % text for text in texts if text),
            partner_ids=self.user_id.partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )

    def _get_consequence(self):
        """What those get who had no mail when the test was decided."""
        if self.rest_arm_id:
            return self.env._("The rest gets arm %(arm)s.", arm=self.rest_arm_id.display_name)
        if self.fallback == "split":
            return self.env._("The rest goes on being split.")
        return self.env._("The rest gets no mail.")

    def action_decide(self):
        """Button: decide if the rules allow it, and say if they don't."""
        self.ensure_one()
        if self.decide() == "pending":
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "warning",
                    "title": self.env._("Not Decided Yet"),
                    "message": self.pending_reason,
                    "next": {"type": "ir.actions.client", "tag": "soft_reload"},
                },
            }
        return None

    @api.model
    def _cron_decide(self):
        """Look at every running test. Each one in a transaction of its own: one that fails stops no other."""
        tests = self.search([("state", "=", "running"), ("method", "!=", "manual")])
        self._commit_cron(0, len(tests))
        for test in tests:
            try:
                with self.env.cr.savepoint():
                    # the reason is written for who answers for the test
                    test.with_context(lang=test.user_id.lang).decide()
            except RETRYABLE:  # somebody wrote to the same rows: nothing is wrong with the test, try again
                raise
            except Exception as error:  # whatever is wrong with one test, the others go on
                self.env.invalidate_all()
                _logger.info("The A/B test %s could not be decided", test.id, exc_info=True)
                with self.env.cr.savepoint():
                    test._note_undecided(error)
            if not self._commit_cron(1):
                self.env.ref("crm_buying_journey.ir_cron_mailing_ab_test")._trigger()
                break

    def _note_undecided(self, error):
        text = (str(error) or type(error).__name__).replace("\0", "")
        reason = self.env._("The test could not be decided: %(error)s", error=text)
        if reason != self.pending_reason:
            self.message_post(body=reason, partner_ids=self.user_id.partner_id.ids, subtype_xmlid="mail.mt_note")
        self.write({"pending_reason": reason, "checked_date": fields.Datetime.now()})

    def _commit_cron(self, processed, remaining=None):
        if module.current_test:
            self.env.flush_all()
            return True
        return self.env["ir.cron"]._commit_progress(processed, remaining=remaining) > 0


def _round_p(value):
    """A p-value as people write it."""
    return f"{value:.3f}" if value >= 0.001 else "0.001"
