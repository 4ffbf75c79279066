# Who must not get a mail, or not twice: pausing, aborting, leaving, opting out, sharing an address.
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestOutbox(JourneyCase):
    def outgoing(self, journey):
        return self.env["mail.mail"].search(
            [("mailing_id", "in", journey.node_ids.mailing_id.ids), ("state", "=", "outgoing")]
        )

    def test_abort_and_exit_cancel_what_waits_in_the_outbox(self):
        steps = [{"kind": "email"}, {"kind": "wait", "wait_value": 2}, {"kind": "end"}]
        aborted = self.make_journey("buying.group", [("id", "=", self.group.id)], steps)
        left = self.make_journey("res.partner", [("id", "=", self.brandon.id)], steps)
        self.engine.tick()
        self.assertEqual((len(self.outgoing(aborted)), len(self.outgoing(left))), (2, 1))
        mailing = aborted.node_ids.mailing_id
        aborted.with_user(self.manager).action_abort()
        left.participant_ids.with_user(self.manager).action_exit()
        self.assertFalse(self.outgoing(aborted) + self.outgoing(left))
        self.assertEqual(set(mailing.mailing_trace_ids.mapped("trace_status")), {"cancel"})
        with self.assertRaises(UserError):
            mailing.action_retry_failed()

    def test_paused_journey_moves_nobody_even_in_a_run_that_began_before(self):
        journey = self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "email"}])
        self.engine._enrol()
        nodes = self.engine._get_due_nodes()
        self.assertIn(journey.node_ids, nodes)
        journey.with_user(self.manager).action_pause()
        self.env.flush_all()
        self.assertEqual(self.engine._advance_batch(journey.node_ids, 10), 0)
        self.assertFalse(self.outgoing(journey))

    def test_one_mail_per_address_in_one_batch_and_in_several(self):
        partners = self.env["res.partner"].create(
            [
                {"name": name, "email": email}
                for name, email in (
                    ("Nicole Ford", "shared.address@example.com"),
                    ("Douglas Fletcher", '"Douglas" <Shared.Address@example.com>'),
                    ("Floyd Steward", "shared.address@example.com"),
                )
            ]
        )
        journey = self.make_journey("res.partner", [("id", "in", partners.ids)], [{"kind": "email"}, {"kind": "end"}])
        self.engine.tick(limit=2)
        self.engine.tick()
        self.assertEqual(len(self.outgoing(journey)), 1)
        self.assertEqual(sorted(self.states_of(journey)["Step 1"]), ["done", "skipped", "skipped"])
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})

    def test_contact_who_left_all_lists_gets_nothing(self):
        mailing_list = self.env["mailing.list"].create({"name": "News"})
        out, stays = self.env["mailing.contact"].create(
            [
                {"name": name, "email": f"{name}@example.com", "list_ids": [Command.link(mailing_list.id)]}
                for name in ("out", "stays")
            ]
        )
        out.subscription_ids.opt_out = True
        journey = self.make_journey("mailing.contact", [("id", "in", (out + stays).ids)], [{"kind": "email"}])
        self.engine.tick()
        self.assertEqual(self.outgoing(journey).mapped("res_id"), stays.ids)

    def test_archived_contact_of_a_lead_is_not_mailed(self):
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": self.brandon.id})
        journey = self.make_journey(
            "crm.lead",
            [("id", "=", lead.id)],
            [{"kind": "wait", "wait_value": 1}, {"kind": "email", "people": "people"}],
        )
        self.engine.tick()
        self.brandon.active = False
        journey.participant_ids.action_skip_wait()
        self.engine.tick()
        self.assertFalse(self.outgoing(journey))

    def test_role_of_a_step_cannot_be_deleted(self):
        role = self.env["buying.role"].create({"name": "Test role"})
        self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "email", "role_ids": role.ids}])
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            role.unlink()

    def test_journey_of_an_archived_user_stands_still_and_says_so(self):
        journey = self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "email"}])
        self.manager.active = False
        self.engine.tick()
        self.assertFalse(journey.participant_ids)
        self.assertIn("archived", journey.cron_warning)

    def test_step_that_cannot_be_carried_out_does_not_stop_the_others(self):
        sick = self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "end"}])
        sound = self.make_journey("res.partner", [("id", "=", self.brandon.id)], [{"kind": "end"}])
        write_results = type(self.engine)._write_results

        def broken(engine, node, *args):
            if node == sick.node_ids:
                raise ValueError("broken")
            return write_results(engine, node, *args)

        with (
            patch.object(type(self.engine), "_write_results", broken),
            mute_logger("odoo.addons.crm_buying_journey.models.journey.journey_engine_advance"),
        ):
            self.engine.tick()
        self.assertEqual((sick.participant_ids.state, sound.participant_ids.state), ("active", "completed"))

    def test_error_text_that_cannot_be_stored_is_stored_without_it(self):
        journey = self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "end"}])
        kind = type(self.env["journey.kind.end"])
        with patch.object(kind, "_process", side_effect=ValueError("boom \0 <b>nul</b>")):
            self.engine.tick()
        self.assertIn("boom", journey.participant_ids.trace_ids.reason)

    def test_waiting_time_that_is_no_date_is_refused(self):
        for value, unit in ((2_000_000_000, "minutes"), (100_000, "months")):
            with self.assertRaisesRegex(UserError, "too long"), self.env.cr.savepoint():
                self.make_journey("buying.group", [], [{"kind": "wait", "wait_value": value, "wait_unit": unit}])

    def test_condition_that_compares_different_kinds_is_refused_when_stored(self):
        with self.assertRaises(UserError), mute_logger("odoo.sql_db"):
            self.make_journey("buying.group", [("id", "in", ["a"])], [{"kind": "end"}], publish=False)

    def test_mail_queue_is_told_that_something_waits(self):
        crons = self.env.ref("crm_buying_journey.ir_cron_mail_outbox")
        crons += self.env.ref("crm_buying_journey.ir_cron_mail_outbox_second")
        before = fields.Datetime.now()
        self.make_journey("buying.group", [("id", "=", self.group.id)], [{"kind": "email"}])
        self.engine.tick()
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "in", crons.ids), ("call_at", ">=", before)])
        self.assertEqual(triggers.cron_id, crons)
