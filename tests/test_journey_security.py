# Nobody gets more rights, or changes what was approved, by way of a journey.
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestJourneySecurity(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain = [("id", "=", cls.group.id)]
        cls.live = cls.make_journey(
            "buying.group",
            cls.domain,
            [
                {"kind": "email", "name": "Mail"},
                {"kind": "wait", "name": "Wait", "wait_value": 2},
                {
                    "kind": "action",
                    "name": "Alert",
                    "action_state": "sales_alert",
                    "alert_email_to": "team@example.com",
                },
            ],
        )
        cls.draft = cls.make_journey(
            "buying.group", cls.domain, [{"kind": "wait"}, {"kind": "end"}], user=cls.marketer, publish=False
        )

    def assertRefused(self, call):
        with self.assertRaises(UserError), self.env.cr.savepoint():  # an AccessError is one, too
            call()

    def test_live_version_cannot_be_unfrozen_or_swapped(self):
        for user in (self.marketer, self.manager):
            version = self.live.current_version_id.with_user(user)
            self.assertRefused(lambda version=version: version.write({"state": "draft"}))
            journey = self.live.with_user(user)
            for name in ("current_version_id", "draft_version_id", "shown_version_id"):
                self.assertRefused(lambda j=journey, n=name: j.write({n: self.draft.draft_version_id.id}))

    def test_company_and_responsible_of_a_live_journey_stay(self):
        other = self.env["res.company"].create({"name": "Other company"})
        self.assertRefused(lambda: self.live.with_user(self.manager).write({"company_id": other.id}))
        self.assertRefused(lambda: self.live.with_user(self.marketer).write({"user_id": self.marketer.id}))
        self.assertRefused(lambda: self.draft.with_user(self.marketer).write({"company_id": other.id}))

    def test_edge_cannot_move_into_a_live_version(self):
        edge = self.draft.draft_version_id.edge_ids.with_user(self.marketer)
        mail, wait, _alert = self.live.node_ids
        self.assertRefused(lambda: edge.write({"source_id": wait.id, "target_id": mail.id}))

    def test_alert_of_another_step_cannot_be_read_redirected_or_deleted(self):
        alert = self.live.node_ids[2].action_server_id
        values = {"version_id": self.draft.draft_version_id.id, "kind": "action", "name": "x"}
        Node = self.env["journey.node"].with_user(self.marketer)
        self.assertRefused(lambda: Node.create({**values, "action_server_id": alert.id}))
        admins = self.env["ir.actions.server"].create(
            {
                "name": "Alert of an administrator",
                "state": "sales_alert",
                "model_id": self.env["ir.model"]._get_id("buying.group"),
                "alert_email_to": "boss@example.com",
            }
        )
        node = Node.create({**values, "action_server_id": admins.id})
        self.assertEqual((node.action_state, node.alert_email_to), ("other", False))
        node.write({"action_state": "sales_alert", "alert_email_to": "other@example.com"})
        self.assertEqual(admins.alert_email_to, "boss@example.com")
        node.unlink()
        self.assertTrue(admins.exists())

    def test_mail_of_a_live_journey_is_changed_by_managers_only_and_keeps_its_recipients(self):
        mailing = self.live.node_ids[0].mailing_id
        for values in (
            {"subject": "Hijacked"},
            {"body_html": "<p>Hijacked</p>"},
            {"mailing_model_id": self.env["ir.model"]._get_id("crm.lead")},
            {"cc_slot_ids": [Command.create({"path": "user_id"})]},
        ):
            self.assertRefused(lambda v=values: mailing.with_user(self.marketer).write(v))
        self.assertRefused(
            lambda: (
                self.env["mailing.cc.slot"]
                .with_user(self.marketer)
                .create({"mailing_id": mailing.id, "path": "user_id"})
            )
        )
        # neither by setting it back to a draft first
        self.assertRefused(lambda: mailing.with_user(self.marketer).write({"state": "draft"}))
        self.assertRefused(mailing.with_user(self.marketer).action_cancel)
        self.assertRefused(
            lambda: mailing.with_user(self.marketer).write({"state": "draft", "subject": "Hijacked", "active": True})
        )
        self.assertEqual(mailing.state, "done")
        mailing.sudo().state = "draft"
        self.assertRefused(lambda: mailing.with_user(self.marketer).write({"subject": "Hijacked"}))
        mailing.sudo().state = "done"
        mailing.with_user(self.manager).subject = "Typo mended"
        self.assertRefused(
            lambda: mailing.with_user(self.manager).write(
                {"mailing_model_id": self.env["ir.model"]._get_id("crm.lead")}
            )
        )

    def test_copy_of_a_step_s_mailing_is_addressed_to_nobody(self):
        copied = self.live.node_ids[0].mailing_id.copy()
        self.assertFalse(copied._get_recipients())

    def test_manager_cannot_read_through_the_responsible_user(self):
        blind = self.manager.copy(
            {
                "login": "blind_manager",
                "group_ids": [Command.set(self.env.ref("crm_buying_journey.group_manager").ids)],
            }
        )
        journey = self.make_journey("crm.lead", [], [{"kind": "email"}], user=self.manager, publish=False)
        self.assertRefused(lambda: journey.with_user(blind).action_publish())

    def test_salesperson_sees_no_participants(self):
        self.engine.tick()
        for model in ("journey.journey", "journey.participant", "journey.trace"):
            self.assertRefused(lambda m=model: self.env[m].with_user(self.salesperson).search([]))

    def test_salesperson_cannot_write_what_follows_from_other_records(self):
        group = self.group.with_user(self.salesperson)
        for values in ({"user_id": self.salesperson.id}, {"completeness": 100}, {"company_id": False}):
            self.assertRefused(lambda v=values: group.write(v))
        group.status = "Called them"
        self.assertEqual(self.group.status, "Called them")

    def test_record_of_copies_cannot_be_forged(self):
        self.assertRefused(
            lambda: (
                self.env["mailing.trace.copy"]
                .with_user(self.marketer)
                .create({"trace_id": 1, "mailing_id": 1, "state": "sent"})
            )
        )
