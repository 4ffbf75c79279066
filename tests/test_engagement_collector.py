# Sources of activities: each is read once, whenever it arrives, and machines and employees do not count.
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCommon

from ..tools.automatic_reply import is_automatic_reply
from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestEngagementCollector(BuyingJourneyCase, MailCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["engagement.activity"].search([]).unlink()
        cls.Collector = cls.env["engagement.collector"]
        cls.Activity = cls.env["engagement.activity"]
        cls.now = fields.Datetime.now()
        cls.Collector.collect()  # what the demo data hold

    def collect(self, *codes):
        """Run and return what came new, as (code, person, subject)."""
        self.env.flush_all()
        last = self.Activity.search([], order="id desc", limit=1).id or 0
        self.Collector.collect(codes or None)
        rows = self.Activity.search([("id", ">", last)], order="id")
        return [(row.code, row.partner_id, row.subject) for row in rows]

    def assertOnce(self, expected, *codes):
        """The sources deliver this, in any order, and nothing when they are read again."""
        self.assertCountEqual(self.collect(*codes), expected)
        self.assertEqual(self.collect(*codes), [])

    # Mailings -----------------------------------------------------------------------------------------------------

    def make_trace(self, record, **values):
        """A trace as it was left before the addon came: no activity tells of it."""
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "A new office",
                "mailing_model_id": self.env["ir.model"]._get_id(record._name),
                "body_html": "<p>Hello</p>",
            }
        )
        sent = self.now - timedelta(hours=5)
        return self.env["mailing.trace"].create(
            {
                "trace_type": "mail",
                "mass_mailing_id": mailing.id,
                "model": record._name,
                "res_id": record.id,
                "email": record.email if "email" in record else False,
                "sent_datetime": sent,
                **{name: sent + delta for name, delta in values.items()},
            }
        )

    def test_opened_and_answered_mailings(self):
        hour = timedelta(hours=1)
        self.make_trace(self.director, open_datetime=hour, reply_datetime=2 * hour)
        self.make_trace(self.clerk)  # sent only
        self.assertOnce(
            [("email_opened", self.director, "A new office"), ("email_replied", self.director, "A new office")]
        )
        opened = self.Activity.search([("code", "=", "email_opened"), ("partner_id", "=", self.director.id)])
        self.assertEqual((opened.date, opened.account_id), (self.now - timedelta(hours=4), self.account))

    def test_each_click_counts(self):
        trace = self.make_trace(self.director, links_click_datetime=timedelta(hours=2))
        link = self.env["link.tracker"].create({"url": "https://example.com/office", "title": "Office"})
        self.env["link.tracker.click"].create([{"link_id": link.id, "mailing_trace_id": trace.id}] * 2)
        self.make_trace(self.analyst, links_click_datetime=timedelta(hours=3))  # its clicks are not kept
        self.assertOnce(
            [("email_clicked", self.director, "A new office")] * 2 + [("email_clicked", self.analyst, "A new office")],
            "mail_clicked",
        )

    def test_what_was_recorded_when_it_happened_is_not_recorded_again(self):
        trace = self.make_trace(self.director)
        trace.set_opened()
        trace.set_clicked()
        trace.set_replied()
        codes = self.Activity.search([("res_model", "=", "mailing.trace"), ("res_id", "=", trace.id)]).mapped("code")
        self.assertEqual(sorted(codes), ["email_clicked", "email_opened", "email_replied"])
        self.assertEqual(self.collect(), [])

    def test_traces_are_logged_by_one_statement(self):
        traces = self.make_trace(self.director) + self.make_trace(self.analyst) + self.make_trace(self.clerk)
        with patch.object(type(self.Activity), "create", autospec=True) as create:
            traces.set_opened()
        self.assertEqual([len(call.args[1]) for call in create.call_args_list], [3])

    def test_the_person_behind_a_recipient(self):
        lead = self.env["crm.lead"].create({"name": "Office", "partner_id": self.analyst.id})
        contact = self.env["mailing.contact"].create({"name": "Brandon", "email": self.director.email.upper()})
        stranger = self.env["mailing.contact"].create({"name": "Nobody", "email": "nobody@test.example.com"})
        self.make_trace(lead, open_datetime=timedelta(hours=1))
        for record in (contact, stranger):
            trace = self.make_trace(record, open_datetime=timedelta(hours=1))
            trace.email = record.email_normalized
        self.assertOnce(
            [("email_opened", self.analyst, "A new office"), ("email_opened", self.director, "A new office")]
        )

    def test_late_arrivals_are_found(self):
        trace = self.make_trace(self.director)
        self.assertEqual(self.collect(), [])
        trace.write({"trace_status": "open", "open_datetime": self.now - timedelta(hours=3)})
        self.env.flush_all()
        # committed late: changed a day before the last run, but not yet visible to it
        self.env.cr.execute(
            "UPDATE mailing_trace SET write_date = %s WHERE id = %s", [self.now - timedelta(days=1), trace.id]
        )
        self.assertOnce([("email_opened", self.director, "A new office")])

    def test_the_first_run_looks_back_120_days(self):
        for days in (119, 121):
            trace = self.make_trace(self.director)
            trace.write({"open_datetime": self.now - timedelta(days=days)})
        self.env["engagement.collector.state"].search([]).unlink()
        self.assertEqual(len(self.collect("mail_opened")), 1)

    # Machines -----------------------------------------------------------------------------------------------------

    def automatic(self, person):
        rows = self.Activity.search([("partner_id", "=", person.id), ("is_automatic", "=", True)])
        return sorted(rows.mapped("code"))

    def test_scanners_do_not_count(self):
        self.make_trace(self.director, open_datetime=timedelta(seconds=1))
        self.make_trace(self.analyst, open_datetime=timedelta(seconds=3))
        trace = self.make_trace(self.clerk, links_click_datetime=timedelta(minutes=2))
        link = self.env["link.tracker"].create({"url": "https://example.com/office", "title": "Office"})
        self.env["link.tracker.click"].create([{"link_id": link.id, "mailing_trace_id": trace.id}] * 3)
        self.collect()
        self.assertEqual(self.automatic(self.director), ["email_opened"])
        self.assertEqual(self.automatic(self.analyst), [])
        self.assertEqual(self.automatic(self.clerk), ["email_clicked"] * 3)
        self.env["engagement.score.model"].compute_scores()
        self.env.invalidate_all()
        self.assertEqual((self.director.engagement_score, self.clerk.engagement_score), (0, 0))
        self.assertGreater(self.analyst.engagement_score, 0)

    def test_the_scanner_rule_can_be_turned_off(self):
        self.env["ir.config_parameter"].set_param("crm_buying_journey.scanner_seconds", "0")
        self.make_trace(self.director, open_datetime=timedelta(seconds=1))
        self.collect()
        self.assertEqual(self.automatic(self.director), [])

    def incoming(self, subject, headers=""):
        """Text of a mail from the director to the contact of the account."""
        return (
            f"From: {self.director.email}\nTo: desk@test.example.com\nSubject: {subject}\n"
            f"Message-Id: <{subject.replace(' ', '.')}@test.example.com>\n{headers}"
            "Content-Type: text/plain; charset=utf-8\n\nThank you."
        )

    def receive(self, subject, headers=""):
        self.env["mail.thread"].message_process(
            "res.partner", self.incoming(subject, headers), thread_id=self.analyst.id
        )

    def test_mails_from_contacts_count_and_absence_notes_do_not(self):
        self.receive("A question")
        self.receive("Out of Office until Monday")
        self.receive("I am away", "Auto-Submitted: auto-replied\n")
        self.receive("Merci", "X-Autoreply: yes\n")
        self.assertOnce([("message_received", self.director, "A question")], "message_received")

    def test_an_absence_note_is_no_answer_to_a_mailing(self):
        trace = self.make_trace(self.director)
        trace.message_id = "<mailing.1@test.example.com>"
        self.receive("Thanks", "Auto-Submitted: auto-replied\nReferences: <mailing.1@test.example.com>\n")
        self.assertEqual((trace.trace_status, trace.is_automatic_reply), ("reply", True))
        self.assertEqual(self.collect(), [])
        self.receive("Now really", "References: <mailing.1@test.example.com>\n")
        codes = self.Activity.search([("partner_id", "=", self.director.id)]).mapped("code")
        self.assertEqual(codes, ["email_replied"])
        # who answers has opened it; but the answer is not also a mail out of the blue
        self.assertOnce([("email_opened", self.director, "A new office")])

    def test_how_absence_notes_are_recognised(self):
        for subject in (
            "Automatic reply: Offer",
            "Réponse automatique : offre",
            "Automatische Antwort: Angebot",
            "Respuesta automática: oferta",
            "Automatisk svar: tilbud",
            "自动回复: 报价",
        ):
            self.assertTrue(is_automatic_reply({}, subject), subject)
        for subject in ("Automatic doors", "Our office is out", "Re: Out of office", False):
            self.assertFalse(is_automatic_reply({}, subject), subject)
        self.assertFalse(is_automatic_reply({"Auto-Submitted": "no"}, "Offer"))

    # Everything else ----------------------------------------------------------------------------------------------

    def test_accepted_meetings_that_are_over(self):
        def meet(name, hours, state="accepted"):
            start = self.now + timedelta(hours=hours)
            event = self.env["calendar.event"].create(
                {
                    "name": name,
                    "start": start,
                    "stop": start + timedelta(hours=1),
                    "partner_ids": [Command.set((self.director + self.internal.partner_id).ids)],
                }
            )
            event.attendee_ids.state = state
            return event

        meet("Demo", -5)
        meet("Declined", -5, "declined")
        upcoming = meet("Tomorrow", 24)
        self.assertOnce([("meeting_attended", self.director, "Demo")], "meeting")
        later = self.now + timedelta(days=4)  # nothing was written since, but the time has come
        with patch.object(fields.Datetime, "now", lambda *args: later):
            self.assertEqual(self.collect("meeting"), [("meeting_attended", self.director, upcoming.name)])

    def test_activities_done_on_contacts_and_leads(self):
        lead = self.env["crm.lead"].create({"name": "Office", "partner_id": self.analyst.id})
        for record in (self.director, lead):
            record.activity_schedule("mail.mail_activity_data_call", user_id=self.user.id).action_done()
        call = self.env.ref("mail.mail_activity_data_call").name
        self.assertOnce([("activity_done", self.director, call), ("activity_done", self.analyst, call)])

    def test_quotations_and_orders(self):
        order = self.env["sale.order"].create({"partner_id": self.director.id})
        self.assertEqual(self.collect("quotation", "order"), [])
        order.action_quotation_sent()
        self.assertOnce([("quotation_sent", self.director, order.name)], "quotation", "order")
        order.action_confirm()
        self.assertOnce([("order_confirmed", self.director, order.name)], "quotation", "order")

    def test_unsubscriptions(self):
        contact = self.env["mailing.contact"].create({"name": "Brandon", "email": self.director.email})
        mailing_list = self.env["mailing.list"].create({"name": "News"})
        self.env["mailing.subscription"].create({"contact_id": contact.id, "list_id": mailing_list.id, "opt_out": True})
        noted = self.env["engagement.activity"].search(
            [("type_id.code", "=", "email_unsubscribed"), ("partner_id", "=", self.director.id)]
        )
        self.assertEqual(noted.subject, "News", "noted at once")
        self.assertEqual(self.collect(), [], "and not a second time")
        noted.sudo().unlink()  # as if it had happened before the addon was there
        self.assertOnce([("email_unsubscribed", self.director, mailing_list.name)])

    def test_employees_do_not_count(self):
        self.make_trace(self.internal.partner_id, open_datetime=timedelta(hours=1))
        self.env["sale.order"].create({"partner_id": self.internal.partner_id.id}).action_confirm()
        self.assertEqual(self.collect(), [])

    # The machinery ------------------------------------------------------------------------------------------------

    def with_sources(self, **extra):
        known = type(self.Collector)._get_sources
        return patch.object(type(self.Collector), "_get_sources", lambda self: known(self) | extra)

    def source(self, **values):
        return {
            "name": "Fair",
            "type": "event_attended",
            "models": [],
            "res_model": "res.partner",
            "query": "SELECT id AS partner_id, %(now)s AS date, name AS subject, id AS res_id FROM res_partner "
            f"WHERE id = {self.director.id} AND create_date > %(since)s",
        } | values

    def test_a_source_of_another_addon(self):
        with self.with_sources(fair=self.source()):
            self.assertOnce([("event_attended", self.director, self.director.name)], "fair")
            state = self.env["engagement.collector.state"].search([("code", "=", "fair")])
            self.assertEqual((state.name, state.total_count, state.last_count), ("Fair", 1, 0))

    def test_a_broken_source_stops_nobody_else(self):
        broken = self.source(query="SELECT nothing FROM nowhere")
        with mute_logger("odoo.sql_db"), self.with_sources(aaa_broken=broken, fair=self.source()):
            self.assertEqual(self.collect(), [("event_attended", self.director, self.director.name)])
            states = self.env["engagement.collector.state"].search([("code", "in", ("aaa_broken", "fair"))])
        self.assertIn("nowhere", states[0].last_error)
        self.assertFalse(states[0].watermark)
        self.assertFalse(states[1].last_error)

    def test_sources_of_missing_modules_are_left_out(self):
        missing = self.source(models=["mrp.nothing"], query="SELECT nothing FROM nowhere")
        no_field = self.source(field=("crm.lead", "no_such_field"), query="SELECT nothing FROM nowhere")
        with self.with_sources(missing=missing, no_field=no_field):
            self.assertEqual(self.collect(), [])
        self.assertFalse(self.env["engagement.collector.state"].search([("code", "in", ("missing", "no_field"))]))

    def test_every_source_names_a_known_type(self):
        known = set(self.env["engagement.activity.type"].search([]).mapped("code"))
        for code, source in self.Collector._get_sources().items():
            self.assertIn(source["type"], known, code)
