# Two workers look for moments at once, and an activity whose transaction ends late.
from datetime import timedelta

from odoo import Command, fields
from odoo.sql_db import db_connect
from odoo.tests import tagged

from .common_committed import CommittedCase

RUN = """
from datetime import timedelta
from odoo.addons.crm_buying_journey.models.insight.moments import engagement_moment_rule_run as run
run.HOLD = timedelta(days=-1)
Rule = env['engagement.moment.rule']
if {slow}:
    make = type(Rule)._make_moments
    def slowly(self, found):
        time.sleep(1)
        return make(self, found)
    type(Rule)._make_moments = slowly
Rule._cron_run()
env.cr.commit()
"""


@tagged("post_install", "-at_install")
class TestMomentWorkers(CommittedCase):
    count = 30

    def setUp(self):
        super().setUp()
        kind = self.real["engagement.activity.type"]._get_by_code("page_viewed")
        self.kind_id = kind.id
        self.others = self.real["engagement.moment.rule"].search([])
        self.others.active = False
        self.rule = self.keep(
            self.real["engagement.moment.rule"].create(
                {
                    "name": "Test",
                    "times": 2,
                    "days": 7,
                    "description": "Twice",
                    "company_id": False,
                    "activity_type_ids": [Command.set(kind.ids)],
                }
            )
        )
        self.people = self.keep(
            self.real["res.partner"].create([{"name": f"Visitor {number}"} for number in range(self.count)])
        )
        self.visit(self.real, self.people, 2)
        self.visit(self.real, self.people, 1)
        self.real_cr.commit()

    def clean(self):
        self.real_cr.rollback()
        self.real.invalidate_all()
        self.others.active = True
        for records in reversed(self.made):
            records.exists().unlink()
        self.real_cr.commit()

    def visit(self, env, people, days_ago):
        date = fields.Datetime.now() - timedelta(days=days_ago)
        return env["engagement.activity"].create(
            [{"type_id": self.kind_id, "partner_id": person.id, "date": date} for person in people]
        )

    def run_together(self, *scripts):
        workers = [self.start_worker(script) for script in scripts]
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker, seconds=300)
        self.real_cr.rollback()
        self.real.invalidate_all()

    def moments(self):
        return self.real["engagement.activity"].search([("moment_rule_id", "=", self.rule.id)])

    def test_two_workers_find_everything_once(self):
        self.run_together(RUN.format(slow=True), RUN.format(slow=True))
        self.run_together(RUN.format(slow=False))
        self.assertEqual(sorted(self.moments().partner_id.ids), sorted(self.people.ids))
        self.assertEqual(len(self.moments()), self.count)
        self.assertEqual(self.rule.made_count, self.count)

    def test_an_activity_that_shows_late_is_found(self):
        """Its id was drawn before that of activities which rules have read already."""
        late_cr = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(late_cr.close)
        latecomer = self.keep(self.real["res.partner"].create({"name": "Latecomer"}))
        self.visit(self.real, latecomer, 3)
        self.real_cr.commit()
        late = self.visit(self.real(cr=late_cr), self.real(cr=late_cr)["res.partner"].browse(latecomer.id), 1)
        late_cr.execute("SELECT 1")
        late.env.flush_all()
        after = self.visit(self.real, self.people[:1], 0)
        self.real_cr.commit()
        self.assertGreater(after.id, late.id)
        settle = "from odoo.addons.crm_buying_journey.models.insight.moments import engagement_moment_rule_run as run\n"
        settle += "run.SETTLE = __import__('datetime').timedelta(0)\n"
        for _look in range(3):  # the mark would have moved by now, were it not for the open transaction
            self.run_together(settle + RUN.format(slow=False))
        self.assertNotIn(latecomer, self.moments().partner_id)
        self.assertLess(self.rule.read_mark, late.id)
        late_cr.commit()
        self.run_together(settle + RUN.format(slow=False))
        self.assertIn(latecomer, self.moments().partner_id)
        for _look in range(3):
            self.run_together(settle + RUN.format(slow=False))
        self.assertGreaterEqual(self.rule.read_mark, after.id, "nothing is read for ever")
        self.assertEqual(len(self.moments()), self.count + 1)
