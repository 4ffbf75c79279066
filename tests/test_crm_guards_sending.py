# Guard rails of lost leads hold when the mail is sent, and what the wizard makes.
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..hooks import _empty_lost_audiences
from .common_lost_leads import LostLeadsCase


@tagged("post_install", "-at_install")
class TestReactivationSending(LostLeadsCase):
    # At sending time

    def test_guards_hold_when_the_mail_is_sent_two_weeks_later(self):
        free, buyer = self.make_lead("Free"), self.make_lead("Buyer", partner_id=self.person.id)
        back, mailed = self.make_lead("Back", email="back@guard.example.com"), self.make_lead("Mailed")
        refusing = self.make_lead("Refusing")
        wizard = self.make_wizard()
        self.assertAudience(wizard, free + buyer + back + mailed + refusing)
        mailing = wizard._create_mailing()
        mailing.write({"schedule_type": "scheduled", "schedule_date": fields.Datetime.now() + timedelta(days=14)})
        mailing.with_user(self.marketer).action_put_in_queue()
        # two weeks in which things happen
        self.make_order(self.person, days=1)
        self.make_lead("New deal", email="BACK@guard.example.com", days=False)
        self.make_trace(mailed)
        self.env["mail.blacklist"]._add(refusing.email_normalized)
        mailing.schedule_date = fields.Datetime.now() - timedelta(minutes=1)
        with (
            self.mock_mail_gateway(mail_unlink_sent=False),
            patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kwargs: 1),
        ):
            self.env["mailing.mailing"]._process_mass_mailing_queue()
        self.assertEqual(mailing.state, "done")
        sent = mailing.mailing_trace_ids.filtered(lambda trace: trace.trace_status != "cancel")
        self.assertEqual(sent.mapped("email"), ["free@lead.example.com"])
        self.assertEqual(len(self._new_mails), 1)

    def test_guards_hold_for_those_who_wait_for_a_test_to_be_decided(self):
        leads = self.env["crm.lead"]
        for number in range(8):
            leads += self.make_lead(f"Lead {number}")
        wizard = self.make_wizard()
        mailing = self.env["mailing.mailing"].browse(wizard.action_create_ab_mailing()["res_id"])
        test = mailing.ab_test_id
        test.test_percent = 25
        test.arm_ids.mailing_id.write({"body_html": "<p>Hello</p>"})
        with self.mock_mail_gateway(mail_unlink_sent=False):
            mailing.sudo()._action_send_mail()
            allocations = self.env["mailing.ab.allocation"].search([("test_id", "=", test.id), ("state", "=", "held")])
            self.assertEqual(len(allocations), 6)
            held = leads.browse(allocations.mapped("res_id"))
            # while people look at the figures
            held[0].action_restore()
            self.env["mail.blacklist"]._add(held[1].email_normalized)
            self.make_lead("New deal", email=held[2].email_normalized, days=False)
            held[3].partner_id = self.person
            self.make_order(self.person, days=1)
            test.sudo().choose(test.arm_ids[0])
            mailing.sudo()._action_send_mail()
        mailed = self.env["mailing.trace"].search(
            [("mass_mailing_id", "in", test.arm_ids.mailing_id.ids), ("trace_status", "!=", "cancel")]
        )
        self.assertFalse(set(mailed.mapped("res_id")) & set(held[:4].ids), "guard rails hold after the decision")
        self.assertLessEqual(set(held[4:].ids), set(mailed.mapped("res_id")))
        unmatched = allocations.filtered(lambda allocation: allocation.reason == "unmatched")
        self.assertEqual(set(unmatched.mapped("res_id")), set(held[:4].ids))
        self.assertEqual(set(unmatched.mapped("state")), {"excluded"})

    def test_guards_hold_for_each_batch_of_a_long_mailing(self):
        """While the first mails are made, other people and other mailings go on."""
        self.env["ir.config_parameter"].set_param("mail.batch_size", "1")
        leads = self.env["crm.lead"]
        for number in range(6):
            leads += self.make_lead(f"Lead {number}", days=10 + number)
        mailing = self.make_wizard()._create_mailing()
        Composer = type(self.env["mail.compose.message"])
        original, test = Composer._process_mail_values_state, self
        done = []

        def process(composer, mail_values_dict):
            if not done:
                others = leads.filtered(lambda lead: lead.id not in mail_values_dict)
                done.extend(others)
                others[0].action_restore()
                test.make_lead("New deal", email=others[1].email_normalized, days=False)
                test.make_trace(others[2], days=0)
                customer = test.env["res.partner"].create({"name": "Buyer", "email": others[3].email_normalized})
                test.make_order(customer, days=0)
            return original(composer, mail_values_dict)

        self.patch(Composer, "_process_mail_values_state", process)
        with self.mock_mail_gateway(mail_unlink_sent=False):
            mailing.action_send_mail()
        status = {trace.res_id: trace.failure_type for trace in mailing.mailing_trace_ids}
        self.assertEqual([status[lead.id] for lead in done], ["mail_unmatched"] * 4 + [False])
        self.assertEqual(len(self._new_mails), 2)

    def test_the_first_mail_of_a_journey_asks_who_was_mailed_meanwhile(self):
        mailed, free = self.make_lead("Mailed"), self.make_lead("Free")
        journey = self.make_wizard()._create_journey()
        journey.sudo().action_publish()
        engine = self.env["journey.engine"]
        engine._enrol()
        self.assertEqual(len(journey.participant_ids), 2)
        self.make_trace(mailed, days=0)
        engine.tick()
        of_journey = self.env["mailing.trace"].search([("journey_participant_id", "in", journey.participant_ids.ids)])
        status = {trace.res_id: (trace.trace_status, trace.failure_type) for trace in of_journey}
        self.assertEqual(status, {mailed.id: ("cancel", "mail_unmatched"), free.id: ("outgoing", False)})

    def test_guards_hold_for_mails_that_wait_for_the_end_of_quiet_hours(self):
        leads = self.env["crm.lead"]
        for number in range(5):
            leads += self.make_lead(f"Lead {number}")
        mailing = self.make_wizard()._create_mailing()
        with self.mock_mail_gateway(mail_unlink_sent=False):
            mailing.action_send_mail()
        mails = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(len(mails), 5)
        mails.write({"state": "outgoing", "scheduled_date": fields.Datetime.now() - timedelta(minutes=1)})
        mailing.mailing_trace_ids.trace_status = "outgoing"
        # a night passes
        leads[0].action_restore()
        self.env["mail.blacklist"]._add(leads[1].email_normalized)
        self.make_lead("New deal", email=leads[2].email_normalized, days=False)
        with self.mock_mail_gateway(mail_unlink_sent=False):
            self.env["mail.mail"].process_email_queue()
        status = {trace.res_id: (trace.trace_status, trace.failure_type) for trace in mailing.mailing_trace_ids}
        self.assertEqual([status[lead.id][0] for lead in leads], ["cancel", "cancel", "cancel", "sent", "sent"])
        self.assertEqual([status[lead.id][1] for lead in leads[:3]], ["mail_unmatched", "mail_bl", "mail_unmatched"])
        self.assertEqual(sorted(mails.mapped("state")), ["cancel"] * 3 + ["sent"] * 2)

    def test_who_buys_or_has_a_new_deal_leaves_the_three_weeks(self):
        free, buyer, deal = self.make_lead("Free"), self.make_lead("Buyer"), self.make_lead("Deal")
        journey = self.make_wizard()._create_journey()
        journey.sudo().action_publish()
        self.env["journey.engine"].tick()
        self.assertEqual(len(journey.participant_ids), 3)
        customer = self.env["res.partner"].create({"name": "Buyer", "email": "BUYER@lead.example.com"})
        self.make_order(customer, days=0)
        self.make_lead("New deal", email=deal.email_normalized, days=False)
        self.env["journey.engine"].tick()
        states = {participant.res_id: participant.state for participant in journey.participant_ids}
        self.assertEqual([states[lead.id] for lead in free + buyer + deal], ["active", "exited", "exited"])
        # guard rails that are off ask nothing
        wizard = self.make_wizard(guard_live_lead=False, guard_order=False, guard_journey=False, guard_mailing=False)
        self.assertNotIn("days_since_order", wizard._create_journey().exit_domain)

    def test_as_many_mails_leave_as_the_preflight_said(self):
        for number in range(3):
            self.make_lead(f"Twice {number}", email="TWICE@guard.example.com", partner_name=f"Company {number}")
        self.make_lead("Alone")
        wizard = self.make_wizard()
        mailing = wizard._create_mailing()
        self.assertEqual(wizard.get_audience()["count"], 2)
        with self.mock_mail_gateway(mail_unlink_sent=False):
            mailing.action_send_mail()
        self.assertEqual(
            sorted(mailing.mailing_trace_ids.mapped("email")), ["alone@lead.example.com", "twice@guard.example.com"]
        )

    def test_all_leads_of_a_person_still_get_one_mail(self):
        self.make_lead("One", email="Twice@guard.example.com", contact_name="Joel")
        self.make_lead("Two", email="twice@guard.example.com", contact_name="Joel Willis")
        mailing = self.make_wizard(person_choice="all")._create_mailing()
        with self.mock_mail_gateway(mail_unlink_sent=False):
            mailing.action_send_mail()
        sent = mailing.mailing_trace_ids.filtered(lambda trace: trace.trace_status not in ("cancel", "error"))
        self.assertEqual(sent.mapped("email"), ["twice@guard.example.com"])

    # The draft

    def test_the_draft_mailing(self):
        lead = self.make_lead("Lead", contact_name="Nicole Ford")
        self.env["res.lang"]._activate_lang("fr_FR")
        wizard = self.make_wizard(reason_mode="include", reason_ids=self.stock.ids)
        action = wizard.action_create_mailing()
        mailing = self.env["mailing.mailing"].browse(action["res_id"])
        self.assertEqual((mailing.state, mailing.mailing_model_real), ("draft", "crm.lead"))
        self.assertEqual((mailing.user_id, mailing.subject), (self.marketer, "It is available again"))
        self.assertEqual(mailing.mailing_domain, wizard.domain)
        self.assertEqual(mailing._get_recipients(), lead.ids)
        self.assertTrue(mailing.use_exclusion_list)
        body = mailing._render_field("body_html", lead.ids)[lead.id]
        self.assertIn("Hello Nicole Ford,", body)
        self.assertIn("/unsubscribe_from_list", body)
        lead.contact_name = False
        self.assertIn("Hello there,", mailing._render_field("body_html", lead.ids)[lead.id])

    def test_the_draft_journey(self):
        leads = self.make_lead("One") + self.make_lead("Two")
        topic = self.env["mailing.list"].create({"name": "Offers", "is_public": True})
        wizard = self.make_wizard(topic_id=topic.id)
        wizard.name = "Back in stock"
        journey = self.env["journey.journey"].browse(wizard.action_create_journey()["res_id"])
        self.assertEqual((journey.state, journey.model_name, journey.name), ("draft", "crm.lead", "Back in stock"))
        self.assertEqual((journey.domain, journey.user_id), (wizard.domain, self.marketer))
        self.assertEqual(journey.audience_count, 2)
        self.assertEqual(journey.node_ids.mailing_id.topic_id, topic)
        journey.action_publish()
        # who bought before the first tick stays out
        leads[0].partner_id = self.person
        self.make_order(self.person, days=1)
        self.env["journey.engine"].tick()
        self.assertEqual(journey.participant_ids.mapped("res_id"), leads[1].ids)
        # those inside are in a running reactivation for the next audience, and stay inside their own
        self.assertAudience(self.make_wizard(), leads.browse(), order=1, journey=1)
        self.env["journey.engine"].tick()
        self.assertEqual(journey.participant_ids.mapped("state"), ["active"])

    def test_nobody_left_makes_no_draft(self):
        lead = self.make_lead("Lead")
        self.env["mail.blacklist"]._add(lead.email_normalized)
        with self.assertRaisesRegex(UserError, r"guard rails take away all leads that match \(1\)"):
            self.make_wizard().action_create_mailing()

    def test_uninstalling_leaves_no_filter_that_would_break_the_queue(self):
        self.make_lead("Lead")
        wizard = self.make_wizard()
        wizard.action_save_filter()
        mailing = wizard._create_mailing()
        mailing.action_put_in_queue()
        other = self.env["mailing.mailing"].create(
            {
                "subject": "Other",
                "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
                "mailing_domain": "[('active', '=', False)]",
            }
        )
        _empty_lost_audiences(self.env)
        self.assertEqual((mailing.mailing_domain, mailing.state), ("[('id', 'in', [])]", "draft"))
        favourite = self.env["mailing.filter"].search([("name", "=", wizard.name)], limit=1)
        self.assertEqual(favourite.mailing_domain, "[('id', 'in', [])]")
        self.assertEqual(other.mailing_domain, "[('active', '=', False)]")
