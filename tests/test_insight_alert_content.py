# The mail of a sales alert, word by word: golden files in three languages, odd data, and its size.
import hashlib
import os
import re
from pathlib import Path

import polib
from freezegun import freeze_time

from odoo import Command
from odoo.modules import get_module_path
from odoo.tests import tagged

from .common_alert import NOW, AlertCase

GOLDEN = Path(__file__).resolve().parent / "golden"
# BJ_RENEW_GOLDEN=1 ./dev/test /crm_buying_journey:TestAlertGolden writes the files anew; then read what changed
RENEW = os.environ.get("BJ_RENEW_GOLDEN") == "1"
# where the words of the mail come from
PLACES = ("insight/alert/", "insight/buying_summary", "buying_role", "activity_type", "sales_alert", "moment")


def get_translation_state(lang):
    """A mark that changes when a translation of the mail's words does."""
    path = Path(get_module_path("crm_buying_journey")) / "i18n" / f"{lang[:2]}.po"
    terms = [
        (entry.msgid, entry.msgstr)
        for entry in polib.pofile(str(path))
        if any(place in occurrence[0] for occurrence in entry.occurrences for place in PLACES)
    ]
    return hashlib.sha256(repr(sorted(terms)).encode()).hexdigest()[:16]


@tagged("post_install", "-at_install")
class TestAlertGolden(AlertCase):
    """English is compared word by word. So are the other languages as long as the translations are those that their
    files were made with; otherwise only what no translator decides: the same parts in the same order, with the same
    names, numbers and addresses, and dates as the language writes them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.company"].search([]).partner_id.lang = "en_US"
        cls.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.com")
        with freeze_time(NOW):
            cls.rich, cls.people = cls.make_rich_group()
        for lang in ("fr_FR", "nb_NO"):
            cls.env["res.lang"]._activate_lang(lang)
            cls.env["ir.module.module"].search([("name", "=", "crm_buying_journey")])._update_translations(lang)
        cls.forget_body_translations()

    def make_mail(self, lang):
        """The HTML and the text that a recipient with this language gets."""
        partner = self.env["res.partner"].create(
            {"name": "Joel Willis", "email": f"joel.{lang}@example.com", "lang": lang, "tz": "Europe/Brussels"}
        )
        with freeze_time(NOW):
            self.run_on(self.make_action(alert_email_to=partner.email), self.rich)
        values = self.outgoing(self.mails(self.rich)[-1])
        return self.neutral(values["body"]), self.neutral(values["body_alternative"])

    def neutral(self, text):
        """Without what differs from run to run."""
        text = re.sub(r"/buying/alert/\d+/[0-9a-f]{64}/", "/buying/alert/1/TOKEN/", text)
        text = text.replace(f"/buying.group/{self.rich.id}", "/buying.group/1")
        return text.replace(self.env.company.name, "My Company").strip() + "\n"

    def compare(self, lang):
        for ending, text in zip(("html", "txt"), self.make_mail(lang), strict=True):
            path = GOLDEN / f"sales_alert.{lang}.{ending}"
            if RENEW:
                path.write_text("".join(line.rstrip(" \t") + "\n" for line in text.splitlines()), encoding="utf-8")
                continue
            text = "".join(line.rstrip(" \t") + "\n" for line in text.splitlines())
            self.assertEqual(text, path.read_text(encoding="utf-8"), path.name)

    def test_english(self):
        self.compare("en_US")

    def test_french(self):
        self.check_translated("fr_FR", "14/03/2026")

    def test_norwegian(self):
        self.check_translated("nb_NO", "14.03.2026")

    def check_translated(self, lang, date):
        mark = GOLDEN / f"sales_alert.{lang}.state"
        state = get_translation_state(lang)
        if RENEW:
            mark.write_text(state + "\n", encoding="utf-8")
        if RENEW or mark.read_text(encoding="utf-8").strip() == state:
            self.compare(lang)
        english, _text = self.make_mail("en_US")
        body, text = self.make_mail(lang)
        self.assertEqual(self.skeleton(body), self.skeleton(english), "the same parts in the same order")
        for told in (body, text):
            self.assertIn(date, told)
            for fact in ("Joel Willis", "Edwin Hansen", "Marketing Manager", "+1 204-555-0144", "95", "90"):
                self.assertIn(fact, told)
            self.assertNotIn("3/14/2026", told)
            self.assertNotIn("alert-recipient", told)
        self.assertIn(f'lang="{lang.replace("_", "-")}"', body)

    def skeleton(self, body):
        """Tags and addresses, without words."""
        return re.findall(r'<(?!br)(/?\w+)[^>]*?(href="[^"]*")?[^>]*>', body)


@tagged("post_install", "-at_install")
class TestAlertContent(AlertCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rich, cls.people = cls.make_rich_group()

    def render(self, group, lang="en_US"):
        _subject, body = self.env["buying.alert"]._render(group, lang)[group.id]
        return str(body)

    def content(self, group):
        return self.env["buying.alert.content"]._collect(group)[group.id]

    def test_every_field_in_its_order(self):
        body = self.render(self.rich)
        parts = [
            ">Buying group<",
            ">Name<",
            ">Account<",
            ">Engagement (30 days)<",
            ">Completeness<",
            ">Solution<",
            ">Status<",
            ">Top engaged members<",
            ">Topics of interest<",
            ">Missing roles<",
            ">Intent level<",
            ">Summary<",
            "high engagement in the last 30 days",
            ">Key interesting moments<",
            "3 interesting moments",
            ">Members<",
            ">Edwin Hansen</h3>",
            ">Job title<",
            ">Role<",
            ">Engagement<",
            ">Last interesting moment<",
            ">Latest activities<",
            ">Email<",
            ">Phone<",
            ">Jesse Brown</h3>",
            ">Oscar Morgan</h3>",
            ">Soham Palmer</h3>",
            "1 more member",
        ]
        place = 0
        for part in parts:
            found = body.find(part, place)
            self.assertGreater(found, 0, f"{part} comes after what is before it")
            place = found

    def test_top_members_by_score_then_weight_of_the_role(self):
        content = self.content(self.rich)
        self.assertEqual(
            [(card["name"], card["score"]) for card in content["members"]],
            [("Edwin Hansen", "95"), ("Jesse Brown", "75"), ("Oscar Morgan", "75"), ("Soham Palmer", "13")],
        )
        self.assertEqual(content["top_engaged"], "Edwin Hansen and Jesse Brown")
        self.assertEqual((content["engagement"], content["completeness"]), ("90", "67%"))
        self.assertEqual(content["missing"], "Champion")
        self.assertIn("Carpets", content["topics"])
        self.assertRegex(content["intent"], "^(Low|Medium|High): Carpets$")

    def test_two_latest_activities_and_the_last_moment(self):
        edwin = self.content(self.rich)["members"][0]
        self.assertEqual(len(edwin["activities"]), 2)
        self.assertRegex(edwin["activities"][0], "^Page viewed: Carpets for two rooms, ")
        self.assertRegex(edwin["activities"][1], "^Email clicked: Our range of carpets, ")
        self.assertRegex(edwin["moment"], "^Milestone: Asked for <40> samples, ")
        # what we did, what a machine did, and what is yet to come, is nothing that the person did
        self.happen("email_sent", 0, "Sent by us", partner_id=self.people[0].id)
        self.happen("email_opened", 0, "Opened by a scanner", partner_id=self.people[0].id, is_automatic=True)
        self.happen("email_opened", -5, "Tomorrow", partner_id=self.people[0].id)
        self.assertEqual(self.content(self.rich)["members"][0]["activities"], edwin["activities"])

    def test_moments_of_others_stay_theirs(self):
        self.happen("interesting_moment", 1, "Elsewhere", partner_id=self.colleen.id, new_value="web")
        self.happen("interesting_moment", 1, "Other group", group_id=self.group.id, account_id=self.account.id)
        texts = [moment["text"] for moment in self.content(self.rich)["moments"]]
        self.assertEqual(
            texts,
            ["Milestone: Asked for <40> samples", "Web: Third visit in a week", "Milestone: A second site will open"],
        )
        self.assertEqual(self.content(self.rich)["moments"][2]["who"], "Gemini Furniture Test")
        self.assertEqual([m["text"] for m in self.content(self.group)["moments"]], ["Other group", "Web: Elsewhere"])

    def test_counts_read_well(self):
        tell = self.env["buying.alert.content"]._tell_moments
        self.assertEqual(
            [tell(count) for count in (0, 1, 2)],
            [
                "No interesting moments in the last 30 days.",
                "1 interesting moment in the last 30 days.",
                "2 interesting moments in the last 30 days.",
            ],
        )
        more = self.env["buying.alert.content"]._tell_more
        self.assertEqual([more(count) for count in (-1, 0, 1, 2)], ["", "", "1 more member", "2 more members"])

    def test_empty_values_read_well(self):
        """A bare group: no members, no role required, no status."""
        template = self.env["buying.role.template"].create(
            {"name": "Optional", "line_ids": [Command.create({"role_id": self.role_decision.id, "is_required": False})]}
        )
        template.action_publish()
        solution = self.env["buying.solution"].create({"name": "Bare", "template_id": template.id})
        bare = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.other_account.id})
        for group in (bare, self.bare_member(bare)):
            body = self.render(group)
            for wrong in ("False", ">None<", "None,", "Status", "<h3></h3>", "()", ": <", "undefined"):
                self.assertNotIn(wrong, re.sub(r'style="[^"]*"', "", body), wrong)
            self.assertIn("No role is required", body)
            self.assertNotIn("Call first", body)
        self.assertIn("Nobody is engaged yet", body)
        self.assertIn("No phone number", body)
        self.assertIn("No email address", body)

    def bare_member(self, group):
        person = self.env["res.partner"].create({"name": "Nameless", "parent_id": group.partner_id.id})
        group.assign_member(person, self.role_decision)
        return group

    def test_markup_in_data_is_text(self):
        evil = '<script>alert("x")</script>&<img src=x onerror=alert(1)>'
        edwin = self.people[0]
        edwin.write({"name": evil, "function": evil, "phone": evil})
        self.rich.status = "<b>Hot</b> & ready"
        self.rich.partner_id.name = evil
        self.happen("interesting_moment", 0, evil, partner_id=edwin.id, new_value="web")
        self.happen("page_viewed", 0, evil, partner_id=edwin.id)
        self.env["res.partner"].create({"name": evil, "email": "evil@example.com"})
        self.run_on(self.make_action(alert_email_to="evil@example.com"), self.rich)
        values = self.outgoing(self.mails(self.rich))
        for wrong in ("<script", "<img", "<b>Hot"):
            self.assertNotIn(wrong, values["body"])
        self.assertIn("&lt;script&gt;", values["body"])
        self.assertIn("<b>Hot</b> & ready", values["body_alternative"])

    def test_long_names_and_fifty_members_stay_small(self):
        long = "Geschäftsführungsassistenz-" * 9
        people = self.env["res.partner"].create(
            [
                {
                    "name": f"{long} {number}",
                    "function": long,
                    "email": f"{'a' * 60}{number}@example.com",
                    "phone": "+49 30 123456789 ext. 12345",
                    "parent_id": self.rich.partner_id.id,
                }
                for number in range(50)
            ]
        )
        self.rich.partner_id.name = long
        for person in people:
            self.rich.assign_member(person, self.env.ref("crm_buying_journey.buying_role_practitioner"))
        people.engagement_score = 99
        for person in people[:4]:
            for _number in range(6):
                self.happen("page_viewed", 1, long, partner_id=person.id)
                self.happen("interesting_moment", 1, long[:140], partner_id=person.id)
        self.run_on(self.make_action(), self.rich)
        values = self.outgoing(self.mails(self.rich))
        self.assertLess(len(values["body"].encode()), 100_000)
        self.assertIn("51 more members", values["body"])
        self.assertEqual(values["body"].count("</h3>"), 5, "four members and the heading of moments")

    def test_number_to_dial(self):
        tel = self.env["buying.alert.content"]._get_tel
        for phone, expected in (
            ("+1 204-555-0144", "+12045550144"),
            ("(204) 555 0144", "2045550144"),
            ("+49 (0)30 1234", "+49301234"),
            ("+1 204-555-0144 ext. 12", "+12045550144"),
            ("ask for Edwin", ""),
            (False, ""),
        ):
            self.assertEqual(tel(phone), expected)

    def test_who_looks_decides_what_it_tells(self):
        """A member whom the responsible user may not read is left out; the mail is made all the same."""
        company = self.env["res.company"].create({"name": "My Company, Chicago"})
        self.people[0].company_id = company
        self.env.flush_all()
        seen = self.rich.with_user(self.manager).with_context(allowed_company_ids=self.env.company.ids)
        content = self.env["buying.alert.content"].with_env(seen.env)._collect(seen)[self.rich.id]
        self.assertEqual(content["members"][0]["name"], "Jesse Brown")
        self.assertNotIn("Edwin", str(content["members"]) + content["top_engaged"])

    def test_an_administrator_may_change_the_template(self):
        template = self.env.ref("crm_buying_journey.mail_template_sales_alert")
        body = "<p>Short: <t t-out=\"object._get_alert()['call']['phone']\"/></p>"
        template.write({"subject": "Call {{ object.partner_id.name }}", "body_html": body})
        self.run_on(self.make_action(), self.rich)
        mail = self.mails(self.rich)
        self.assertEqual(mail.subject, "Call Gemini Furniture Test")
        self.assertEqual(self.outgoing(mail)["body_alternative"], "Short: +1 204-555-0144")

    def test_contents_of_a_context_from_outside_are_ignored(self):
        forged = self.rich.with_context(alert_contents={self.rich.id: {"name": "Forged"}})
        self.assertEqual(forged._get_alert()["name"], self.rich.name)

    def test_a_thousand_groups_cost_as_few_queries_as_two(self):
        others = self.env["res.partner"].create([{"name": f"Many {n}", "is_company": True} for n in range(12)])
        groups = self.env["buying.group"].create(
            [{"solution_id": self.rich.solution_id.id, "partner_id": other.id} for other in others]
        )
        for group in groups:
            self.bare_member_of(group)
        counts = []
        for some in (groups[:2], groups):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["buying.alert.content"]._collect(some)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)

    def bare_member_of(self, group):
        person = self.env["res.partner"].create({"name": f"P {group.id}", "parent_id": group.partner_id.id})
        group.assign_member(person, self.env.ref("crm_buying_journey.buying_role_practitioner"))
