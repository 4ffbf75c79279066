# Bringing lost leads back: what counts as a response, what is kept, what happens to the lead.
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_reactivation import ReactivationCase


@tagged("post_install", "-at_install")
class TestCrmLeadRestore(ReactivationCase):
    def step(self, action, leads):
        return self.run_action(action, leads, journey_step=True)

    # What is kept

    def test_core_restore_keeps_why_and_when_it_was_lost_and_who_brought_it_back(self):
        lost_on = self.lead.date_closed
        self.lead.with_user(self.salesperson).action_restore()
        self.assertTrue(self.lead.active)
        self.assertFalse(self.lead.lost_reason_id)
        self.assertEqual(self.lead.reactivation_lost_reason_id, self.reason)
        self.assertEqual(self.lead.reactivation_lost_date, lost_on)
        self.assertEqual(self.lead.reactivation_user_id, self.salesperson)
        self.assertTrue(self.lead.reactivated_date)
        self.assertFalse(self.lead.reactivation_mailing_id)
        self.assertFalse(self.lead.reactivation_response)

    def test_a_lost_lead_that_is_won_came_back(self):
        self.lead.action_set_won()
        self.assertEqual(self.lead.won_status, "won")
        self.assertEqual(self.lead.reactivation_lost_reason_id, self.reason)

    def test_an_archived_lead_that_was_not_lost_does_not_come_back(self):
        lead = self.Lead.create({"name": "Put aside", "probability": 30})
        lead.action_archive()
        self.assertNotEqual(lead.won_status, "lost")
        lead.action_unarchive()
        self.assertFalse(lead.reactivated_date)

    def test_losing_a_lead_is_no_coming_back(self):
        self.assertFalse(self.lead.reactivated_date)

    def test_the_last_time_counts(self):
        self.lead.action_restore()
        other = self.env["crm.lost.reason"].create({"name": "Too dear"})
        self.lead.action_set_lost(lost_reason_id=other.id)
        self.assertEqual(self.lead.reactivation_lost_reason_id, self.reason)
        self.lead.action_restore()
        self.assertEqual(self.lead.reactivation_lost_reason_id, other)

    # What counts as a response

    def test_an_answer_a_click_and_a_form_are_responses(self):
        traces = self.mail(self.leads)
        self.at(traces[0], "email_replied")
        self.at(traces[2], "email_clicked")
        self.log_form(self.colleen)
        responses = self.leads._get_responses()
        kinds = {lead.id: responses[lead.id].kind for lead in self.leads}
        self.assertEqual(kinds, {self.lead.id: "reply", self.other_lead.id: "form", self.bare_lead.id: "click"})
        mailings = {response.mailing_id for response in responses.values()}
        self.assertEqual(mailings, {traces.mass_mailing_id.id}, "a form counts for the last mailing before it")

    def log_form(self, partner, **values):
        return self.env["engagement.activity.type"].log("form_filled", partner, **values)

    def test_what_machines_did_is_no_response(self):
        trace = self.mail(self.lead)
        self.at(trace, "email_clicked", is_automatic=True)
        self.assertFalse(self.lead._get_responses())
        # within the seconds of a scanner
        self.at(trace, "email_clicked", date=trace.sent_datetime)
        self.assertFalse(self.lead._get_responses())
        # three links within a second, long after the mail was sent
        self.at(trace | trace | trace, "email_clicked", hours=5)
        for _time in range(2):
            self.at(trace, "email_clicked", hours=5)
        self.assertFalse(self.lead._get_responses())

    def test_the_rule_of_scanners_can_be_switched_off(self):
        trace = self.mail(self.lead)
        self.at(trace, "email_clicked", date=trace.sent_datetime)
        self.env["ir.config_parameter"].set_param("crm_buying_journey.scanner_seconds", "0")
        self.assertTrue(self.lead._get_responses())

    def test_opening_a_mail_is_no_response(self):
        self.at(self.mail(self.lead), "email_opened")
        self.assertFalse(self.lead._get_responses())

    def test_what_happened_before_the_loss_is_no_response(self):
        trace = self.mail(self.lead, sent_hours=24 * 200)
        self.at(trace, "email_replied", hours=24 * 199)
        self.log_form(self.brandon, date=fields.Datetime.now() - timedelta(days=150))
        self.assertFalse(self.lead._get_responses())

    def test_the_answer_to_a_mail_of_another_lead_is_none(self):
        self.at(self.mail(self.lead), "email_replied")
        self.assertFalse(self.other_lead._get_responses())

    def test_a_mail_to_the_lead_is_an_answer_unless_a_machine_or_a_colleague_wrote_it(self):
        post = {"message_type": "email", "subtype_xmlid": "mail.mt_comment", "body": "Hello"}
        self.lead.message_post(author_id=self.salesperson.partner_id.id, **post)
        self.lead.with_context(bj_automatic_reply=True).message_post(author_id=self.brandon.id, **post)
        self.assertFalse(self.lead._get_responses())
        self.lead.message_post(author_id=self.brandon.id, subject="Still interested", **post)
        response = self.lead._get_responses()[self.lead.id]
        self.assertEqual((response.kind, response.subject), ("reply", "Still interested"))

    # The action

    def test_only_those_who_responded_come_back(self):
        traces = self.mail(self.leads)
        self.at(traces[0], "email_replied")
        result = self.step(self.make_action(), self.leads)
        self.assertEqual(self.leads.mapped("active"), [True, False, False])
        self.assertEqual(set(result["journey_skipped"]), set((self.other_lead | self.bare_lead).ids))
        self.assertEqual(self.lead.reactivation_mailing_id, traces.mass_mailing_id)
        self.assertEqual(self.lead.reactivation_response, "reply")
        self.assertEqual(self.lead.reactivation_user_id, self.marketer)

    def test_by_hand_all_come_back(self):
        self.run_action(self.make_action(), self.leads)
        self.assertEqual(self.leads.mapped("active"), [True] * 3)
        self.assertFalse(self.leads.mapped("reactivation_response")[0])

    def test_a_step_may_bring_all_back(self):
        self.step(self.make_action(restore_response_only=False), self.leads)
        self.assertEqual(self.leads.mapped("active"), [True] * 3)

    def test_a_fresh_click_is_held_until_it_can_be_judged(self):
        trace = self.mail(self.lead)
        self.at(trace, "email_clicked", hours=0)
        result = self.step(self.make_action(), self.lead)
        self.assertFalse(self.lead.active)
        self.assertGreater(result["journey_later"][self.lead.id], fields.Datetime.now())
        activities = self.env["engagement.activity"].search([("res_id", "=", trace.id)])
        activities.sudo().date -= timedelta(minutes=3)
        self.step(self.make_action(), self.lead)
        self.assertTrue(self.lead.active)
        self.assertEqual(self.lead.reactivation_response, "click")

    def test_stage_salesperson_tag_activity_and_note(self):
        stage = self.env["crm.stage"].create({"name": "Second try", "sequence": 2})
        tag = self.env["crm.tag"].create({"name": "Came back"})
        call = self.env.ref("mail.mail_activity_data_call")
        self.at(self.mail(self.lead), "email_replied")
        action = self.make_action(
            restore_stage_id=stage.id,
            restore_user_id=self.manager.id,
            restore_tag_ids=tag.ids,
            restore_activity_type_id=call.id,
        )
        self.step(action, self.lead)
        self.assertEqual((self.lead.stage_id, self.lead.user_id, self.lead.tag_ids), (stage, self.manager, tag))
        activity = self.lead.activity_ids
        self.assertEqual((activity.activity_type_id, activity.user_id), (call, self.manager))
        note = self.lead.message_ids.filtered(lambda message: "came back" in (message.body or ""))
        self.assertIn("Back in stock", note.body)
        self.assertIn("Out of stock", note.body)

    def test_the_former_salesperson_keeps_the_lead_or_the_leader_of_the_team_gets_it(self):
        gone = self.salesperson.copy({"login": "gone", "email": "gone@example.com"})
        self.other_lead.write({"user_id": gone.id, "team_id": self.team.id})
        self.other_lead.date_closed = fields.Datetime.now() - timedelta(days=90)
        gone.active = False
        self.step(self.make_action(restore_response_only=False), self.lead | self.other_lead)
        self.assertEqual(self.lead.user_id, self.salesperson)
        self.assertEqual(self.other_lead.user_id, self.manager)
        self.assertEqual(self.other_lead.activity_ids.user_id, self.manager)

    def test_a_stage_of_another_team_is_not_taken(self):
        team = self.env["crm.team"].create({"name": "Elsewhere"})
        stage = self.env["crm.stage"].create({"name": "Theirs", "team_ids": team.ids})
        before = self.lead.stage_id
        self.step(self.make_action(restore_response_only=False, restore_stage_id=stage.id), self.lead)
        self.assertTrue(self.lead.active)
        self.assertEqual(self.lead.stage_id, before)

    def test_a_stage_for_won_leads_is_refused(self):
        with self.assertRaisesRegex(UserError, "cannot be one for won leads"):
            self.make_action(restore_stage_id=self.env["crm.stage"].search([("is_won", "=", True)], limit=1).id)

    def test_twice_is_harmless(self):
        action = self.make_action(restore_response_only=False)
        self.step(action, self.lead)
        messages, activities = self.lead.message_ids, self.lead.activity_ids
        came_back = self.lead.reactivated_date
        result = self.step(action, self.lead)
        self.assertIn(self.lead.id, result["journey_skipped"])
        self.assertEqual((self.lead.message_ids, self.lead.activity_ids), (messages, activities))
        self.assertEqual(self.lead.reactivated_date, came_back)

    def test_a_lead_that_was_deleted_meanwhile_is_harmless(self):
        action, gone = self.make_action(restore_response_only=False), self.other_lead
        leads = self.lead | gone
        gone.unlink()
        action._run_action_lead_restore_multi({"records": leads, "env": self.env(user=self.marketer)})
        self.assertTrue(self.lead.active)

    def test_a_salesperson_brings_back_only_own_leads(self):
        self.other_lead.user_id = self.manager
        action = self.env.ref("crm_buying_journey.action_lead_restore")
        self.run_action(action, self.lead, user=self.salesperson)
        self.assertTrue(self.lead.active)
        with self.assertRaises(UserError):
            self.run_action(action, self.other_lead, user=self.salesperson)

    def test_a_hundred_leads_cost_no_more_statements_than_ten(self):
        def count(number):
            leads = self.make_lost([{"name": f"Lead {index}"} for index in range(number)])
            action = self.make_action(restore_response_only=False, restore_activity=False)
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.step(action, leads)
            return self.cr.sql_log_count - before

        count(2)
        self.assertLess(count(100), 2 * count(10))

    # Merging

    def test_merging_keeps_how_the_lead_came_back(self):
        trace = self.mail(self.lead)
        self.at(trace, "email_replied")
        self.step(self.make_action(), self.lead)
        head = self.Lead.create({"name": "Better", "probability": 80, "partner_id": self.brandon.id})
        merged = (self.lead | head).merge_opportunity()
        self.assertEqual(merged, head)
        self.assertEqual(merged.reactivation_lost_reason_id, self.reason)
        self.assertEqual(merged.reactivation_mailing_id, trace.mass_mailing_id)
        self.assertEqual(merged.reactivation_response, "reply")

    def test_merging_two_that_came_back_takes_all_from_the_last(self):
        trace = self.mail(self.other_lead)
        self.at(trace, "email_replied")
        self.step(self.make_action(restore_response_only=False), self.lead | self.other_lead)
        self.lead.reactivated_date -= timedelta(days=3)
        merged = (self.lead | self.other_lead).merge_opportunity()
        self.assertEqual(merged.reactivation_response, "reply")
        self.assertEqual(merged.reactivation_mailing_id, trace.mass_mailing_id)

    def test_merging_keeps_the_buying_group_whoever_merges(self):
        self.lead.action_restore()
        self.lead.buying_group_id = self.group
        head = self.Lead.create({"name": "Better", "probability": 80, "user_id": self.salesperson.id})
        user = self.salesperson
        user.group_ids -= self.env.ref("crm_buying_journey.group_sales")
        merged = (self.lead | head).with_user(user).merge_opportunity()
        self.assertEqual(merged.sudo().buying_group_id, self.group)
