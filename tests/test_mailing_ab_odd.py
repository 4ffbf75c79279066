# A/B tests: odd data, and what somebody with few rights could try from outside.
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common_ab import AbCase


@tagged("post_install", "-at_install")
class TestMailingAbOdd(AbCase):
    def test_recipients_deleted_between_draw_and_sending_stop_nobody_else(self):
        contacts = self.make_contacts(12)
        test = self.make_test(self.make_mailing(contacts))
        test.mailing_id.with_user(self.marketer).action_launch()
        test.sudo()._start()
        gone = contacts[:2]
        gone_ids = gone.ids
        gone.unlink()
        self.run_queue()
        self.assertEqual(sorted(self.traces(test).mapped("res_id")), sorted(set(contacts.ids) - set(gone_ids)))
        self.assertEqual(set(test.arm_ids.mailing_id.mapped("state")), {"done"})
        self.assertFalse(test.pending_reason)
        left_out = self.allocations(test, state="excluded")
        self.assertEqual(sorted(left_out.mapped("res_id")), sorted(gone_ids))

    def test_archived_mailing_is_not_sent(self):
        """As core: who archives a mailing that waits in the queue means that it shall not leave."""
        test = self.make_test(self.make_mailing(self.make_contacts(6)))
        mailing = test.mailing_id.with_user(self.marketer)
        mailing.action_launch()
        mailing.action_archive()
        self.run_queue()
        self.assertEqual(test.state, "draft")
        self.assertFalse(self.traces(test))
        mailing.action_unarchive()
        self.run_queue()
        self.assertEqual(len(self.traces(test)), 6)

    def test_two_writers_at_once_are_not_told_as_a_failure(self):
        """The database asks to try again: so does the scheduled action, instead of writing to the responsible."""
        test = self.make_test(self.make_mailing(self.make_contacts(6)))
        self.launch(test)
        before = test.message_ids
        with (
            patch.object(self.env.registry["mailing.ab.test"], "decide", side_effect=SerializationFailure("again")),
            self.assertRaises(SerializationFailure),
        ):
            self.env["mailing.ab.test"]._cron_decide()
        self.assertEqual(test.message_ids, before)

    def test_defaults_of_a_request_are_no_way_in(self):
        """What may not be written may not come in as the default of a field either."""
        mailing = self.make_mailing(self.make_contacts(4))
        test = self.make_test(mailing)
        user = new_test_user(
            self.env, "ab_only_mailings", "mass_mailing.group_mass_mailing_user", email="om@example.com"
        )
        for name, value in (("ab_test_id", test.id), ("is_ab_variant", True)):
            with self.assertRaises(UserError):
                self.env["mailing.mailing"].with_user(user).with_context(**{f"default_{name}": value}).create(
                    {"subject": "Mine", "mailing_model_id": mailing.mailing_model_id.id}
                )
        Test = self.env["mailing.ab.test"].with_user(self.marketer)
        for name, value in (("state", "decided"), ("outcome", "winner"), ("hash_key", "known")):
            other = self.make_mailing(self.make_contacts(2))
            with self.assertRaises(UserError):
                Test.with_context(**{f"default_{name}": value}).create({"mailing_id": other.id})

    def test_an_arm_takes_over_no_other_mailing(self):
        test = self.make_test(self.make_mailing(self.make_contacts(4)))
        other = self.make_mailing(self.make_contacts(2))
        Arm = self.env["mailing.ab.arm"].with_user(self.marketer)
        with self.assertRaises(UserError):
            Arm.create({"test_id": test.id, "mailing_id": other.id})
        with self.assertRaises(UserError):
            Arm.with_context(default_mailing_id=other.id).create({"test_id": test.id})
        self.assertFalse(other.ab_test_id)

    def test_nobody_is_assigned_to_variants_by_mail(self):
        """The responsible is told of the mailing, not of each copy of it."""
        mailing = self.make_mailing(self.make_contacts(4), user_id=self.manager.id)
        with self.mock_mail_gateway(), self.mock_mail_app():
            test = self.make_test(mailing)
            test.with_user(self.marketer).action_add_arm()
            test.sudo().arm_ids._share_settings()
            self.flush_tracking()
        self.assertEqual(set(test.arm_ids.mailing_id.user_id), set(self.manager))
        self.assertFalse(self._new_mails.filtered(lambda mail: self.manager.partner_id in mail.recipient_ids))
