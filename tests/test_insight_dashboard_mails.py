# Mails on the dashboard: the rates as they are defined, with and without machines, and the records behind each number.
import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_reactivation import ReactivationCase


@tagged("post_install", "-at_install")
class TestInsightDashboardMails(ReactivationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.many = cls.make_lost(
            [{"name": f"Lead {number}", "email_from": f"lead.{number}@example.com"} for number in range(10)]
        )
        cls.traces = cls.mail(cls.many)
        cls.mailing = cls.traces.mass_mailing_id

    def get_data(self, user=None, **filters):
        filters = {"mailing_ids": self.mailing.ids} | filters
        page = self.env["buying.dashboard.mails"].with_user(user or self.marketer).with_context(tz="UTC")
        return page.get_data(filters)

    def values(self, data, row=0):
        """A row of the table by the names of its columns."""
        table = data["mails"]
        return dict(zip(table["series"], table["rows"][row]["values"], strict=True))

    def assertAllDrillDown(self, data, user=None):
        Outcome = self.env["mailing.outcome"].with_user(user or self.marketer)
        cells = [(tile["value"], tile["domain"]) for tile in data["tiles"]]
        for row in data["mails"]["rows"] + data["lines"]["rows"]:
            cells += zip(row["values"], row["domains"], strict=True)
        for value, domain in cells:
            if domain is not False:
                self.assertEqual(Outcome.search_count(json.loads(json.dumps(domain))), value)

    def happen(self):
        """10 sent, 2 bounced; of 8, 4 opened, 2 clicked, 1 unsubscribed; a scanner opens and clicks two more."""
        traces = self.traces
        self.at(traces[:4], "email_opened", hours=5)
        self.at(traces[:2], "email_clicked", hours=4)
        scanned = traces[4:6]
        self.at(scanned, "email_opened", date=traces[0].sent_datetime)
        self.at(scanned, "email_clicked", date=traces[0].sent_datetime)
        traces[3]._set_unsubscribed()
        traces[8:].set_bounced()

    def test_rates(self):
        self.happen()
        data = self.get_data()
        values = self.values(data)
        self.assertEqual(
            {name: value for name, value in values.items() if not name.endswith("activity")},
            {
                "Sent": 10,
                "Delivered": 8,
                "Delivery rate": 80,
                "Opened": 4,
                "Open rate": 50,
                "Clicked": 2,
                "Click rate": 25,
                "Click-to-open rate": 50,
                "Bounced": 2,
                "Bounce rate": 20,
                "Unsubscribed": 1,
                "Unsubscribe rate": 12.5,
                "Opened, with machines": 6,
                "Open rate, with machines": 75,
                "Clicked, with machines": 4,
                "Click rate, with machines": 50,
            },
        )
        self.assertEqual(values["First activity"], fields.Datetime.to_string(self.traces[0].sent_datetime))
        self.assertEqual(values["Last activity"], fields.Datetime.to_string(self.traces[3].unsubscribed_datetime))
        self.assertEqual(
            [(tile["label"], tile["value"], tile["rate"], tile["raw"]) for tile in data["tiles"]],
            [
                ("Sent", 10, None, None),
                ("Delivered", 8, 80, None),
                ("Opened", 4, 50, 75),
                ("Clicked", 2, 25, 50),
                ("Bounced", 2, 20, None),
                ("Unsubscribed", 1, 12.5, None),
            ],
        )
        self.assertEqual(data["mails"]["hidden"], [])
        weeks = [row["values"] for row in data["lines"]["rows"]]
        self.assertEqual([sum(numbers) for numbers in zip(*weeks, strict=True)], [8, 4, 2])
        self.assertAllDrillDown(data)

    def test_a_machine_reads_no_mail_that_bounced(self):
        trace = self.traces[0]
        self.at(trace, "email_opened", date=trace.sent_datetime)
        trace.set_bounced()
        values = self.values(self.get_data())
        self.assertEqual((values["Opened, with machines"], values["Bounced"]), (0, 1))

    def test_where_there_is_nothing_to_take_a_rate_of(self):
        self.traces.set_bounced()
        values = self.values(self.get_data())
        self.assertEqual((values["Delivery rate"], values["Bounce rate"]), (0, 100))
        self.assertEqual((values["Open rate"], values["Click-to-open rate"], values["Unsubscribe rate"]), (None,) * 3)

    def test_an_unsubscription_of_before_is_known_from_the_log(self):
        self.traces[0]._log_activity("email_unsubscribed")
        data = self.get_data()
        self.assertEqual(self.values(data)["Unsubscribed"], 1)
        hidden = [data["mails"]["series"][number] for number in data["mails"]["hidden"]]
        self.assertEqual(len(hidden), 4, "machines made no difference")
        self.assertTrue(all(label.endswith("with machines") for label in hidden))

    def test_the_period_is_when_mails_were_sent(self):
        old = self.mail(self.many[:3], sent_hours=24 * 100)
        both = (self.mailing | old.mass_mailing_id).ids
        self.assertEqual(self.get_data(mailing_ids=both)["total"], 10)
        today = fields.Date.today()
        data = self.get_data(
            mailing_ids=both, date_from=str(today - timedelta(days=200)), date_to=str(today - timedelta(days=50))
        )
        self.assertEqual((data["total"], len(data["mails"]["rows"])), (3, 1))
        self.assertAllDrillDown(data)
        data = self.get_data(mailing_ids=both, date_from=str(today - timedelta(days=200)))
        self.assertEqual([row["id"] for row in data["mails"]["rows"]], [self.mailing.id, old.mass_mailing_id.id])
        self.assertAllDrillDown(data)

    def test_mails_of_a_journey(self):
        journey = self.make_journey("crm.lead", self.audience, [{"kind": "email", "name": "Offer"}], name="Offers")
        self.engine.tick()
        self.env["mailing.trace"].search([("journey_participant_id.journey_id", "=", journey.id)]).set_sent()
        data = self.get_data(mailing_ids=[], journey_ids=journey.ids)
        self.assertEqual((data["total"], data["mails"]["rows"][0]["note"]), (3, "Offers"))
        self.assertIn({"label": "Journey", "text": "Offers"}, data["filters"])
        self.assertAllDrillDown(data)
        journey.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        self.assertEqual(self.get_data(mailing_ids=[], journey_ids=journey.ids)["total"], 0)

    def test_salespeople_do_not_see_mails(self):
        with self.assertRaises(AccessError):
            self.get_data(self.salesperson)

    def test_nothing_sent_is_no_error(self):
        self.traces.trace_status = "outgoing"
        data = self.get_data()
        self.assertEqual((data["total"], data["mails"]["rows"]), (0, []))

    def test_the_number_of_statements_does_not_grow(self):
        def count(mailings):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.get_data(mailing_ids=mailings.ids)
            return self.env.cr.sql_log_count - before

        mailings = self.mailing
        for _number in range(7):  # more than filters are told by name, so that both runs read alike
            mailings |= self.mail(self.many[:2]).mass_mailing_id
        count(mailings)
        few = count(mailings)
        for _number in range(10):
            mailings |= self.mail(self.many[:3]).mass_mailing_id
        count(mailings)  # what was made empties the host's caches
        self.assertEqual(count(mailings), few)
        self.assertLess(few, 25)
