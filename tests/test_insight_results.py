# Results of mailings, campaigns and journeys: the figures add up, and each opens its records.
from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common_reactivation import ReactivationCase

ADD_UP = ("sent", "bounced", "received", "ignored", "engaged", "opened", "clicked", "replied")


@tagged("post_install", "-at_install")
class TestInsightResults(ReactivationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls.env["utm.campaign"].create({"name": "Back in stock"})
        cls.many = cls.make_lost(
            [{"name": f"Lead {number}", "email_from": f"lead.{number}@example.com"} for number in range(10)]
        )
        cls.traces = cls.mail(cls.many, campaign_id=cls.campaign.id)
        cls.mailing = cls.traces.mass_mailing_id

    def figures(self, record, user=None):
        record = record.with_user(user or self.marketer)
        record.invalidate_recordset()
        return {name: record[f"result_{name}"] for name in ADD_UP}

    def assertAddsUp(self, record, **expected):
        """The figures add up, are these, and open as many records."""
        figures = self.figures(record)
        self.assertEqual(figures["sent"], figures["bounced"] + figures["received"])
        self.assertEqual(figures["received"], figures["ignored"] + figures["engaged"])
        self.assertEqual({name: figures[name] for name in expected}, expected)
        for name in ADD_UP:
            action = record.with_user(self.marketer).with_context(result=name).action_view_results()
            rows = self.env[action["res_model"]].with_user(self.marketer).search(action["domain"])
            self.assertEqual(len(rows), figures[name], name)

    def test_each_question_has_its_own_answer(self):
        traces = self.traces
        self.at(traces[:5], "email_opened", hours=5)
        self.at(traces[:3], "email_clicked", hours=4)
        self.at(traces[2:4], "email_replied", hours=3)
        self.assertAddsUp(
            self.mailing, sent=10, bounced=0, received=10, opened=5, clicked=3, replied=2, engaged=5, ignored=5
        )

    def test_a_whole_count_is_the_sum_of_the_rows(self):
        """Whole mailings are counted by another statement than a filtered list of mails."""
        traces = self.traces
        self.at(traces[:6], "email_opened", hours=5)
        self.at(traces[1], "email_opened", date=traces[1].sent_datetime)
        self.at(traces[2:5], "email_clicked", hours=4)
        for _link in range(3):
            self.at(traces[7], "email_clicked", hours=4)
        self.at(traces[8], "email_opened", is_automatic=True)
        traces[9].write({"trace_status": "bounce"})
        self.at(traces[3], "email_replied", hours=3)
        other = self.mail(self.leads)
        self.at(other[0], "email_clicked", hours=2)
        Outcome = self.env["mailing.outcome"]
        domain = [("mailing_id", "in", (self.mailing + other.mass_mailing_id).ids)]
        measures = [f"{name}:sum" for name in ADD_UP]
        rows = Outcome._read_group(domain, ["mailing_id"], measures)
        whole = Outcome.with_context(outcome_mailing_ids=domain[0][2])._read_group(domain, ["mailing_id"], measures)
        self.assertEqual(sorted(map(str, whole)), sorted(map(str, rows)))
        self.assertEqual(self.figures(self.mailing)["clicked"], 3)
        for nonsense in (["1; DROP TABLE x"], "1", [True], {}):
            found = Outcome.with_context(outcome_mailing_ids=nonsense)._read_group(domain, [], ["sent:sum"])
            self.assertEqual(found, [(13,)])

    def test_a_bounce_and_an_open_do_not_overwrite_each_other(self):
        opened, clicked, silent = self.traces[:3]
        self.at(opened | clicked, "email_opened", hours=5)
        self.at(clicked, "email_clicked", hours=5)
        (opened | clicked | silent).set_bounced()
        self.assertAddsUp(self.mailing, sent=10, bounced=1, received=9, opened=2, clicked=1, engaged=2, ignored=7)

    def test_what_was_not_sent_is_not_counted(self):
        self.traces[0].set_canceled()
        self.traces[1].set_failed()
        self.traces[2].trace_status = "outgoing"
        self.traces[3].is_test_trace = True
        self.assertAddsUp(self.mailing, sent=6, received=6, ignored=6)

    def test_machines_engage_nobody(self):
        scanned, burst, absent, marked = self.traces[:4]
        self.at(scanned, "email_opened", date=scanned.sent_datetime)
        self.at(scanned, "email_clicked", date=scanned.sent_datetime)
        self.at(burst, "email_opened", hours=7)
        for _link in range(3):
            self.at(burst, "email_clicked", hours=7)
        absent.with_context(bj_automatic_reply=True).set_opened()
        absent.with_context(bj_automatic_reply=True).set_replied()
        self.at(marked, "email_opened", is_automatic=True)
        self.assertAddsUp(self.mailing, sent=10, received=10, opened=0, clicked=0, replied=0, ignored=10)

    def test_what_happened_before_the_addon_came_stands_on_the_trace_alone(self):
        trace, scanned = self.traces[:2]
        now = fields.Datetime.now()
        trace.write({"open_datetime": now, "links_click_datetime": now, "trace_status": "open"})
        scanned.write({"open_datetime": scanned.sent_datetime, "trace_status": "open"})
        self.assertAddsUp(self.mailing, opened=1, clicked=1, ignored=9)

    def test_the_scanner_rule_can_be_switched_off(self):
        self.at(self.traces[0], "email_opened", date=self.traces[0].sent_datetime)
        self.assertAddsUp(self.mailing, opened=0)
        self.env["ir.config_parameter"].set_param("crm_buying_journey.scanner_seconds", "0")
        self.assertAddsUp(self.mailing, opened=1)

    def test_a_campaign_is_the_sum_of_its_mailings_and_compares_them(self):
        second = self.mail(self.many[:4], campaign_id=self.campaign.id)
        self.at(second[:1], "email_opened")
        self.at(self.traces[:2], "email_opened")
        self.assertAddsUp(self.campaign, sent=14, opened=3, ignored=11)
        self.assertAddsUp(second.mass_mailing_id, sent=4, opened=1)
        domain = self.campaign.with_user(self.marketer).action_compare_results()["domain"]
        rows = self.env["mailing.outcome"].with_user(self.marketer)._read_group(domain, ["mailing_id"], ["sent:sum"])
        self.assertEqual(dict(rows), {self.mailing: 10, second.mass_mailing_id: 4})

    def test_leads_that_came_back_with_their_revenue_and_cost(self):
        self.many.expected_revenue = 100
        self.at(self.traces[:3], "email_replied")
        self.run_action(self.make_action(), self.many, journey_step=True)
        self.many[0].action_set_won()
        mailing = self.mailing.with_user(self.marketer)
        mailing.result_cost = 60
        mailing.invalidate_recordset()
        self.assertEqual((mailing.result_reactivated, mailing.result_reactivated_won), (3, 1))
        self.assertEqual((mailing.result_expected_revenue, mailing.result_won_revenue), (300, 100))
        self.assertEqual(mailing.result_cost_per_lead, 20)
        for result, leads in (("reactivated", self.many[:3]), ("won", self.many[0])):
            action = mailing.with_context(result=result).action_view_results()
            self.assertEqual(
                self.Lead.with_context(**action["context"]).search(action["domain"]), leads.sorted(self_key)
            )
        self.assertEqual(self.campaign.with_user(self.marketer).result_reactivated, 3)

    def test_a_journey_counts_what_its_mails_and_steps_brought_back(self):
        journey = self.make_journey(
            "crm.lead",
            self.audience,
            [
                {"kind": "email", "name": "Offer"},
                {"kind": "action", "name": "Back", "action_state": "lead_restore", "restore_response_only": False},
            ],
        )
        self.engine.tick()
        self.env["mailing.trace"].search([("journey_participant_id.journey_id", "=", journey.id)]).set_sent()
        self.assertAddsUp(journey, sent=3, ignored=3)
        self.assertEqual(journey.with_user(self.marketer).result_reactivated, 3)
        self.assertEqual(journey.with_user(self.marketer).result_expected_revenue, 1700)

    def test_invoices_are_untaxed_refunds_negative_and_paid_apart(self):
        tax = self.env["account.tax"].create({"name": "Tax 10", "amount": 10})
        user = new_test_user(
            self.env, "results_accountant", "crm_buying_journey.group_user,account.group_account_invoice"
        )
        self.assertTrue(tax)

        def invoice(kind, amount, post=True):
            move = self.env["account.move"].create(
                {
                    "move_type": kind,
                    "partner_id": self.brandon.id,
                    "source_id": self.mailing.source_id.id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": [
                        Command.create({"name": "Desk", "price_unit": amount, "tax_ids": tax.ids}),
                    ],
                }
            )
            if post:
                move.action_post()
            return move

        paid = invoice("out_invoice", 1000)
        invoice("out_invoice", 500)
        invoice("out_refund", 200)
        invoice("out_invoice", 7777, post=False)
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=paid.ids).create(
            {}
        )._create_payments()
        mailing = self.mailing.with_user(user)
        self.assertEqual(mailing.result_invoiced, 1300)
        self.assertEqual(mailing.result_paid, 1000)
        action = mailing.with_context(result="invoiced").action_view_results()
        self.assertEqual(len(self.env["account.move"].with_user(user).search(action["domain"])), 3)

    def test_revenue_of_other_companies_is_converted_and_seen_by_those_who_work_there(self):
        euro = self.env.ref("base.EUR" if self.env.company.currency_id != self.env.ref("base.EUR") else "base.USD")
        euro.active = True
        euro.rate_ids.unlink()
        self.env["res.currency.rate"].create({"currency_id": euro.id, "name": "2020-01-01", "rate": 2})
        elsewhere = self.env["res.company"].create({"name": "My Company, Chicago", "currency_id": euro.id})
        lead = self.many[0]
        lead.write({"user_id": False, "team_id": False})
        lead.write({"company_id": elsewhere.id, "expected_revenue": 100})
        self.at(self.traces[0], "email_replied")
        lead.action_restore()
        mailing = self.mailing.with_user(self.marketer)
        self.assertEqual(mailing.result_reactivated, 0)
        self.marketer.company_ids += elsewhere
        both = mailing.with_context(allowed_company_ids=(self.env.company | elsewhere).ids)
        self.assertEqual((both.result_reactivated, both.result_expected_revenue), (1, 50))

    def test_whoever_may_not_read_leads_learns_nothing_of_them(self):
        user = new_test_user(self.env, "results_marketer", "mass_mailing.group_mass_mailing_user")
        self.at(self.traces[0], "email_replied")
        self.many[0].action_restore()
        mailing = self.mailing.with_user(user)
        self.assertEqual((mailing.result_sent, mailing.result_replied), (10, 1))
        self.assertEqual((mailing.result_reactivated, mailing.result_expected_revenue, mailing.result_leads), (0, 0, 0))
        self.assertFalse(mailing.result_shows_orders)
        with self.assertRaises(AccessError):
            self.env["crm.lead.reactivation.report"].with_user(user).search([])

    def test_quotations_of_a_lead_that_came_back_are_the_mails(self):
        self.at(self.traces[0], "email_replied")
        self.run_action(self.make_action(), self.many[0], journey_step=True)
        lead = self.many[0]
        lead.partner_id = self.brandon
        context = lead.action_new_quotation()["context"]
        product = self.env["product.product"].create({"name": "Desk"})
        order = (
            self.env["sale.order"]
            .with_context(**context)
            .create({"partner_id": self.brandon.id, "order_line": [Command.create({"product_id": product.id})]})
        )
        self.assertEqual((order.source_id, order.campaign_id), (self.mailing.source_id, self.campaign))
        user = new_test_user(
            self.env, "results_sales", "crm_buying_journey.group_user,sales_team.group_sale_salesman_all_leads"
        )
        self.assertEqual(self.mailing.with_user(user).result_quotations, 1)
        self.assertFalse(lead.source_id, "the lead keeps where it came from")

    # Report

    def report(self, user=None, **domain):
        return self.env["crm.lead.reactivation.report"].with_user(user or self.marketer)

    def test_the_report_says_by_reason_how_many_came_back_and_how_long_it_took(self):
        dear = self.env["crm.lost.reason"].create({"name": "Too dear"})
        others = self.make_lost([{"name": "Dear one"}, {"name": "Dear two"}], reason=dear)
        self.mail(others)
        self.at(self.traces[:4], "email_replied")
        self.run_action(self.make_action(), self.many, journey_step=True)
        self.other_lead.action_restore()  # without a mail
        ids = (self.many | others | self.leads).ids
        rows = {
            reason: figures
            for reason, *figures in self.report()._read_group(
                [("lead_id", "in", ids)],
                ["lost_reason_id"],
                ["__count", "mailed:sum", "reactivated:sum", "rate:avg", "days_lost:avg", "days_mail:max"],
            )
        }
        count, mailed, reactivated, rate, days_lost, days_mail = rows[self.reason]
        self.assertEqual((count, mailed, reactivated, rate), (13, 10, 5, 40))
        self.assertAlmostEqual(days_lost, 90, 1)
        self.assertAlmostEqual(days_mail, 1, 1)
        self.assertEqual(rows[dear][:4], [2, 2, 0, 0])

    def test_the_report_knows_a_lead_that_is_lost_again_twice(self):
        self.at(self.traces[0], "email_replied")
        lead = self.many[0]
        lead.action_restore()
        lead.action_set_lost(lost_reason_id=False)
        rows = self.report().search([("lead_id", "=", lead.id)], order="lost_date")
        self.assertEqual(rows.mapped("reactivated"), [1, 0])
        self.assertEqual(rows.mapped("mailed"), [1, 0])
        self.assertEqual(rows[0].lost_reason_id, self.reason)
        self.assertEqual(rows[0].action_open_lead()["res_id"], lead.id)

    def test_salespeople_see_their_own_leads_in_the_report(self):
        self.other_lead.user_id = self.manager
        rows = self.report(self.salesperson).search([("lead_id", "in", (self.lead | self.other_lead).ids)])
        self.assertEqual(rows.lead_id, self.lead)


def self_key(lead):
    """The order of leads in a search."""
    return (-int(lead.priority or 0), -lead.id)
