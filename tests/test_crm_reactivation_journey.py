# The ready-made journey for lost leads: three weeks, who gets which mail, and who leaves.
from datetime import timedelta

from lxml import html

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import tagged

from .common_reactivation import ReactivationCase


@tagged("post_install", "-at_install")
class TestCrmReactivationJourney(ReactivationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Journey = cls.env["journey.journey"]
        cls.marketer.group_ids += cls.env.ref("sales_team.group_sale_salesman_all_leads")

    def make(self, publish=True, **values):
        journey = self.Journey.with_user(self.marketer)._create_reactivation(self.audience, **values)
        if publish:
            journey.with_user(self.manager).action_publish()
            self.engine.tick()
        return journey

    def subjects(self, lead):
        traces = self.env["mailing.trace"].search([("model", "=", "crm.lead"), ("res_id", "=", lead.id)], order="id")
        return traces.mapped("mass_mailing_id.subject")

    def trace_of(self, lead):
        return self.env["mailing.trace"].search(
            [("model", "=", "crm.lead"), ("res_id", "=", lead.id)], order="id desc", limit=1
        )

    def pass_week(self, journey):
        """Everything that happened was a week earlier."""
        self.env.flush_all()
        self.cr.execute(
            "UPDATE journey_participant SET entered_at = entered_at - interval '8 days',"
            " arrived_at = arrived_at - interval '8 days', due_at = due_at - interval '8 days'"
            " WHERE journey_id = %s",
            [journey.id],
        )
        self.cr.execute(
            "UPDATE engagement_activity SET date = date - interval '8 days' WHERE res_model = 'mailing.trace'"
        )
        self.cr.execute("UPDATE mailing_trace SET sent_datetime = sent_datetime - interval '8 days'")
        self.env.invalidate_all()
        self.engine.tick()

    def participant(self, journey, lead):
        return journey.participant_ids.filtered(lambda participant: participant.res_id == lead.id)

    def test_it_is_a_draft_ready_to_edit_and_to_publish(self):
        journey = self.make(publish=False, name="Stock is back")
        self.assertEqual((journey.state, journey.name, journey.user_id), ("draft", "Stock is back", self.marketer))
        self.assertEqual(journey.model_name, "crm.lead")
        self.assertEqual(journey.audience_count, 3)
        mails = journey.node_ids.mailing_id
        self.assertEqual(len(mails), 4)
        self.assertEqual(set(mails.mapped("state")), {"draft"})
        self.assertTrue(all("/unsubscribe_from_list" in mail.body_html for mail in mails))
        # core's view of a sent mail fails on a t element inside another one
        self.assertFalse([mail.subject for mail in mails if html.fromstring(mail.body_html).xpath("//t//t")])
        journey.with_user(self.manager).action_publish()
        self.assertEqual(journey.state, "live")

    def test_the_audience_names_active_whatever_the_domain(self):
        for domain in (
            [("id", "in", self.leads.ids)],
            str([("id", "in", self.leads.ids)]),
            Domain("id", "in", self.leads.ids),
        ):
            journey = self.Journey.with_user(self.marketer)._create_reactivation(domain)
            self.assertEqual(journey.audience_count, 3)
        since = fields.Datetime.now() - timedelta(days=100)
        domain = [("active", "=", False), ("date_closed", ">=", since), ("id", "in", self.leads.ids)]
        self.assertEqual(self.Journey.with_user(self.marketer)._create_reactivation(domain).audience_count, 3)

    def test_a_broken_audience_and_a_reader_are_refused(self):
        with self.assertRaises(UserError):
            self.Journey.with_user(self.marketer)._create_reactivation([("nonsense", "=", 1)])
        with self.assertRaises(AccessError):
            self.Journey.with_user(self.salesperson)._create_reactivation(self.audience)

    def test_three_weeks_by_what_they_do(self):
        journey = self.make()
        for lead in self.leads:
            self.assertEqual(len(self.subjects(lead)), 1)
        self.env["mailing.trace"].search([("res_id", "in", self.leads.ids), ("model", "=", "crm.lead")]).set_sent()
        self.at(self.trace_of(self.lead), "email_clicked", hours=-1)
        self.at(self.trace_of(self.other_lead), "email_opened", hours=-1)
        self.pass_week(journey)
        self.assertEqual(self.subjects(self.lead)[1], "There is still time to decide")
        self.assertEqual(self.subjects(self.other_lead)[1], "It will not be there for long")
        self.assertEqual(self.subjects(self.bare_lead)[1], "It will not be there for long")
        self.pass_week(journey)
        for lead in self.leads:
            self.assertEqual(self.subjects(lead)[2], "Last chance: 20% off")
        self.pass_week(journey)
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        self.assertEqual(journey.goal_count, 0)
        self.assertEqual([len(self.subjects(lead)) for lead in self.leads], [3, 3, 3])

    def test_whoever_answers_is_brought_back_and_gets_no_further_mail(self):
        journey = self.make()
        for lead in self.lead | self.bare_lead:
            self.trace_of(lead).set_sent()
            self.trace_of(lead).set_replied()
        self.engine.tick()
        for lead in self.lead | self.bare_lead:
            self.assertTrue(lead.active, lead.name)
            self.assertEqual(lead.reactivation_journey_id, journey)
            self.assertEqual(lead.reactivation_mailing_id, journey.node_ids[0].mailing_id)
            self.assertEqual(lead.activity_ids.user_id, self.salesperson)
            self.assertTrue(self.participant(journey, lead).goal_at)
        self.pass_week(journey)
        self.assertEqual([len(self.subjects(lead)) for lead in self.leads], [1, 2, 1])

    def test_an_absence_note_brings_nothing_back(self):
        journey = self.make()
        self.trace_of(self.lead).with_context(bj_automatic_reply=True).set_replied()
        self.engine.tick()
        self.assertFalse(self.lead.active)
        self.assertEqual(self.participant(journey, self.lead).state, "active")

    def test_restored_won_quoted_and_unsubscribed_leads_leave(self):
        more = self.make_lost([{"name": "Shelves", "partner_id": self.brandon.copy({"email": "b@example.com"}).id}])
        self.audience[2] = ("id", "in", (self.leads | more).ids)
        journey = self.make()
        self.lead.action_restore()
        self.other_lead.action_set_won()
        self.env["mail.blacklist"]._add(self.bare_lead.email_normalized)
        self.env["engagement.activity.type"].log("quotation_sent", more.partner_id)
        self.pass_week(journey)
        for lead in self.leads | more:
            self.assertEqual(len(self.subjects(lead)), 1, lead.name)
        states = {lead: self.participant(journey, lead).state for lead in self.leads | more}
        self.assertEqual(
            states, {self.lead: "completed", self.other_lead: "completed", self.bare_lead: "exited", more: "exited"}
        )
