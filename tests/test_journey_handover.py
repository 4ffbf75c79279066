# The demo journey from its first mail to the sales alert, message by message.
from odoo.tests import tagged

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestHandover(JourneyCase):
    def test_demo_journey_to_its_end(self):
        journey = self.env.ref("crm_buying_journey.journey_handover")
        groups = self.env["buying.group"].search(journey._get_audience_domain())
        self.assertGreaterEqual(len(groups), 4, "Odoo's demo companies have their groups")
        members = groups.member_ids
        self.assertTrue(all(member.source == "system" for member in members))
        journey.action_publish()
        with self.mock_mail_gateway():
            self.engine.tick()
            self._mails.clear()
            self.env["mail.mail"].search(
                [("state", "=", "outgoing"), ("mailing_id", "=", journey.node_ids.mailing_id.id)]
            ).send()
            first_mails = list(self._mails)
        self.assertEqual(len(first_mails), len(members), "one message per member, none for the copies alone")
        member_of = {member.partner_id.email_normalized: member for member in members}
        mailing = journey.node_ids.mailing_id
        for message in first_mails:
            self.assertEqual(len(message["email_to"]), 1)
            member = next(member for email, member in member_of.items() if email in message["email_to"][0])
            salesperson = member.group_id.partner_id.user_id
            self.assertEqual([salesperson.partner_id.email_formatted] if salesperson else [], message["email_cc"])
            self.assertIn(member.partner_id.name, message["body"])
            self.assertIn(f"/mailing/{mailing.id}/confirm_unsubscribe", message["body"])
            self.assertNotIn("/unsubscribe_from_list", message["body"])
        self.assertTrue(any(message["email_cc"] for message in first_mails))
        self.assertEqual({participant.node_id.kind for participant in journey.participant_ids}, {"wait"})
        journey.participant_ids.action_skip_wait()
        self.engine.tick()
        alerts = self.env["mail.mail"].search(
            [("model", "=", "buying.group"), ("res_id", "in", groups.ids), ("state", "=", "outgoing")]
        )
        self.assertEqual(len(alerts), len(groups))
        for alert in alerts:
            group = self.env["buying.group"].browse(alert.res_id)
            self.assertEqual(alert.email_to, "sales@yourcompany.example.com")
            self.assertIn(group.partner_id.name, alert.body_html)
            top = self.env["buying.alert.content"]._get_members(group)[group.id][:4]
            self.assertEqual(len(top), min(4, group.member_count))
            for member in top:
                self.assertIn(member.partner_id.name, alert.body_html)
            for role in group.missing_role_ids:
                self.assertIn(role.name, alert.body_html)
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        self.assertEqual(self.engine.tick(), 0, "nobody enters twice and nothing is sent again")
