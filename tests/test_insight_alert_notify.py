# Who hears that a sales alert was answered.
from odoo import Command
from odoo.tests import tagged

from .common_alert import AlertCase


@tagged("post_install", "-at_install")
class TestAlertNotify(AlertCase):
    def setUp(self):
        super().setUp()
        self.group.message_subscribe(self.marketer.partner_id.ids)
        self.run_on(self.make_action(), self.group)
        self.alert = self.alerts()[-1]

    def told(self):
        subtype = self.env.ref("crm_buying_journey.buying_group_subtype_alert_answered")
        return self.env["mail.message"].search([("subtype_id", "=", subtype.id), ("res_id", "=", self.group.id)])

    def test_followers_and_salesperson_hear_of_an_answer_but_not_who_gave_it(self):
        self.alert._answer("not_ready", "The budget is cut.", user=self.salesperson)
        message = self.told()
        self.assertEqual(message.partner_ids, self.marketer.partner_id)
        self.assertIn("not ready. Reason: The budget is cut.", message.body)
        self.assertEqual(message.author_id, self.salesperson.partner_id)

    def test_an_answer_of_somebody_unknown_is_told_to_all(self):
        self.alert._answer("accepted", recipient=self.alert.recipient_ids)
        message = self.told()
        self.assertEqual(message.partner_ids, self.marketer.partner_id + self.salesperson.partner_id)
        self.assertIn("has accepted this sales alert.", " ".join(message.mapped("body")))

    def test_nobody_to_tell_is_no_error(self):
        self.account.user_id = False
        self.group.message_unsubscribe(self.group.message_partner_ids.ids)
        self.alert._answer("accepted", user=self.manager)
        self.assertFalse(self.told())
        self.assertEqual(self.alert.state, "accepted")

    def test_archived_colleagues_and_customers_who_follow_hear_nothing(self):
        self.group.message_subscribe(self.brandon.ids)
        self.salesperson.active = False
        self.alert._answer("accepted", user=self.manager)
        self.assertEqual(self.told().partner_ids, self.marketer.partner_id)

    def test_a_follower_who_may_not_see_the_group_hears_nothing(self):
        chicago = self.env["res.company"].create({"name": "My Company, Chicago"})
        self.marketer.write({"company_ids": [Command.set(chicago.ids)], "company_id": chicago.id})
        self.account.company_id = self.env.company
        self.env.flush_all()
        self.alert._answer("accepted", user=self.manager)
        self.assertEqual(self.told().partner_ids, self.salesperson.partner_id)

    def test_a_second_answer_is_no_news(self):
        self.alert._answer("accepted", user=self.salesperson)
        self.alert._answer("not_ready", user=self.salesperson)
        self.assertEqual(len(self.told()), 1)

    def test_a_reason_is_text(self):
        self.alert._answer("not_ready", "<script>alert(1)</script>", user=self.salesperson)
        self.assertNotIn("<script>", self.told().body)
        self.assertIn("&lt;script&gt;", self.told().body)
