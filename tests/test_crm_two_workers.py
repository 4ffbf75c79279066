# Two workers and the same lost leads at the same moment, real processes on committed data.
from odoo import SUPERUSER_ID, fields
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
# as a person does it, with Odoo's own way of trying again
BY_HAND = """
from odoo.service.model import retrying
def act():
    leads = env['crm.lead'].with_context(active_test=False).browse({ids})
    {look}
    {wait}
    {act}
retrying(act, env)
env.cr.commit()
{done}
"""
HAND_RESTORES = (
    "env.ref('crm_buying_journey.action_lead_restore').with_user(env.ref('base.user_admin'))"
    ".with_context(active_model='crm.lead', active_ids=leads.exists().ids).run()"
)
HAND_MERGES = "leads.exists().with_user(env.ref('base.user_admin')).merge_opportunity()"
# the scheduled action for mailings, which has chosen whom to bring back
BY_MAILING = """
Mailing = type(env['mailing.mailing'])
restore = Mailing._restore_for
find = Mailing._find_responding_leads
Mailing._find_responding_leads = lambda self: {{
    user: [lead for lead in leads if lead in {ids}] for user, leads in find(self).items()}}
def slowly(self, user, lead_ids, action):
    {wait}
    return restore(self, user, lead_ids, action)
Mailing._restore_for = slowly
env['mailing.mailing']._cron_restore_leads()
env.cr.commit()
{done}
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
        self.restoring = self.real.ref("crm_buying_journey.ir_cron_lead_restore")
        self.restoring.active = False
        self.real_cr.commit()

    def clean(self):
        self.real_cr.rollback()
        self.restoring.active = True
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

    # One is in the middle of it, and another one comes, does something, and is done ----------------------------------

    def make_answered(self):
        """A mailing that all leads got and answered, and that brings them back for it."""
        mailing = self.keep(
            self.real["mailing.mailing"].create(
                {
                    "subject": "Two workers",
                    "mailing_model_id": self.real["ir.model"]._get_id("crm.lead"),
                    "state": "done",
                    "restore_on": "reply",
                }
            )
        )
        mailing.restore_user_id = self.real.ref("base.user_admin")
        traces = self.keep(
            self.real["mailing.trace"].create(
                [
                    {
                        "mass_mailing_id": mailing.id,
                        "model": "crm.lead",
                        "res_id": lead.id,
                        "email": lead.email_normalized,
                        "trace_status": "reply",
                        "sent_datetime": lead.date_closed,
                        "reply_datetime": fields.Datetime.now(),
                    }
                    for lead in self.leads
                ]
            )
        )
        self.keep(
            self.real["engagement.activity"].create(
                [
                    {
                        "type_id": self.real["engagement.activity.type"]._get_by_code("email_replied").id,
                        "date": fields.Datetime.now(),
                        "res_model": "mailing.trace",
                        "res_id": trace.id,
                    }
                    for trace in traces
                ]
            )
        )
        self.real_cr.commit()
        return mailing

    def run_in_the_middle(self, slow, quick, ids, quick_ids=None):
        """``slow`` has looked at its leads when ``quick`` begins, and goes on when that is done."""
        looked, done = f"{self.folder}/looked", f"{self.folder}/done"
        # only once: whoever begins again finds the other one done
        wait = f"open({looked!r}, 'w').close() if not os.path.exists({looked!r}) else None\n"
        wait += f"    while not os.path.exists({done!r}) and os.getppid() != 1: time.sleep(0.02)"
        begin = f"while not os.path.exists({looked!r}) and os.getppid() != 1: time.sleep(0.02)\n"
        look = "leads.exists().mapped('won_status')"
        workers = [
            self.start_worker(self.fill(slow, ids=ids, look=look, wait=wait, done="")),
            self.start_worker(
                begin + self.fill(quick, ids=quick_ids or ids, look=look, wait="", done=f"open({done!r}, 'w').close()")
            ),
        ]
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker, seconds=300)
        self.real_cr.rollback()
        self.real.invalidate_all()

    def fill(self, script, **values):
        act = {"restore": HAND_RESTORES, "merge": HAND_MERGES}.get(script)
        return (BY_HAND if act else BY_MAILING).format(act=act, **values)

    def assertCameBackOnce(self, leads):
        self.assertEqual(set(leads.mapped("active")), {True})
        for lead in leads:
            notes = lead.message_ids.filtered(lambda message: "lost lead" in (message.body or ""))
            self.assertEqual((len(notes), len(lead.activity_ids)), (1, 1), lead.name)

    def test_an_answer_brings_back_what_somebody_is_bringing_back(self):
        self.make_answered()
        self.run_in_the_middle("mailing", "restore", self.leads.ids, quick_ids=self.leads[:2].ids)
        self.assertCameBackOnce(self.leads)

    def test_somebody_brings_back_what_an_answer_is_bringing_back(self):
        self.make_answered()
        self.run_in_the_middle("restore", "mailing", self.leads.ids)
        self.assertCameBackOnce(self.leads)
        self.assertEqual(set(self.leads.mapped("reactivation_response")), {"reply"})

    def assertMerged(self, leads):
        """One of these leads is left, and nothing hangs on those that are gone."""
        left, gone = leads.exists(), leads - leads.exists()
        self.assertEqual(len(left), 1)
        for model_name, field in (("mail.message", "model"), ("mail.activity", "res_model")):
            orphans = self.real[model_name].search([(field, "=", "crm.lead"), ("res_id", "in", gone.ids)])
            self.assertFalse(orphans, model_name)
        self.assertCameBackOnce(self.leads - leads)
        return left

    def test_an_answer_brings_back_a_lead_that_somebody_is_merging(self):
        self.make_answered()
        self.run_in_the_middle("mailing", "merge", self.leads.ids, quick_ids=self.leads[:3].ids)
        left = self.assertMerged(self.leads[:3])
        # the one that is left answered, too; those that are merged into it are told of in it, not again
        self.assertCameBackOnce(left)

    def test_somebody_brings_back_a_lead_that_somebody_else_is_merging(self):
        self.run_in_the_middle("restore", "merge", self.leads.ids, quick_ids=self.leads[:3].ids)
        self.assertCameBackOnce(self.assertMerged(self.leads[:3]))

    def test_somebody_merges_leads_that_are_coming_back(self):
        self.make_answered()
        self.run_in_the_middle("merge", "mailing", self.leads[:3].ids, quick_ids=self.leads.ids)
        left = self.assertMerged(self.leads[:3])
        self.assertTrue(left.active)
        self.assertEqual(left.reactivation_response, "reply", "the merged lead knows what brought it back")
        self.assertEqual(len(left.activity_ids.filtered("automated")), 3, "those of all three")
