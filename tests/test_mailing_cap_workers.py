# Two workers whose steps write to the same people at the same moment: no address slips past its cap.
from odoo import SUPERUSER_ID
from odoo.tests import tagged

from .common_committed import CommittedJourneyCase
from .common_journey import BODY

TICK = "env['journey.engine'].tick()\n"
PARAMETER = "crm_buying_journey.cap_day"


@tagged("post_install", "-at_install")
class TestCapWorkers(CommittedJourneyCase):
    def setUp(self):
        super().setUp()
        self.other = self.real["journey.journey"].create(
            {
                "name": "Once more",
                "model_id": self.real["ir.model"]._get_id("res.partner"),
                "domain": str([("id", "in", self.partners.ids)]),
                "user_id": SUPERUSER_ID,
            }
        )
        node = self.real["journey.node"].create(
            {"version_id": self.other.draft_version_id.id, "kind": "email", "name": "Mail", "sequence": 1}
        )
        self.other_mailing = node.mailing_id
        self.other_mailing.write({"subject": "Once more", "body_html": BODY})
        self.other.action_publish()
        self.real["ir.config_parameter"].set_param(PARAMETER, "1")
        self.real_cr.commit()

    def clean(self):
        self.real_cr.rollback()
        self.real.invalidate_all()
        self.real["ir.config_parameter"].search([("key", "=", PARAMETER)]).unlink()
        self.real["mail.mail"].search([("mailing_id", "=", self.other_mailing.id)]).unlink()
        self.real["mailing.trace"].search([("mass_mailing_id", "=", self.other_mailing.id)]).unlink()
        self.real_cr.execute("DELETE FROM journey_journey WHERE id = %s", [self.other.id])
        self.real_cr.execute("DELETE FROM mailing_cap WHERE email LIKE 'once.%%'")
        self.real.invalidate_all()
        self.other_mailing.exists().unlink()
        self.real_cr.commit()
        return super().clean()

    def test_one_mail_each_by_whichever_step_was_first(self):
        workers = [self.start_worker(TICK + TICK) for _number in range(2)]
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker, seconds=400)
        self.real_cr.rollback()
        self.real.invalidate_all()
        mails = self.real["mail.mail"].search([("mailing_id", "in", (self.mailing + self.other_mailing).ids)])
        self.assertEqual(len(mails), self.count, "one mail each, not two")
        self.assertEqual(sorted(mails.recipient_ids.ids), sorted(self.partners.ids))
        participants = self.journey.participant_ids + self.other.participant_ids
        self.assertEqual(set(participants.mapped("state")), {"completed"})
        skipped = participants.trace_ids.filtered(lambda trace: trace.state == "skipped")
        self.assertEqual(skipped.mapped("reason"), ["Frequency cap reached"] * self.count)

    def test_one_off_mailing_and_journey_at_once(self):
        self.real["ir.config_parameter"].set_param("mail.batch_size", "7")
        self.addCleanup(self.forget_batch_size)
        mailing = self.keep(
            self.real["mailing.mailing"].create(
                {
                    "subject": "One-off",
                    "mailing_type": "mail",
                    "mailing_model_id": self.real["ir.model"]._get_id("res.partner"),
                    "mailing_domain": str([("id", "in", self.partners.ids)]),
                    "body_html": BODY,
                    "state": "in_queue",
                }
            )
        )
        self.real_cr.commit()
        # without a mail server, mails that are sent at once would fail, and failed ones free their place
        queue = "type(env['mail.mail']).send = lambda self, *args, **kwargs: None\n"
        queue += "env['mailing.mailing']._process_mass_mailing_queue()\nenv.cr.commit()\n"
        workers = [self.start_worker(script) for script in (TICK + TICK, queue)]
        for worker in workers:
            self.release(worker)
        for worker in workers:
            self.end_worker(worker, seconds=400)
        self.real_cr.rollback()
        self.real.invalidate_all()
        traces = self.real["mailing.trace"].search(
            [("mass_mailing_id", "in", (self.mailing + self.other_mailing + mailing).ids)]
        )
        self.assertEqual(len(traces), 3 * self.count)
        going = traces.filtered(lambda trace: trace.trace_status == "outgoing")
        self.assertEqual(sorted(going.mapped("res_id")), sorted(self.partners.ids), "one mail each, not more")
        self.assertEqual(set((traces - going).mapped("failure_type")), {"mail_cap"})
        self.assertEqual(mailing.state, "done")
        self.real["mail.mail"].search([("mailing_id", "=", mailing.id)]).unlink()
        self.real_cr.commit()

    def forget_batch_size(self):
        self.real_cr.rollback()
        self.real["ir.config_parameter"].search([("key", "=", "mail.batch_size")]).unlink()
        self.real_cr.commit()
