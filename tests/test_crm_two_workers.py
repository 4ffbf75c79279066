# Two workers and the same lost leads at the same moment, real processes on committed data.
from odoo import SUPERUSER_ID
from odoo.tests import tagged

from .common_committed import CommittedCase

# both have looked at their audience before either has let it in
TICK = """
Engine = type(env['journey.engine'])
insert = Engine._insert_entries
def slowly(self, journey, now, domain, since=None, happened=None):
    self.env.cr.execute("SELECT 1")
    open({mine!r}, 'w').close()
    for _moment in range(500):
        if os.path.exists({other!r}):
            break
        time.sleep(0.02)
    return insert(self, journey, now, domain, since, happened)
Engine._insert_entries = slowly
search = type(env['journey.journey']).search
env['journey.journey'].browse({journey}).state
type(env['journey.journey']).search = lambda self, domain, *a, **k: (
    search(self, domain, *a, **k) & self.browse({journey}))
for _turn in range(3):
    env['journey.engine']._enrol()
"""
RESTORE = """
from odoo.service.model import retrying
action = env.ref('crm_buying_journey.action_lead_restore')
# a person: what the superuser runs counts as a journey's doing
action = action.with_user(env.ref('base.user_admin'))
leads = env['crm.lead'].browse({ids})
leads.mapped('won_status')
open({mine!r}, 'w').close()
for _moment in range(500):
    if os.path.exists({other!r}):
        break
    time.sleep(0.02)
def restore():
    action.with_context(active_model='crm.lead', active_ids={ids}, active_id={ids}[0]).run()
retrying(restore, env)
env.cr.commit()
"""
# dies when everything is made and nothing is committed
KILLED = """
wizard = env['crm.lead.reactivate'].create({{'lead_ids': [(6, 0, {ids})], 'name': 'Two workers, killed'}})
wizard.action_count()
wizard.action_create_mailing()
wizard.action_create_ab_mailing()
wizard.action_create_journey()
wizard.action_save_filter()
env.flush_all()
os.kill(os.getpid(), 9)
"""


@tagged("post_install", "-at_install")
class TestReactivationTwoWorkers(CommittedCase):
    def setUp(self):
        super().setUp()
        self.real["ir.cron"].search([("cron_name", "ilike", "Journeys:")]).active = False
        self.leads = self.keep(
            self.real["crm.lead"].create(
                [
                    {
                        "name": f"Two workers {number}",
                        "email_from": f"two.{number}@workers.example.com",
                        "user_id": False,
                    }
                    for number in range(6)
                ]
            )
        )
        self.leads.action_set_lost()
        self.real_cr.commit()

    def clean(self):
        self.real_cr.rollback()
        self.real.invalidate_all()
        self.real["ir.cron"].with_context(active_test=False).search([("cron_name", "ilike", "Journeys:")]).active = True
        journeys = self.real["journey.journey"].search([("name", "=", "Two workers")])
        mailings = journeys.version_ids.node_ids.mailing_id
        self.real_cr.execute("DELETE FROM journey_journey WHERE id = ANY(%s)", [journeys.ids])
        self.real_cr.execute("DELETE FROM mailing_cap WHERE email = 'journeys of leads'")
        self.real.invalidate_all()
        mailings.exists().unlink()
        for records in reversed(self.made):
            records.exists().unlink()
        self.real_cr.commit()

    def run_together(self, script, values):
        gates = [f"{self.folder}/ready.{number}" for number in range(2)]
        workers = [
            self.start_worker(script.format(mine=gates[number], other=gates[1 - number], **values[number]))
            for number in range(2)
        ]
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker, seconds=300)
        self.real_cr.rollback()
        self.real.invalidate_all()

    def test_two_journeys_let_nobody_in_twice(self):
        audience = [
            ("active", "=", False),
            ("won_status", "=", "lost"),
            ("id", "in", self.leads.ids),
            ("is_in_running_journey", "=", False),
        ]
        journeys = self.real["journey.journey"]
        for _number in range(2):
            journeys |= journeys.with_user(SUPERUSER_ID)._create_reactivation(audience, name="Two workers")
        journeys.action_publish()
        self.real_cr.commit()
        self.run_together(TICK, [{"journey": journey.id} for journey in journeys])
        entered = journeys.participant_ids.mapped("res_id")
        self.assertEqual(sorted(entered), sorted(self.leads.ids), "each lead is in one of the two journeys")

    def test_two_who_restore_the_same_leads_do_it_once(self):
        ids = self.leads.ids
        self.run_together(RESTORE, [{"ids": ids}, {"ids": ids}])
        self.assertEqual(set(self.leads.mapped("active")), {True})
        for lead in self.leads:
            notes = lead.message_ids.filtered(lambda message: "brought back" in (message.body or ""))
            self.assertEqual(len(notes), 1)
            self.assertEqual(len(lead.activity_ids), 1)

    def test_who_dies_while_creating_leaves_nothing_half_made(self):
        worker = self.start_worker(KILLED.format(ids=self.leads.ids))
        self.end_worker(worker, expected=-9, seconds=300)
        self.real_cr.rollback()
        for model_name in ("journey.journey", "mailing.mailing", "mailing.filter", "crm.lead.reactivate"):
            self.assertFalse(self.real[model_name].search([("name", "=", "Two workers, killed")]), model_name)
