# CC slots: the switch, whom a slot finds, and what keeps an address from being copied.
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.modules.module import load_script
from odoo.tests import tagged
from odoo.tools import file_path

from .common_journey import BODY, JourneyCase

PARAMETER = "crm_buying_journey.cc_recipients"


class CopyCase(JourneyCase):
    """Mailings with copies, composed and sent without a journey."""

    def make_mailing(self, slots, records, **values):
        """:param list slots: values of the slots"""
        return self.env["mailing.mailing"].create(
            {
                "subject": "Test offer",
                "body_html": BODY,
                "mailing_domain": str([("id", "in", records.ids)]),
                "mailing_model_id": self.env["ir.model"]._get_id(records._name),
                "cc_slot_ids": [Command.create(slot) for slot in slots],
                "email_from": '"Marc Demo" <marc.demo@example.com>',
                **values,
            }
        )

    def make_leads(self, count, **values):
        return self.env["crm.lead"].create(
            [
                {
                    "name": f"Lead {number}",
                    "email_from": f'"Primary {number}" <primary{number}@example.com>',
                    "user_id": self.salesperson.id,
                    **values,
                }
                for number in range(count)
            ]
        )

    def send(self, mailing):
        """Compose and send; returns the messages by the first address they go to."""
        mailing.action_send_mail()
        return self.deliver(mailing)

    def deliver(self, mailing):
        self.env["mail.mail"].search([("state", "=", "outgoing"), ("mailing_id", "=", mailing.id)]).send()
        return {mail["email_to"][0].split("<")[-1].rstrip(">"): mail for mail in self._mails}

    def copies_of(self, mailing):
        return self.env["mailing.trace.copy"].search([("mailing_id", "=", mailing.id)], order="id")


@tagged("post_install", "-at_install")
class TestMailingCcSlots(CopyCase):
    def switch_off(self):
        self.env["ir.config_parameter"].set_param(PARAMETER, "False")

    def test_off_unless_switched_on(self):
        self.env["ir.config_parameter"].search([("key", "=", PARAMETER)]).unlink()
        self.assertFalse(self.env["mailing.mailing"]._is_cc_enabled())
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.bj_cc_recipients)
        settings.bj_cc_recipients = True
        settings.execute()
        self.assertTrue(self.env["mailing.mailing"]._is_cc_enabled())
        self.assertTrue(self.env["res.config.settings"].create({}).bj_cc_recipients)

    def test_updating_keeps_copies_on_where_they_are_used(self):
        path = file_path("crm_buying_journey/migrations/19.0.1.1.0/post-cc_recipients.py")
        script = load_script(path, "post_cc_recipients")
        Parameter = self.env["ir.config_parameter"]
        self.env["mailing.cc.slot"].search([]).unlink()
        Parameter.search([("key", "=", PARAMETER)]).unlink()
        self.env.flush_all()
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.assertFalse(Parameter.search([("key", "=", PARAMETER)]))
        Parameter.set_param(PARAMETER, "True")
        self.make_mailing([{"path": "user_id"}], self.make_leads(1))
        for before, after in ((None, "True"), ("False", "False")):
            Parameter.search([("key", "=", PARAMETER)]).unlink()
            if before:
                Parameter.set_param(PARAMETER, before)
            self.env.flush_all()
            script.migrate(self.env.cr, "19.0.1.0.0")
            self.env.invalidate_all()
            self.env.registry.clear_cache()
            self.assertEqual(Parameter.get_param(PARAMETER), after)

    def test_switched_off_no_slot_is_saved(self):
        mailing = self.make_mailing([{"path": "user_id"}], self.make_leads(1))
        self.switch_off()
        with self.assertRaises(UserError):
            self.make_mailing([{"path": "user_id"}], self.make_leads(1))
        with self.assertRaises(UserError):
            mailing.cc_slot_ids.mode = "tracked"
        with self.assertRaises(UserError):
            mailing.with_user(self.marketer).cc_slot_ids.with_user(self.marketer).path = "partner_id"
        mailing.cc_slot_ids.unlink()  # the way out

    def test_switched_off_nothing_with_slots_is_launched_or_published(self):
        leads = self.make_leads(1)
        mailing = self.make_mailing([{"path": "user_id"}], leads)
        journey = self.make_journey(
            "crm.lead", [("id", "in", leads.ids)], [{"kind": "email", "cc": ["user_id"]}], publish=False
        )
        self.switch_off()
        with self.assertRaises(UserError):
            mailing.action_launch()
        with self.assertRaises(UserError):
            mailing.action_schedule()
        with self.assertRaisesRegex(UserError, "switched off"):
            journey.with_user(self.manager).action_publish()

    def test_switched_off_meanwhile_the_primary_gets_the_mail_and_the_row_says_why(self):
        mailing = self.make_mailing([{"path": "user_id"}, {"path": "user_id", "mode": "tracked"}], self.make_leads(1))
        self.switch_off()
        with self.mock_mail_gateway():
            messages = self.send(mailing)
        self.assertEqual(list(messages), ["primary0@example.com"])
        self.assertFalse(messages["primary0@example.com"]["email_cc"])
        self.assertEqual(self.copies_of(mailing).mapped("reason"), ["disabled"] * 2)

    def test_named_relations_are_those_the_recipients_have(self):
        Slot = self.env["mailing.cc.slot"]
        self.assertEqual(
            Slot._get_named_paths("crm.lead"),
            {
                "salesperson": "user_id",
                "account_salesperson": "partner_id.commercial_partner_id.user_id",
                "parent_company": "partner_id.parent_id",
                "team_leader": "team_id.user_id",
            },
        )
        self.assertEqual(Slot._get_named_paths("res.partner")["account_salesperson"], "commercial_partner_id.user_id")
        self.assertFalse(Slot._get_named_paths("mailing.contact"))
        mailing = self.make_mailing([{"relation": "account_salesperson"}, {"path": "user_id"}], self.make_leads(1))
        self.assertEqual(mailing.cc_slot_ids.mapped("path"), ["partner_id.commercial_partner_id.user_id", "user_id"])
        self.assertEqual(mailing.cc_slot_ids.mapped("relation"), ["account_salesperson", "salesperson"])
        self.assertIn("Salesperson", mailing.cc_slot_ids[1].label)

    def test_computed_fields_are_no_relation(self):
        with self.assertRaisesRegex(UserError, "computed"):
            self.make_mailing([{"path": "partner_id.self"}], self.make_leads(1))

    def test_incomplete_slots_are_refused(self):
        for slot in ({}, {"source": "role"}, {"source": "partner"}, {"path": ""}):
            with self.assertRaises(UserError, msg=slot):
                self.make_mailing([slot], self.make_leads(1))
        mailing = self.make_mailing([{"path": "user_id"}], self.make_leads(1))
        with self.assertRaises(UserError):
            mailing.mailing_model_id = self.env["ir.model"]._get_id("mailing.contact")

    def test_each_kind_of_slot_finds_its_person(self):
        self.account.email = "office.test@example.com"
        fixed = self.env["res.partner"].create({"name": "Joel Willis", "email": "joel.test@example.com"})
        slots = [
            {"path": "commercial_partner_id.user_id"},
            {"path": "parent_id"},
            {"source": "role", "role_id": self.role_champion.id},
            {"source": "partner", "partner_id": fixed.id},
        ]
        mailing = self.make_mailing(slots, self.brandon)
        with self.mock_mail_gateway():
            message = self.send(mailing)["brandon.test@example.com"]
        self.assertEqual(
            message["email_cc"],
            [
                '"Mitchell Admin" <sales.person@example.com>',
                '"Azure Interior Test" <office.test@example.com>',
                '"Colleen Diaz" <colleen.test@example.com>',
                '"Joel Willis" <joel.test@example.com>',
            ],
        )

    def test_member_with_a_role_is_of_the_right_group(self):
        other = self.env["buying.solution"].create({"name": "Other", "template_id": self.template.id})
        group = self.env["buying.group"].create({"solution_id": other.id, "partner_id": self.account.id})
        joel = self.env["res.partner"].create(
            {"name": "Joel Willis", "email": "joel.test@example.com", "parent_id": self.account.id}
        )
        group.assign_member(self.brandon, self.role_decision)
        group.assign_member(joel, self.role_champion)
        for solution, expected in ((other, joel), (self.solution, self.colleen)):
            slot = {"source": "role", "role_id": self.role_champion.id, "solution_id": solution.id}
            mailing = self.make_mailing([slot], self.brandon)
            found = mailing.cc_slot_ids._resolve(self.brandon)[self.brandon.id]
            self.assertEqual(found[0], expected)
        # a journey of groups writes on behalf of one group, a lead belongs to one
        slot = {"source": "role", "role_id": self.role_champion.id}
        journey = self.make_journey(
            "buying.group",
            [("id", "=", group.id)],
            [{"kind": "email", "role_ids": self.role_decision.ids, "cc": []}],
            publish=False,
        )
        journey.node_ids.mailing_id.cc_slot_ids = [Command.create(slot)]
        journey.with_user(self.manager).action_publish()
        self.engine.tick()
        copies = journey.node_ids.mailing_id.mailing_trace_ids.copy_ids
        self.assertEqual((copies.partner_id, copies.state), (joel, "sent"))
        lead = self.make_leads(1, partner_id=self.brandon.id)
        lead.buying_group_id = group
        mailing = self.make_mailing([slot], lead)
        self.assertEqual(mailing.cc_slot_ids._resolve(lead)[lead.id][0], joel)

    def test_nobody_is_copied_who_is_the_recipient_has_gone_or_may_not_be_seen(self):
        gone = self.env["res.users"].create({"name": "Gone", "login": "gone", "email": "gone.test@example.com"})
        leads = self.make_leads(2)
        leads[0].user_id = gone
        gone.active = False
        mailing = self.make_mailing([{"path": "user_id"}], leads)
        found = mailing.cc_slot_ids._resolve(leads)
        self.assertEqual((found[leads[0].id][2], found[leads[1].id][2]), ("archived", ""))
        # the only one with the role is the recipient itself
        slot = {"source": "role", "role_id": self.role_decision.id}
        mailing = self.make_mailing([slot], self.brandon)
        with self.mock_mail_gateway():
            self.send(mailing)
        self.assertEqual(self.copies_of(mailing).reason, "primary")
        # a slot never shows what the sender may not read
        self.env["ir.rule"].create(
            {
                "name": "Hide Colleen",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": str([("id", "!=", self.colleen.id)]),
                "groups": [Command.link(self.env.ref("crm_buying_journey.group_user").id)],
            }
        )
        slots = [{"source": "partner", "partner_id": self.colleen.id}]
        mailing = self.make_mailing(slots, self.brandon)
        found = mailing.with_user(self.marketer).cc_slot_ids._resolve(self.brandon.with_user(self.marketer))
        self.assertEqual(found[self.brandon.id][1:], ("", "forbidden"))

    def test_mailing_user_without_buying_journeys_reads_no_group(self):
        user = self.env["res.users"].create(
            {
                "name": "Mailer",
                "login": "mailer",
                "email": "mailer@example.com",
                "group_ids": [
                    Command.set(
                        [self.env.ref("base.group_user").id, self.env.ref("mass_mailing.group_mass_mailing_user").id]
                    )
                ],
            }
        )
        mailing = self.make_mailing([{"source": "role", "role_id": self.role_champion.id}], self.brandon)
        found = mailing.with_user(user).cc_slot_ids._resolve(self.brandon.with_user(user))
        self.assertEqual(found[self.brandon.id][2], "forbidden")
        with self.assertRaises(AccessError):
            self.env["mailing.copy.optout"].with_user(user).create({"email": "x@example.com"})

    def test_refusals_are_noted_and_the_primary_gets_the_mail(self):
        self.env["mail.blacklist"]._add("black.test@example.com")
        self.env["mail.blacklist"]._add("kunde@bröd.example")
        self.env["mailing.copy.optout"].create({"email": "Optout.Test@example.com"})
        slots = [{"path": "email_cc"}, {"path": "user_id"}]
        for address, reason in (
            ("black.test@example.com", "blacklisted"),
            ("optout.test@example.com", "opted_out"),
            ("fine.test@example.com", False),
            ("kunde@bröd.example", "blacklisted"),
            ("kunde@xn--brd-tna.example", "blacklisted"),
        ):
            lead = self.make_leads(1, email_cc=address)
            mailing = self.make_mailing(slots, lead)
            with self.mock_mail_gateway():
                message = self.send(mailing)["primary0@example.com"]
            self.assertEqual(self.copies_of(mailing).mapped("reason"), [reason, False])
            self.assertEqual(len(message["email_cc"]), 1 if reason else 2)

    def test_address_whose_copies_came_back_gets_no_more(self):
        leads = self.make_leads(5, email_cc="dead.test@example.com")
        mailing = self.make_mailing([{"path": "email_cc"}], leads)
        mailing.action_send_mail()
        self.copies_of(mailing)[:4]._set_bounced("550 no such user")
        self.assertFalse(mailing._get_copy_refusals({"dead.test@example.com"}))
        self.copies_of(mailing)[4]._set_bounced("550 no such user")
        self.assertEqual(mailing._get_copy_refusals({"dead.test@example.com"}), {"dead.test@example.com": "bounced"})

    def test_ceiling_holds_across_batches(self):
        self.env["ir.config_parameter"].set_param("mail.batch_size", 2)
        leads = self.make_leads(5)
        mailing = self.make_mailing([{"path": "user_id"}, {"path": "email_cc"}], leads, copy_limit=3)
        leads[0].email_cc = "other.test@example.com"
        forecast = mailing._get_copy_forecast()
        self.assertEqual(
            forecast,
            {
                "recipients": 5,
                "copies": 4,
                "mails": 9,
                "empty": 6,
                "reasons": {"ceiling": 2, "missing": 4},
                "top_email": "sales.person@example.com",
                "top_count": 3,
            },
        )
        mailing.action_send_mail()
        copies = self.copies_of(mailing).filtered(lambda copy: copy.email == "sales.person@example.com")
        self.assertEqual(sorted(copies.mapped("state")), ["sent"] * 3 + ["skipped"] * 2)
        self.assertEqual(set(copies.mapped("reason")), {False, "ceiling"})
        self.assertEqual(len(self.copies_of(mailing).filtered(lambda copy: copy.state == "sent")), forecast["copies"])

    def test_forecast_in_words(self):
        mailing = self.make_mailing([{"path": "user_id"}], self.make_leads(1))
        self.assertEqual(
            mailing._get_copy_sentence(
                {"recipients": 1000, "copies": 1843, "mails": 2843, "empty": 157, "top_email": False, "top_count": 0}
            ),
            "1,000 recipients + 1,843 copies = 2,843 mails, 157 slots empty",
        )
        action = mailing.with_user(self.marketer).action_count_copies()
        self.assertIn("1 recipients + 1 copies = 2 mails, 0 slots empty", action["params"]["message"])

    def test_forecast_asks_the_database_as_often_for_many_as_for_few(self):
        slots = [
            {"path": "user_id"},
            {"path": "partner_id.parent_id"},
            {"source": "role", "role_id": self.role_champion.id},
        ]
        counts = []
        for number in (2, 40):
            leads = self.make_leads(number, partner_id=self.brandon.id)
            mailing = self.make_mailing(slots, leads)
            mailing._get_copy_forecast(leads)
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            mailing._get_copy_forecast(leads)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
