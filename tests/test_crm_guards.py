# Guard rails of lost leads: each takes the right leads away.
from odoo import Command
from odoo.fields import Domain
from odoo.tests import tagged

from .common_lost_leads import LostLeadsCase


@tagged("post_install", "-at_install")
class TestReactivationGuards(LostLeadsCase):
    def assertGuard(self, guard, taken, free, **off):
        """The guard takes these leads and leaves those; its number opens the list of those taken; switched off, all are
        in the audience."""
        wizard = self.make_wizard(person_choice="all")
        self.assertAudience(wizard, free, **{guard: len(taken)})
        wizard.action_count()
        line = wizard.line_ids.filtered(lambda line: line.key == guard)
        self.assertEqual(line.count, len(taken))
        opened = self.env["crm.lead"].with_user(self.marketer).search(line.action_open()["domain"])
        self.assertEqual(set(opened.ids), set(taken.ids))
        self.assertAudience(self.make_wizard(person_choice="all", **{f"guard_{guard}": False}), taken + free)

    def test_no_valid_address(self):
        good = self.make_lead("Good", email='"Deco, Addict" <Deco.Addict@guard.example.com>')
        of_contact = self.make_lead("Of the contact", partner_id=self.person.id)
        self.env.cr.execute(
            "UPDATE crm_lead SET email_from = NULL, email_normalized = NULL WHERE id = %s", [of_contact.id]
        )
        self.env.invalidate_all()
        nothing = self.make_lead("Nothing", email=False)
        nonsense = self.make_lead("Nonsense", email="at the counter")
        self.assertGuard("address", nothing + nonsense, good + of_contact)
        self.assertEqual((good + nothing).mapped("has_mail_address"), [True, False])

    def test_blacklisted_at_lead_or_contact(self):
        free = self.make_lead("Free")
        lead = self.make_lead("Lead")
        self.env["mail.blacklist"]._add("LEAD@lead.example.com")
        self.env["mail.blacklist"]._add("brandon@guard.example.com")
        contact = self.make_lead("Contact", partner_id=self.person.id)
        apart = self.make_lead("Apart")
        self.env.flush_all()
        # as imports and synchronisation gaps leave it; ordinary writes keep the two addresses together
        self.env.cr.execute("UPDATE crm_lead SET partner_id = %s WHERE id = %s", [self.person.id, apart.id])
        self.env.invalidate_all()
        self.assertGuard("blacklisted", lead + contact + apart, free)
        self.assertTrue(apart.is_refusing_mail)
        self.env["mail.blacklist"]._remove("lead@lead.example.com")
        self.assertAudience(self.make_wizard(), free + lead, blacklisted=2)

    def test_opted_out_of_the_topic(self):
        topic, other_topic = self.env["mailing.list"].create(
            [{"name": "Offers", "is_public": True}, {"name": "News", "is_public": True}]
        )
        lead, free = self.make_lead("Lead"), self.make_lead("Free")
        self.env["mailing.contact"].create(
            {
                "email": "Lead@Lead.example.com",
                "subscription_ids": [Command.create({"list_id": topic.id, "opt_out": True})],
            }
        )
        self.assertAudience(self.make_wizard(topic_id=topic.id), free, opted_out=1)
        self.assertAudience(self.make_wizard(topic_id=other_topic.id), free + lead)
        self.assertAudience(self.make_wizard(topic_id=topic.id, guard_opted_out=False), free + lead)
        self.assertEqual((lead + free).mapped("opted_out_topic_ids"), topic)
        wizard = self.make_wizard(topic_id=topic.id)
        wizard.action_count()
        line = wizard.line_ids.filtered(lambda line: line.key == "opted_out")
        self.assertEqual(self.env["crm.lead"].search(line.action_open()["domain"]), lead)
        mailing = wizard._create_mailing()
        self.assertEqual(mailing.topic_id, topic)

    def test_bounced(self):
        free, lead = self.make_lead("Free"), self.make_lead("Lead")
        contact = self.make_lead("Contact", partner_id=self.person.id)
        lead.message_bounce = 5
        self.person.message_bounce = 7
        free.message_bounce = 1  # a full mailbox
        self.assertGuard("bounced", lead + contact, free)

    def test_open_or_won_lead_of_the_same_person(self):
        free = self.make_lead("Free")
        same_address = self.make_lead("Same address", email="Billy.Fox@guard.example.com")
        self.make_lead("Open", email="BILLY <billy.fox@GUARD.example.com>", days=False)
        same_contact = self.make_lead("Same contact", partner_id=self.person.id)
        self.make_lead("Open too", partner_id=self.person.id, days=False)
        of_won = self.make_lead("Of the won", email="won@guard.example.com")
        won = self.make_lead("Won", email="won@guard.example.com", days=False)
        won.write({"stage_id": self.won_stage.id, "probability": 100})
        won.active = False  # won and archived is a customer still
        other_contact = self.env["res.partner"].create({"name": "Again", "email": "twin@guard.example.com"})
        twin = self.make_lead("Twin", email="twin@guard.example.com")
        self.make_lead("Open twin", partner_id=other_contact.id, days=False)
        # archived and not lost is neither open nor won
        idle = self.make_lead("Idle", email=free.email_from, days=False)
        idle.write({"active": False, "probability": 30})
        self.assertGuard("live_lead", same_address + same_contact + of_won + twin, free)
        self.assertEqual((free + twin).mapped("has_live_lead"), [False, True])

    def test_customers_with_a_recent_order(self):
        company = self.env["res.partner"].create({"name": "Azure Test", "is_company": True})
        self.person.parent_id = company
        colleague = self.env["res.partner"].create(
            {"name": "Nicole Test", "email": "nicole@guard.example.com", "parent_id": company.id}
        )
        of_person = self.make_lead("Of the person", partner_id=self.person.id)
        of_colleague = self.make_lead("Of a colleague", partner_id=colleague.id)
        of_address = self.make_lead("Of the address", email="brandon@guard.example.com")
        free = self.make_lead("Free")
        quoted = self.env["res.partner"].create({"name": "Quoted", "email": "quoted@guard.example.com"})
        only_quoted = self.make_lead("Only quoted", partner_id=quoted.id)
        self.make_order(quoted, state="sent")
        former = self.env["res.partner"].create({"name": "Former", "email": "former@guard.example.com"})
        long_ago = self.make_lead("Long ago", partner_id=former.id)
        self.make_order(former, days=200)
        self.make_order(self.person)
        self.assertGuard("order", of_person + of_colleague + of_address, free + only_quoted + long_ago)
        self.assertAudience(self.make_wizard(order_days=365), free + only_quoted, order=4)
        self.assertAudience(
            self.make_wizard(order_days=5), of_address + of_colleague + free + only_quoted + long_ago, several=1
        )
        self.assertEqual((of_person + long_ago + free).mapped("days_since_order"), [10, 200, 36500])

    def test_days_are_days(self):
        lead = self.make_lead("Lead", partner_id=self.person.id)
        never = self.make_lead("Never")
        self.make_order(self.person, days=10)
        both = lead + never

        def find(operator, value):
            Lead = self.env["crm.lead"].with_context(active_test=False)
            return Lead.search([("id", "in", both.ids), ("days_since_order", operator, value)])

        for operator, value, expected in (
            (">=", 10, both),
            (">=", 11, never),
            (">", 9, both),
            (">", 10, never),
            ("<", 11, lead),
            ("<", 10, both.browse()),
            ("<=", 10, lead),
            ("<=", 9, both.browse()),
            ("=", 10, lead),
            ("!=", 10, never),
            ("=", False, never),
            ("!=", False, lead),
            ("=", 36500, never),
            (">=", 0, both),
        ):
            self.assertEqual(set(find(operator, value).ids), set(expected.ids), (operator, value))
            if value is not False:
                python = both.filtered_domain([("days_since_order", operator, value)])
                self.assertEqual(set(python.ids), set(expected.ids), (operator, value, "in Python"))

    def test_mailed_lately(self):
        free, mailed = self.make_lead("Free"), self.make_lead("Mailed")
        self.make_trace(mailed)
        same_person = self.make_lead("Same person", email="Mailed@lead.example.com")
        waiting = self.make_lead("In the outbox")
        self.make_trace(waiting, sent_datetime=False, trace_status="outgoing")
        long_ago = self.make_lead("Mailed long ago")
        self.make_trace(long_ago, days=30)
        for number, values in enumerate(
            ({"trace_status": "cancel"}, {"trace_status": "error"}, {"is_test_trace": True}, {"trace_status": "bounce"})
        ):
            free += self.make_lead(f"Not mailed {number}")
            self.make_trace(free[-1], **values)
        self.assertGuard("mailing", mailed + same_person + waiting, free + long_ago)
        self.assertAudience(self.make_wizard(mailing_days=45), free, mailing=3 + 1)

    def test_in_a_running_journey(self):
        inside, free = self.make_lead("Inside"), self.make_lead("Free")
        same_person = self.make_lead("Same person", email="INSIDE@lead.example.com")
        journey = self.env["journey.journey"].create(
            {
                "name": "Running",
                "model_id": self.env["ir.model"]._get_id("crm.lead"),
                "domain": f"[('id', '=', {inside.id}), ('active', '=', False)]",
            }
        )
        self.env["journey.node"].create(
            {
                "version_id": journey.draft_version_id.id,
                "kind": "wait",
                "name": "Wait",
                "wait_value": 7,
                "wait_unit": "days",
            }
        )
        journey.action_connect_steps()
        journey.action_publish()
        self.env["journey.engine"].tick()
        self.assertEqual(journey.participant_ids.state, "active")
        self.assertGuard("journey", inside + same_person, free)
        journey.action_abort()
        self.assertAudience(self.make_wizard(person_choice="all"), inside + same_person + free)

    def test_several_leads_of_one_person(self):
        old_rich = self.make_lead("Old", email="Joel@guard.example.com", days=100, expected_revenue=900)
        new_poor = self.make_lead("New", email='"Joel" <joel@guard.example.com>', days=10, expected_revenue=5)
        newest_junk = self.make_lead("Junk", email="joel@guard.example.com", days=1, reason=self.junk)
        alone = self.make_lead("Alone")
        stock = {"reason_mode": "include", "reason_ids": self.stock.ids}
        self.assertAudience(self.make_wizard(**stock), new_poor + alone, several=1)
        self.assertAudience(self.make_wizard(**stock, person_choice="richest"), old_rich + alone, several=1)
        self.assertAudience(self.make_wizard(**stock, person_choice="all"), old_rich + new_poor + alone)
        self.assertAudience(self.make_wizard(), newest_junk + alone, several=2)
        wizard = self.make_wizard(**stock)
        wizard.action_count()
        line = wizard.line_ids.filtered(lambda line: line.key == "several")
        self.assertEqual(self.env["crm.lead"].search(line.action_open()["domain"]), old_rich)
        # by itself the condition compares all lost leads of the person; in Python as in the database
        every = old_rich + new_poor + newest_junk + alone
        self.assertEqual(every.mapped("lead_of_person"), ["richest", False, "newest", "newest"])
        either = Domain("lead_of_person", "=", "newest") | Domain("name", "=", "Old")
        Lead = self.env["crm.lead"].with_context(active_test=False)
        self.assertEqual(Lead.search(either & Domain("id", "in", every.ids)), alone + newest_junk + old_rich)
        # counting, paging and grouping see the same
        domain = wizard.get_audience()["domain"]
        self.assertEqual(Lead.search_count(domain), 2)
        self.assertEqual(len(Lead.search(domain, limit=1)), 1)
        self.assertEqual(Lead.search(domain, offset=1, order="id"), alone)
        self.assertEqual(sum(count for _tag, count in Lead._read_group(domain, ["tag_ids"], ["__count"])), 2)

    def test_one_lead_of_a_person_whom_several_contacts_share(self):
        twins = self.env["res.partner"].create(
            [
                {"name": name, "email": email}
                for name, email in (("A", "Twin@x.example.com"), ("B", "twin@x.example.com"))
            ]
        )
        first = self.make_lead("First", partner_id=twins[0].id, days=20)
        self.make_lead("Second", partner_id=twins[1].id, days=30)
        nowhere = self.make_lead("Nowhere", email=False)
        nowhere += self.make_lead("Nowhere too", email=False)
        self.assertAudience(self.make_wizard(guard_address=False), first + nowhere, several=1)

    def test_a_lead_is_counted_once_by_the_first_guard_that_takes_it(self):
        lead = self.make_lead("Lead", partner_id=self.person.id)
        self.env["mail.blacklist"]._add(self.person.email)
        self.make_order(self.person)
        self.make_trace(lead)
        self.assertAudience(self.make_wizard(), lead.browse(), blacklisted=1)
        self.assertAudience(self.make_wizard(guard_blacklisted=False), lead.browse(), order=1)
        self.assertAudience(self.make_wizard(guard_blacklisted=False, guard_order=False), lead.browse(), mailing=1)

    def test_the_preflight_adds_up_and_makes_nothing(self):
        self.make_lead("Lead", expected_revenue=1000)
        gone = self.make_lead("Gone", expected_revenue=200)
        self.make_lead("Again", email="lead@lead.example.com", days=90, expected_revenue=30)
        self.env["mail.blacklist"]._add(gone.email_normalized)
        before = self.env["mailing.mailing"].search_count([]), self.env["journey.journey"].search_count([])
        wizard = self.make_wizard()
        wizard.action_count()
        figures = {line.key: (line.count, line.left, line.expected_revenue) for line in wizard.line_ids if line.count}
        expected = {
            "matched": (3, 3, 1230),
            "blacklisted": (1, 2, 200),
            "several": (1, 1, 30),
            "mailed": (1, 1, 1000),
        }
        self.assertEqual(figures, expected)
        self.assertTrue(wizard.is_counted)
        wizard.guard_blacklisted = False
        self.assertFalse(wizard.is_counted, "the numbers are those of another choice")
        after = self.env["mailing.mailing"].search_count([]), self.env["journey.journey"].search_count([])
        self.assertEqual(before, after)

    def test_revenue_of_several_currencies(self):
        company = self.env["res.company"].create(
            {"name": "My Company, Berlin", "currency_id": self.env.ref("base.EUR").id}
        )
        self.env["res.currency.rate"].create(
            {
                "currency_id": self.env.ref("base.EUR").id,
                "company_id": self.env.company.id,
                "name": "2020-01-01",
                "rate": 0.5,
            }
        )
        self.env.ref("base.EUR").active = True
        self.marketer.company_ids += company
        self.make_lead("Here", expected_revenue=100)
        lead = self.make_lead("There", expected_revenue=100)
        lead.company_id = company
        wizard = self.make_wizard().with_context(allowed_company_ids=(self.env.company + company).ids)
        self.assertEqual(wizard.get_audience()["expected_revenue"], 300)
