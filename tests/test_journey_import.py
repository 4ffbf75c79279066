# Journeys as JSON: what comes back, what is refused, and the ready-made ones.
import base64
import json
import re

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools.translate import code_translations

from odoo.addons.crm_buying_journey.wizards.journey_ready_made import PLACEHOLDER

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestJourneyImport(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journey = cls.make_journey(
            "buying.group",
            [("id", "=", cls.group.id)],
            [
                {"kind": "email", "name": "Mail", "role_ids": cls.role_champion.ids, "cc": ["parent_id.user_id"]},
                {"kind": "wait", "name": "Rest", "wait_value": 3, "wait_unit": "weeks"},
                {
                    "kind": "action",
                    "name": "Alert",
                    "action_state": "sales_alert",
                    "alert_email_to": "team@example.com",
                },
            ],
            solution_id=cls.solution.id,
            exit_domain="[('status', '=', 'Over')]",
            goal_type_ids=cls.env.ref("crm_buying_journey.engagement_activity_type_meeting_attended").ids,
        )

    def setUp(self):
        super().setUp()
        self.data = json.loads(json.dumps(self.journey.with_user(self.marketer).export_data_dict()))

    def load(self, data=None, user=None):
        return self.env["journey.journey"].with_user(user or self.marketer).import_data_dict(data or self.data)

    def assertRefused(self, *patterns, data=None, user=None):
        """The file is refused with all these reasons, and nothing was made."""
        counts = [self.env[name].sudo().search_count([]) for name in ("journey.journey", "mailing.mailing")]
        with self.assertRaises(UserError) as caught:
            self.load(self.data if data is None else data, user)
        for pattern in patterns:
            self.assertRegex(str(caught.exception), pattern)
        self.assertEqual(
            [self.env[name].sudo().search_count([]) for name in ("journey.journey", "mailing.mailing")], counts
        )

    def test_what_was_exported_comes_back_whole(self):
        copied = self.load()
        self.assertEqual((copied.state, copied.user_id, copied.solution_id), ("draft", self.marketer, self.solution))
        for name in ("exit_domain", "goal_type_ids"):
            self.assertEqual(copied[name], self.journey[name])
        mail, rest, alert = copied.node_ids
        self.assertEqual((mail.next_id, rest.next_id, alert.next_id.id), (rest, alert, False))
        original = self.journey.node_ids.mailing_id
        self.assertEqual((mail.mailing_id.subject, mail.mailing_id.body_html), (original.subject, original.body_html))
        self.assertEqual(mail.mailing_id.cc_slot_ids.mapped("path"), ["parent_id.user_id"])
        self.assertEqual((mail.mailing_id.journey_node_id, mail.role_ids), (mail, self.role_champion))
        self.assertEqual((rest.wait_value, rest.wait_unit), (3, "weeks"))
        self.assertEqual(alert.alert_email_to, "team@example.com")
        self.assertNotEqual(alert.action_server_id, self.journey.node_ids[2].action_server_id)
        self.assertFalse(set(copied.node_ids.mapped("origin_key")) & set(self.journey.node_ids.mapped("origin_key")))
        copied.with_user(self.manager).action_publish()
        again = copied.export_data_dict()
        self.assertEqual([node["name"] for node in again["nodes"]], [node["name"] for node in self.data["nodes"]])

    def test_everything_wrong_is_said_at_once_with_its_place(self):
        self.data["nodes"][0]["role_ids"] = ["No such role"]
        self.data["nodes"][1]["wait_unit"] = "fortnights"
        self.data["nodes"][1]["wait_value"] = "three"
        self.data["nodes"][2]["nonsense"] = 1
        self.data["edges"][0]["target"] = "nowhere"
        self.assertRefused(
            r"step 1 \(Mail\).*no Buying Role “No such role”",
            r"step 2 \(Rest\): “wait_unit”",
            r"step 2 \(Rest\): “wait_value”",
            r"step 3 \(Alert\): “nonsense” is not known",
            "connection 1",
        )

    def test_what_only_the_models_find_is_refused_whole_as_well(self):
        self.data["nodes"][0]["mailing"]["cc"] = [{"path": "no_such_field"}]
        self.assertRefused("step 1")

    def test_two_connections_of_one_kind_are_refused(self):
        self.data["edges"].append(dict(self.data["edges"][0]))
        self.assertRefused("connection 3.*already")

    def test_garbage_is_refused(self):
        for data in ([], "text", {}, {"format": "crm_buying_journey"}, self.data | {"version": 2}):
            with self.subTest(data=data):
                self.assertRefused(data=data or {"x": 1})
        for part in ("journey", "nodes", "edges"):
            self.assertRefused(part, data=self.data | {part: 5})
        for nodes in ([5], [{}], [{"key": "a"}], [{"key": ["a"], "kind": "end"}]):
            self.assertRefused(data=self.data | {"nodes": nodes, "edges": []})

    def test_owner_state_and_company_are_not_taken_from_a_file(self):
        for name, value in (("user_id", 1), ("state", "live"), ("company_id", 1), ("current_version_id", 1)):
            data = self.data | {"journey": self.data["journey"] | {name: value}}
            self.assertRefused(f"“{name}” is not known", data=data)
        for name, value in (("journey_node_id", 1), ("group_ids", []), ("binding_model_id", "res.partner")):
            data = json.loads(json.dumps(self.data))
            data["nodes"][2]["action"][name] = value
            self.assertRefused(f"“{name}” is not known", data=data)

    def test_steps_with_system_rights_are_refused_to_everybody_else(self):
        action = self.data["nodes"][2]["action"]
        for values in (
            {"state": "code", "code": "raise"},
            {"state": "webhook", "webhook_url": "https://example.com"},
            {"state": "object_write", "update_path": "status", "value": "1 + 1", "evaluation_type": "equation"},
            {"state": "multi"},
            {"state": "object_create"},
            {"code": "raise"},
        ):
            self.data["nodes"][2]["action"] = action | values
            with self.subTest(values=values):
                self.assertRefused("Only a system administrator", user=self.manager)

    def test_model_outside_journeys_is_refused(self):
        self.data["journey"]["model"] = "res.users"
        self.assertRefused("res.users cannot take part")
        self.data["journey"]["model"] = "buying.group"
        self.data["nodes"][2]["action"]["model"] = "res.users"
        self.assertRefused("another kind of record")

    def test_salespeople_do_not_import(self):
        self.assertRefused(user=self.salesperson)

    def test_duplicate_copies_mails_and_actions(self):
        copied = self.journey.with_user(self.marketer).copy()
        self.assertEqual(copied.node_ids[2].alert_email_to, "team@example.com")
        self.assertNotIn(copied.node_ids.mailing_id, self.journey.node_ids.mailing_id)
        for name in ("exit_domain", "goal_type_ids"):
            self.assertEqual(copied[name], self.journey[name])

    # The wizard

    def wizard(self, **values):
        return self.env["journey.import"].with_user(self.marketer).create(values)

    def test_every_ready_made_journey_can_be_published(self):
        for template, name in self.env["journey.import"]._selection_template():
            with self.subTest(template=template):
                action = self.wizard(template=template).action_import()
                journey = self.env["journey.journey"].browse(action["res_id"])
                self.assertEqual(journey.name, name)
                journey.with_user(self.manager).action_publish()
                self.assertEqual(journey.state, "live")

    def test_ready_made_journey_speaks_the_language_of_its_maker(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.marketer.lang = "fr_FR"
        french = {
            "Hello %(name)s,": "Bonjour %(name)s,",
            "May we show you more?": "Pouvons-nous vous en montrer davantage ?",
            "Welcome of a new buying group": "Accueil d'un nouveau groupe",
            "Unsubscribe": "Se désabonner <ici>",
        }
        self.patch(code_translations, "get_python_translations", lambda module, lang: french if lang == "fr_FR" else {})
        made = self.wizard(template="welcome_group").with_context(lang="fr_FR").action_import()
        journey = self.env["journey.journey"].browse(made["res_id"])
        self.assertEqual(journey.name, "Accueil d'un nouveau groupe")
        mails = journey.node_ids.mailing_id
        self.assertEqual(mails[1].subject, "Pouvons-nous vous en montrer davantage ?")
        for mail in mails:
            self.assertIn('Bonjour <t t-out="object.name"', mail.body_html)
            self.assertIn("Se désabonner &lt;ici&gt;</a>", mail.body_html)

    def test_catalogue_and_files_of_ready_made_journeys_agree(self):
        ready_made = self.env["journey.ready.made"]
        catalogue = ready_made._get_catalogue()
        folder = ready_made._get_path("any").parent
        self.assertEqual({path.stem for path in folder.glob("*.json")}, set(catalogue))
        shared = set.intersection(*map(set, catalogue.values()))
        for key, texts in catalogue.items():
            content = ready_made._get_path(key).read_text(encoding="utf-8")
            used = set(PLACEHOLDER.findall(content))
            self.assertFalse(used - texts.keys(), key)
            self.assertFalse(texts.keys() - used - shared - {"hint"}, key)
            # nothing that people read stands in the file itself
            data = json.loads(content)
            visible = [data["journey"][name] for name in ("name", "description")]
            for node in data["nodes"]:
                visible += [node["name"], *(node.get("mailing") or {}).values()]
            for text in visible:
                bare = re.sub(r"<[^>]*>", " ", PLACEHOLDER.sub("", text))
                self.assertFalse(bare.strip(" .,"), f"{key}: {bare}")

    def test_reminder_lets_go_of_leads_that_are_lost(self):
        lost, open_lead = self.env["crm.lead"].create(
            [
                {"name": name, "email_from": f"{name}@example.com", "user_id": self.marketer.id}
                for name in ("lost", "open")
            ]
        )
        action = self.wizard(template="reminder_date").action_import()
        journey = self.env["journey.journey"].browse(action["res_id"])
        journey.domain = "[('id', '=', 0)]"
        journey.with_user(self.manager).action_publish()
        journey.with_user(self.marketer).add_records(lost + open_lead)
        lost.action_set_lost()
        self.engine.tick()
        self.assertEqual(
            {entry.res_id: entry.state for entry in journey.participant_ids},
            {lost.id: "exited", open_lead.id: "active"},
        )

    def test_file_is_downloaded_and_uploaded(self):
        url = self.journey.with_user(self.marketer).action_export()["url"]
        attachment = self.env["ir.attachment"].browse(int(url.split("/")[3].split("?")[0]))
        action = self.wizard(origin="file", file=base64.b64encode(attachment.raw)).action_import()
        self.assertEqual(len(self.env["journey.journey"].browse(action["res_id"]).node_ids), 3)

    def test_file_that_is_no_json_is_refused_with_its_place(self):
        with self.assertRaisesRegex(UserError, "line 2, column"):
            self.wizard(origin="file", file=base64.b64encode(b'{"a":\n x}')).action_import()
        for content in (b"\xff\xfe\x00", b"[" * 200_000):
            with self.assertRaisesRegex(UserError, "no JSON"):
                self.wizard(origin="file", file=base64.b64encode(content)).action_import()
        with self.assertRaisesRegex(UserError, "Choose a file"):
            self.wizard(origin="file").action_import()
