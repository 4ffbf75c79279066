# Life cycle of journeys: publishing, its errors, pausing, closing, aborting, copying.
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestJourneyLifecycle(JourneyCase):
    def setUp(self):
        super().setUp()
        self.domain = [("id", "=", self.group.id)]

    def test_publish_lists_every_error_at_once(self):
        journey = self.make_journey(
            "buying.group",
            self.domain,
            [
                {"kind": "email", "name": "Mail", "body": ""},
                {"kind": "wait", "name": "Wait", "wait_type": "date"},
                {"kind": "action", "name": "Act"},
                {"kind": "end", "name": "Over"},
            ],
            publish=False,
        )
        stray = self.env["journey.node"].create(
            {"version_id": journey.draft_version_id.id, "kind": "end", "name": "Stray", "sequence": 99}
        )
        with self.assertRaises(UserError) as caught:
            journey.with_user(self.manager).action_publish()
        message = str(caught.exception)
        for text in ("Mail: The mail has no content", "Wait: Choose the date", "Act: Choose the action", stray.name):
            self.assertIn(text, message)
        self.assertEqual(journey.state, "draft")

    def test_journey_without_steps_is_refused(self):
        journey = self.make_journey("buying.group", self.domain, [], publish=False)
        with self.assertRaisesRegex(UserError, "has no step"):
            journey.action_publish()

    def test_circle_without_a_wait_is_refused(self):
        journey = self.make_journey(
            "res.partner",
            [("id", "=", self.account.id)],
            [
                {"kind": "email", "name": "First"},
                {"kind": "email", "name": "Second"},
                {"kind": "email", "name": "Third"},
            ],
            publish=False,
        )
        nodes = journey.draft_version_id.node_ids
        nodes[2].next_id = nodes[1]
        with self.assertRaisesRegex(UserError, "circle"):
            journey.action_publish()

    def test_only_managers_publish(self):
        journey = self.make_journey("buying.group", self.domain, [{"kind": "email"}], user=self.marketer, publish=False)
        with self.assertRaises(AccessError):
            journey.with_user(self.salesperson).action_publish()
        with self.assertRaises(AccessError):
            journey.with_user(self.marketer).action_publish()

    def test_marketer_builds_a_journey(self):
        """Somebody who may not publish can still make the draft with its mail and alert."""
        journey = (
            self.env["journey.journey"]
            .with_user(self.marketer)
            .create(
                {"name": "Draft", "model_id": self.env["ir.model"]._get_id("buying.group"), "domain": str(self.domain)}
            )
        )
        Node = self.env["journey.node"].with_user(self.marketer)
        mail = Node.create({"version_id": journey.draft_version_id.id, "kind": "email", "name": "Offer"})
        alert = Node.create(
            {
                "version_id": journey.draft_version_id.id,
                "kind": "action",
                "name": "Alert",
                "after_id": mail.id,
                "action_state": "sales_alert",
                "alert_email_to": "team@example.com",
            }
        )
        self.assertEqual(mail.next_id, alert)
        mail.mailing_id.body_html = "<p>Hello</p>"
        self.assertEqual(alert.action_server_id.sudo().state, "sales_alert")
        self.assertEqual(alert.alert_email_to, "team@example.com")
        self.assertFalse(journey._get_publish_errors())
        journey.with_user(self.manager).action_publish()
        self.assertEqual(journey.state, "live")

    def test_state_cannot_be_written(self):
        journey = self.make_journey("buying.group", self.domain, [{"kind": "email"}], publish=False)
        with self.assertRaises(UserError):
            journey.with_user(self.manager).write({"state": "live"})
        made = (
            self.env["journey.journey"]
            .with_user(self.manager)
            .create({"name": "Smuggled", "state": "live", "model_id": self.env["ir.model"]._get_id("buying.group")})
        )
        self.assertEqual(made.state, "draft")

    def test_published_journey_is_frozen(self):
        journey = self.make_journey("buying.group", self.domain, [{"kind": "email"}, {"kind": "end"}])
        node = journey.current_version_id.node_ids[0]
        as_manager = journey.with_user(self.manager)
        with self.assertRaises(UserError):
            as_manager.domain = "[]"
        with self.assertRaises(UserError):
            node.with_user(self.manager).name = "Other"
        with self.assertRaises(UserError):
            node.with_user(self.manager).unlink()
        with self.assertRaises(UserError):
            self.env["journey.node"].with_user(self.manager).create(
                {"version_id": journey.current_version_id.id, "kind": "end", "name": "Late"}
            )
        with self.assertRaises(UserError):
            journey.current_version_id.edge_ids.with_user(self.manager).unlink()

    def test_pause_holds_everybody_and_resume_goes_on(self):
        journey = self.make_journey("buying.group", self.domain, [{"kind": "wait", "wait_value": 0}, {"kind": "end"}])
        journey.with_user(self.manager).action_pause()
        self.assertEqual(self.engine.tick(), 0)
        self.assertFalse(journey.participant_ids)
        journey.with_user(self.manager).action_resume()
        self.engine.tick()
        self.assertEqual(journey.participant_ids.mapped("state"), ["completed"])

    def test_closed_journey_lets_nobody_in_and_finishes(self):
        journey = self.make_journey(
            "buying.group",
            [("solution_id", "=", self.solution.id)],
            [{"kind": "wait", "wait_value": 2}, {"kind": "end"}],
        )
        self.engine.tick()
        journey.with_user(self.manager).action_close()
        self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.other_account.id})
        self.engine.tick()
        self.assertEqual(len(journey.participant_ids), 1)
        self.assertEqual(journey.state, "closed")
        journey.participant_ids.with_user(self.manager).action_skip_wait()
        self.engine.tick()
        self.assertEqual(journey.state, "finished")

    def test_abort_takes_everybody_out_at_once(self):
        journey = self.make_journey("buying.group", self.domain, [{"kind": "wait", "wait_value": 2}, {"kind": "end"}])
        self.engine.tick()
        journey.with_user(self.manager).action_abort()
        self.assertEqual(journey.participant_ids.state, "exited")
        self.assertTrue(journey.participant_ids.exit_reason)
        self.assertEqual(self.engine.tick(), 0)
        with self.assertRaises(UserError):
            journey.with_user(self.manager).action_resume()

    def test_running_journey_cannot_be_deleted(self):
        journey = self.make_journey("buying.group", self.domain, [{"kind": "email"}])
        with self.assertRaises(UserError):
            journey.with_user(self.manager).unlink()

    def test_copy_takes_steps_mails_and_alerts_along(self):
        journey = self.make_journey(
            "buying.group",
            self.domain,
            [
                {"kind": "email", "subject": "Hello there", "cc": ["parent_id.user_id"]},
                {"kind": "action", "action_state": "sales_alert", "alert_email_to": "team@example.com"},
                {"kind": "end"},
            ],
        )
        copied = journey.with_user(self.manager).copy()
        self.assertEqual(copied.state, "draft")
        self.assertEqual(copied.node_ids.mapped("kind"), ["email", "action", "end"])
        self.assertEqual(copied.node_ids[0].next_id, copied.node_ids[1])
        mailing = copied.node_ids[0].mailing_id
        self.assertNotEqual(mailing, journey.node_ids[0].mailing_id)
        self.assertEqual(
            (mailing.subject, mailing.state, mailing.cc_slot_ids.mapped("path")),
            ("Hello there", "draft", ["parent_id.user_id"]),
        )
        self.assertNotEqual(copied.node_ids[1].action_server_id, journey.node_ids[1].action_server_id)
        copied.with_user(self.manager).action_publish()

    def test_deleting_a_step_closes_the_gap_and_takes_its_mail_along(self):
        journey = self.make_journey(
            "buying.group", self.domain, [{"kind": "wait"}, {"kind": "email"}, {"kind": "end"}], publish=False
        )
        first, mail, last = journey.node_ids
        mailing = mail.mailing_id
        mail.with_user(self.marketer).unlink()
        self.assertEqual(first.next_id, last)
        self.assertFalse(mailing.exists())

    def test_nobody_borrows_rights(self):
        """A journey runs with its responsible's rights, so nobody may put somebody more powerful there."""
        admin = self.env.ref("base.user_admin")
        values = {"name": "Escalate", "model_id": self.env["ir.model"]._get_id("buying.group")}
        Journey = self.env["journey.journey"]
        with self.assertRaises(UserError):
            Journey.with_user(self.marketer).create({**values, "user_id": self.manager.id})
        with self.assertRaises(UserError):
            Journey.with_user(self.manager).create({**values, "user_id": admin.id})
        journey = self.make_journey("buying.group", self.domain, [{"kind": "email"}], user=admin, publish=False)
        with self.assertRaises(UserError):
            journey.with_user(self.manager).action_publish()

    def test_steps_that_need_system_rights_are_refused(self):
        code = self.env["ir.actions.server"].create(
            {
                "name": "Code",
                "state": "code",
                "code": "raise Exception()",
                "model_id": self.env["ir.model"]._get_id("buying.group"),
            }
        )
        journey = self.make_journey("buying.group", self.domain, [{"kind": "action"}], publish=False)
        with self.assertRaises(AccessError):
            journey.node_ids.with_user(self.manager).action_server_id = code
        with self.assertRaises(AccessError):
            self.env["journey.node"].with_user(self.manager).create(
                {"version_id": journey.draft_version_id.id, "kind": "action", "name": "x", "action_server_id": code.id}
            )

    def test_audience_of_what_the_responsible_may_not_read_is_refused(self):
        nobody = self.marketer.copy(
            {"login": "no_crm", "group_ids": [(6, 0, self.env.ref("crm_buying_journey.group_user").ids)]}
        )
        journey = self.make_journey("crm.lead", [], [{"kind": "email"}], user=nobody, publish=False)
        with self.assertRaisesRegex(UserError, "may not read"):
            journey.with_user(self.manager).action_publish()

    def test_mailing_of_a_journey_cannot_be_sent_by_hand(self):
        journey = self.make_journey("buying.group", self.domain, [{"kind": "email"}], publish=False)
        mailing = journey.node_ids.mailing_id
        for method in ("action_launch", "action_put_in_queue", "action_send_mail", "action_schedule"):
            with self.assertRaises(UserError, msg=method):
                getattr(mailing, method)()
        with self.assertRaises(UserError):
            mailing.state = "in_queue"
        self.assertEqual(mailing.state, "draft")

    def test_mail_of_a_step_is_the_step_s_own(self):
        journey = self.make_journey("buying.group", self.domain, [{"kind": "email"}], publish=False)
        other = self.make_journey("buying.group", self.domain, [{"kind": "email"}], publish=False)
        node = journey.node_ids.with_user(self.marketer)
        with self.assertRaises(UserError):
            node.mailing_id = other.node_ids.mailing_id
        with self.assertRaises(UserError):
            node.mailing_id.journey_node_id = False
        self.assertEqual(node.mailing_id.journey_node_id, node)

    def test_step_takes_a_draft_mailing_but_none_that_was_sent(self):
        model_id = self.env["ir.model"]._get_id("res.partner")
        draft, sent = self.env["mailing.mailing"].create(
            [{"subject": name, "body_html": "<p>Hello</p>", "mailing_model_id": model_id} for name in ("Draft", "Sent")]
        )
        sent.state = "done"
        journey = self.make_journey("buying.group", self.domain, [], publish=False)
        values = {"version_id": journey.draft_version_id.id, "kind": "email", "name": "Mail"}
        Node = self.env["journey.node"].with_user(self.marketer)
        with self.assertRaises(UserError):
            Node.create({**values, "mailing_id": sent.id})
        node = Node.create({**values, "mailing_id": draft.id})
        self.assertEqual((node.mailing_id, draft.journey_node_id), (draft, node))
        replaced = draft.copy()
        node.mailing_id = replaced
        self.assertFalse(draft.exists(), "a draft that no step uses any more goes")
        journey.with_user(self.manager).action_publish()
        self.engine.tick()
        self.assertEqual(len(replaced.mailing_trace_ids), 2)

    def test_step_cannot_move_into_a_published_journey(self):
        live = self.make_journey("buying.group", self.domain, [{"kind": "email"}])
        draft = self.make_journey("buying.group", self.domain, [{"kind": "email"}], publish=False)
        with self.assertRaises(UserError):
            draft.node_ids.with_user(self.manager).version_id = live.current_version_id

    def test_deleting_a_draft_takes_its_mails_and_alerts_along(self):
        journey = self.make_journey(
            "buying.group",
            self.domain,
            [{"kind": "email"}, {"kind": "action", "action_state": "sales_alert", "alert_email_to": "a@example.com"}],
            publish=False,
        )
        mailing, action = journey.node_ids.mailing_id, journey.node_ids.action_server_id
        journey.with_user(self.manager).unlink()
        self.assertFalse(mailing.exists())
        self.assertFalse(action.exists())

    def test_recipients_of_an_alert_can_be_changed_afterwards(self):
        journey = self.make_journey(
            "buying.group", self.domain, [{"kind": "action", "action_state": "sales_alert"}], publish=False
        )
        node = journey.node_ids.with_user(self.marketer)
        for address in ("first@example.com", "second@example.com"):
            self.env.invalidate_all()
            node.write({"alert_email_to": address})
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertEqual(node.alert_email_to, address)
        with self.assertRaises(UserError):
            node.write({"alert_email_to": "not an address"})

    def test_mail_that_says_nothing_is_refused(self):
        empty = '<div class="o_layout"><p><br/></p><a href="/unsubscribe_from_list">Unsubscribe</a></div>'
        journey = self.make_journey("buying.group", self.domain, [{"kind": "email", "body": empty}], publish=False)
        with self.assertRaisesRegex(UserError, "no content"):
            journey.with_user(self.manager).action_publish()
        journey.node_ids.mailing_id.body_html = '<img src="/logo.png"/>'
        journey.with_user(self.manager).action_publish()
