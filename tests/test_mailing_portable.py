# Exported, imported and duplicated journeys keep the rules of their mails, whom they copy, and their A/B tests.
import json
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_ab import AbCase
from .common_journey import BODY, JourneyCase

RULES = {
    "cap_day": 1,
    "cap_week": 2,
    "cap_month": 5,
    "use_general_caps": False,
    "quiet_mode": "own",
    "quiet_from": 20.5,
    "quiet_to": 7.25,
    "quiet_weekend": True,
    "quiet_tz": "Europe/Oslo",
    "address_dedup": "inside",
}


@tagged("post_install", "-at_install")
class TestMailingPortable(AbCase, JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager.group_ids |= cls.env.ref("sales_team.group_sale_manager")
        cls.topic, cls.other_topic = cls.env["mailing.list"].create(
            [{"name": "Product News", "is_public": True}, {"name": "Events", "is_public": True}]
        )
        cls.boss = cls.env["res.partner"].create({"name": "Boss", "email": "Boss <boss@example.com>"})
        cls.journey = cls.make_journey(
            "crm.lead", [("id", "=", 0)], [{"kind": "email", "name": "Mail"}, {"kind": "end"}], publish=False, **RULES
        )
        cls.journey.topic_id = cls.topic
        cls.node = cls.journey.node_ids[0]
        cls.mail = cls.node.mailing_id
        cls.mail.write(
            {
                "topic_id": cls.other_topic.id,
                "copy_limit": 7,
                "use_exclusion_list": False,
                "expiry_type": "field",
                "expiry_field_id": cls.env["ir.model.fields"]._get("crm.lead", "date_deadline").id,
                "expiry_value": 3,
                "expiry_unit": "hours",
                "expiry_direction": "after",
                "cc_slot_ids": [
                    Command.create({"path": "user_id", "mode": "tracked", "unsubscribe": "all"}),
                    Command.create({"source": "role", "role_id": cls.role_champion.id, "solution_id": cls.solution.id}),
                    Command.create({"source": "partner", "partner_id": cls.boss.id}),
                ],
            }
        )

    def export(self, user=None, journey=None):
        return json.loads(json.dumps((journey or self.journey).with_user(user or self.marketer).export_data_dict()))

    def load(self, data, user=None):
        return self.env["journey.journey"].with_user(user or self.marketer).import_data_dict(data)

    def assertRefused(self, pattern, data, user=None):
        count = self.env["journey.journey"].search_count([])
        with self.assertRaisesRegex(UserError, pattern):
            self.load(data, user)
        self.assertEqual(self.env["journey.journey"].search_count([]), count)

    def mail_of(self, journey):
        return journey.node_ids.mailing_id.ensure_one()

    def set_up(self, subjects=("Offer A", "Offer B", "Offer C"), **values):
        self.node.with_user(self.marketer).action_open_ab_test()
        test = self.node.ab_test_id.with_user(self.marketer)
        while len(test.arm_ids) < len(subjects):
            test.action_add_arm()
        for arm, subject in zip(test.arm_ids, subjects, strict=True):
            arm.write({"subject": subject, "preview": f"Preview of {subject}"})
        test.write({"deadline": fields.Datetime.now() + timedelta(days=20), **values})
        return test

    def assertSameRules(self, copied):
        for name in RULES:
            self.assertEqual(copied[name], self.journey[name], name)
        self.assertEqual(copied.topic_id, self.topic)
        mail = self.mail_of(copied)
        for name in (
            "topic_id",
            "copy_limit",
            "use_exclusion_list",
            "expiry_type",
            "expiry_field_id",
            "expiry_value",
            "expiry_unit",
            "expiry_direction",
        ):
            self.assertEqual(mail[name], self.mail[name], name)
        self.assertEqual(self.slots_of(mail), self.slots_of(self.mail))

    def slots_of(self, mail):
        names = ("source", "path", "role_id", "solution_id", "partner_id", "mode", "unsubscribe")
        return [tuple(slot[name] for name in names) for slot in mail.cc_slot_ids]

    def assertSameTest(self, copied, original):
        for name in (
            "name",
            "test_type",
            "test_percent",
            "holdout_percent",
            "metric",
            "method",
            "confidence",
            "min_sample",
            "fallback",
            "plan_rate",
            "plan_hoped",
        ):
            self.assertEqual(copied[name], original[name], name)
        self.assertEqual(copied.state, "draft")
        self.assertEqual(len(copied.arm_ids), len(original.arm_ids))
        for arm, other in zip(copied.arm_ids, original.arm_ids, strict=True):
            self.assertEqual(
                (arm.letter, arm.weight, arm.subject, arm.preview),
                (other.letter, other.weight, other.subject, other.preview),
            )
            self.assertNotEqual(arm.mailing_id, other.mailing_id)
            self.assertEqual(arm.mailing_id.journey_node_id, copied.journey_node_id)
            self.assertEqual(self.slots_of(arm.mailing_id), self.slots_of(other.mailing_id))
        self.assertEqual(copied.default_arm_id.letter, original.default_arm_id.letter)

    # Rules and copies

    def test_rules_topics_and_copies_come_back(self):
        self.assertSameRules(self.load(self.export()))

    def test_rules_topics_and_copies_are_duplicated(self):
        self.assertSameRules(self.journey.with_user(self.marketer).copy())

    def test_a_topic_must_be_there_and_shown_to_recipients(self):
        data = self.export()
        for journey_topic, mail_topic, pattern in (
            ("No such topic", "Events", "journey: “topic_id”: There is no Mailing List “No such topic” here"),
            ("Events", "No such topic", r"step 1 \(Mail\), mail: “topic_id”: There is no"),
        ):
            data["journey"]["topic_id"] = journey_topic
            data["nodes"][0]["mailing"]["topic_id"] = mail_topic
            self.assertRefused(pattern, data)
        self.env["mailing.list"].create({"name": "Hidden", "is_public": False})
        data["journey"]["topic_id"] = data["nodes"][0]["mailing"]["topic_id"] = "Hidden"
        self.assertRefused("There is no Mailing List “Hidden” here", data)

    def test_somebody_always_copied_is_found_by_the_address(self):
        data = self.export()
        slot = data["nodes"][0]["mailing"]["cc"][2]
        self.assertEqual((slot["source"], slot["email"]), ("partner", "boss@example.com"))
        self.assertNotIn("partner_id", slot)
        for email in ("nobody@example.com", "", None, 5, "boss@example.com, nobody@example.com"):
            slot["email"] = email
            self.assertRefused(r"step 1 \(Mail\), mail: There is no contact with the address", data)
        # nor one whom the importer may not see
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.boss.company_id = company
        slot["email"] = "boss@example.com"
        self.assertRefused("There is no contact", data)

    def test_switched_off_copies_are_not_brought_in(self):
        data = self.export()
        self.env["ir.config_parameter"].set_param("crm_buying_journey.cc_recipients", "False")
        self.assertRefused("CC recipients are switched off", data)

    # Operational mails

    def test_only_managers_import_an_operational_mail(self):
        self.mail.is_operational = True
        data = self.export()
        self.assertIs(data["nodes"][0]["mailing"]["is_operational"], True)
        self.assertRefused(r"step 1 \(Mail\), mail: Only managers may import an operational mail", data)
        imported = self.load(data, self.manager)
        self.assertTrue(self.mail_of(imported).is_operational)
        # neither by another spelling, nor by an arm of a test
        for value in (1, "True", "true", [True]):
            data["nodes"][0]["mailing"]["is_operational"] = value
            self.assertRefused("is_operational", data)
        self.mail.is_operational = False
        self.set_up()
        data = self.export()
        for arm in data["nodes"][0]["mailing"]["ab_test"]["arms"]:
            arm["is_operational"] = True
        self.assertRefused("arm 1: “is_operational” is not known", data)

    def test_only_managers_duplicate_an_operational_mail(self):
        self.mail.is_operational = True
        self.assertTrue(self.mail_of(self.journey.with_user(self.manager).copy()).is_operational)
        copied = self.journey.with_user(self.marketer).copy()
        self.assertFalse(self.mail_of(copied).is_operational)
        self.assertIn("not operational any more", " ".join(copied.message_ids.mapped("body")))
        other = self.make_journey("crm.lead", [("id", "=", 0)], [{"kind": "end"}], user=self.marketer, publish=False)
        (made,) = other.draft_version_id.with_user(self.marketer).copy_steps(self.node)
        self.assertFalse(made.mailing_id.is_operational)
        # in the same journey it is the same mail
        self.journey.with_user(self.manager).action_publish()
        self.journey.with_user(self.marketer).action_edit()
        self.assertTrue(self.journey.draft_version_id.node_ids.mailing_id.is_operational)

    # A/B tests

    def test_a_test_of_subjects_comes_back_and_can_be_published(self):
        test = self.set_up(
            holdout_percent=15,
            metric="replied",
            method="fixed",
            confidence=90,
            min_sample=33,
            fallback="split",
            plan_rate=4,
            plan_hoped=6.5,
        )
        test.arm_ids[1].weight = 3
        test.default_arm_id = test.arm_ids[2]
        data = self.export()
        arms = data["nodes"][0]["mailing"]["ab_test"]["arms"]
        self.assertNotIn("body_html", arms[1], "they share one body")
        self.assertNotIn("email_from", arms[1], "senders belong to this database")
        imported = self.load(data)
        self.assertSameRules(imported)
        copied = self.mail_of(imported).ab_test_id
        self.assertSameTest(copied, test)
        self.assertEqual((copied.user_id, copied.deadline), (self.marketer, test.deadline))
        self.assertNotEqual(copied.hash_key, test.hash_key)
        imported.with_user(self.manager).action_publish()
        self.assertEqual(copied.state, "running")

    def test_a_test_of_whole_mails_keeps_bodies_and_copies_of_each(self):
        test = self.set_up(("Offer A", "Offer B"), test_type="mail")
        test.arm_ids[1].mailing_id.write(
            {
                "body_html": BODY.replace("have a look", "look here"),
                "cc_slot_ids": [Command.clear(), Command.create({"path": "team_id.user_id"})],
            }
        )
        for copied in (self.load(self.export()), self.journey.with_user(self.marketer).copy()):
            made = self.mail_of(copied).ab_test_id
            self.assertSameTest(made, test)
            self.assertIn("look here", made.arm_ids[1].mailing_id.body_html)
            self.assertIn("have a look", made.arm_ids[0].mailing_id.body_html)
            self.assertEqual(made.arm_ids[1].mailing_id.cc_slot_ids.mapped("path"), ["team_id.user_id"])

    def test_senders_travel_where_they_are_what_is_tested(self):
        test = self.set_up(("Offer", "Offer"))
        test.arm_ids[1].email_from = '"Joel Willis" <joel.willis@example.com>'
        made = self.mail_of(self.load(self.export())).ab_test_id
        self.assertEqual(made.arm_ids.mapped("email_from"), test.arm_ids.mapped("email_from"))
        self.assertFalse(made._get_errors())

    def test_a_duplicate_draws_anew_and_a_new_version_as_before(self):
        test = self.set_up()
        made = self.mail_of(self.journey.with_user(self.marketer).copy()).ab_test_id
        self.assertSameTest(made, test)
        self.assertNotEqual(made.hash_key, test.hash_key)
        self.assertEqual(made.user_id, self.marketer)
        self.journey.with_user(self.manager).action_publish()
        self.assertEqual(test.state, "running")
        self.journey.with_user(self.marketer).action_edit()
        edited = self.journey.draft_version_id.node_ids.mailing_id.ab_test_id
        self.assertSameTest(edited, test)
        self.assertEqual(edited.hash_key, test.hash_key)

    def test_a_deadline_that_is_over_is_set_anew(self):
        self.set_up()
        data = self.export()
        data["nodes"][0]["mailing"]["ab_test"]["deadline"] = "2020-01-01 00:00:00"
        made = self.mail_of(self.load(data)).ab_test_id
        self.assertGreater(made.deadline, fields.Datetime.now())

    def test_a_decided_test_travels_as_the_mail_that_won(self):
        test = self.set_up(("Offer A", "Offer B"), test_type="mail", min_sample=2)
        test.arm_ids[1].mailing_id.write(
            {
                "body_html": BODY.replace("have a look", "look here"),
                "cc_slot_ids": [Command.clear(), Command.create({"path": "team_id.user_id"})],
            }
        )
        self.journey.with_user(self.manager).action_publish()
        test.choose(test.arm_ids[1])
        data = self.export()
        self.assertNotIn("ab_test", data["nodes"][0]["mailing"])
        for copied in (self.load(data), self.journey.with_user(self.marketer).copy()):
            mail = self.mail_of(copied)
            self.assertFalse(mail.ab_test_id)
            self.assertEqual((mail.subject, mail.cc_slot_ids.mapped("path")), ("Offer B", ["team_id.user_id"]))
            self.assertIn("look here", mail.body_html)
            self.assertEqual((mail.topic_id, mail.expiry_value), (self.other_topic, 3))

    def test_what_a_test_found_out_is_not_taken_from_a_file(self):
        self.set_up()
        data = self.export()
        test = data["nodes"][0]["mailing"]["ab_test"]
        for name, value in (
            ("state", "decided"),
            ("outcome", "winner"),
            ("winner_arm_id", 1),
            ("rest_arm_id", 1),
            ("hash_key", "x"),
            ("user_id", 1),
            ("company_id", 1),
            ("mailing_id", 1),
            ("decision_data", {}),
            ("active", False),
        ):
            data["nodes"][0]["mailing"]["ab_test"] = test | {name: value}
            self.assertRefused(f"A/B test: “{name}” is not known", data)
        for name, value in (("mailing_id", 1), ("letter", "Z"), ("test_id", 1), ("sequence", -1)):
            data["nodes"][0]["mailing"]["ab_test"] = test | {"arms": [test["arms"][0] | {name: value}] * 2}
            self.assertRefused(f"arm 1: “{name}” is not known", data)

    def test_a_test_that_is_none_is_refused_with_its_place(self):
        self.set_up()
        data = self.export()
        test = data["nodes"][0]["mailing"]["ab_test"]
        arm = test["arms"][0]
        for value, pattern in (
            (5, "This is no A/B test"),
            ([], "This is no A/B test"),
            ({}, "This is no A/B test"),
            (test | {"arms": 5}, "This is no A/B test"),
            (test | {"arms": [5, 5]}, "This is no A/B test"),
            (test | {"arms": [arm]}, "needs 2 to 10 arms"),
            (test | {"arms": [arm] * 11}, "needs 2 to 10 arms"),
            (test | {"metric": "luck"}, "metric"),
            (test | {"confidence": "high"}, "confidence"),
            (test | {"arms": [arm | {"subject": ""}, arm]}, "arm 1: “subject” is missing"),
            (test | {"arms": [arm | {"weight": "much"}, arm]}, "arm 1: “weight”"),
            (test | {"arms": [arm | {"weight": 0}, arm]}, "Weights go from 1"),
            (test | {"arms": [arm | {"cc": 5}, arm]}, "CC recipient is of the wrong type"),
            (test | {"arms": [arm | {"cc": [{"path": "no_such_field"}]}, arm]}, "no_such_field"),
            (test | {"holdout_percent": 90}, "hold-out"),
        ):
            data["nodes"][0]["mailing"]["ab_test"] = value
            with self.subTest(value=value), mute_logger("odoo.sql_db"):
                self.assertRefused(pattern, data)
