# Email steps whose mail is tested: each participant gets the mail of its arm.
from odoo import models


class JourneyKindEmail(models.AbstractModel):
    """While the test runs, whoever arrives is drawn by the hash of record and test; after the decision newcomers get
    what was decided; the hold-out never gets a mail. Who was drawn keeps the arm at each visit.
    """

    _inherit = "journey.kind.email"

    def _get_mailings(self, node):
        test = node.mailing_id.sudo().ab_test_id
        return super()._get_mailings(node) | test.arm_ids.mailing_id.with_env(node.env)

    def _get_summary(self, node):
        summary = super()._get_summary(node)
        test = node.mailing_id.sudo().ab_test_id
        if not test:
            return summary
        if test.winner_arm_id:
            return self.env._("%(summary)s (A/B test: arm %(arm)s won)", summary=summary, arm=test.winner_arm_id.letter)
        return self.env._("%(summary)s (A/B test of %(count)s arms)", summary=summary, count=len(test.arm_ids))

    def _get_errors(self, node):
        test = node.mailing_id.sudo().ab_test_id
        errors = super()._get_errors(node)
        if test and test.state == "draft":
            errors += test._get_errors()
        return errors

    def _on_publish(self, node):
        result = super()._on_publish(node)
        test = node.mailing_id.sudo().ab_test_id
        if test:
            test._start()
            test.arm_ids.mailing_id.write({"state": "done"})
        return result

    def _on_copy(self, node, copied):
        """The next version goes on with what was decided, or with a test of its own on the same draw."""
        result = super()._on_copy(node, copied)
        test = node.mailing_id.sudo().ab_test_id
        if test:
            test._copy_to_mailing(copied.mailing_id)
        return result

    def _compose(self, node, visits, mailing=None):
        test = node.mailing_id.sudo().ab_test_id
        if not test or mailing or not visits:
            return super()._compose(node, visits, mailing=mailing)
        arms = test._draw_arrivals(list(visits))
        by_arm = {}
        for target_id, visit in visits.items():
            arm = arms.get(target_id)
            if arm is None:
                # excluded from the test: the composer says why there is no mail
                by_arm.setdefault(node.mailing_id, {})[target_id] = visit
            elif arm:
                by_arm.setdefault(arm.mailing_id.with_env(node.env), {})[target_id] = visit
        for of_arm, its_visits in by_arm.items():
            super()._compose(node, its_visits, mailing=of_arm)
        test._note_composed([target_id for target_id in visits if arms.get(target_id)])
        return None

    def _get_reasons(self, node, visits):
        reasons = super()._get_reasons(node, visits)
        test = node.mailing_id.sudo().ab_test_id
        if test and visits:
            rows = test._get_allocations(list(visits))
            for target_id in visits:
                state = rows.get(target_id, {}).get("state")
                if state == "holdout":
                    reasons[target_id] = self.env._("Hold-out of the A/B test: gets no mail.")
                elif state == "dropped":
                    reasons[target_id] = self.env._("The A/B test ended without a mail for newcomers.")
        return reasons
