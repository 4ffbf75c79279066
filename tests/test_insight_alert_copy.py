# Who is in copy of a sales alert: a mail of their own, from which nobody can answer in somebody else's name.
from odoo import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common_alert import SALES, AlertCase

BOSS = "boss@example.com"


@tagged("post_install", "-at_install")
class TestAlertCopy(AlertCase, HttpCase):
    def send(self, **values):
        self.run_on(self.make_action(**{"alert_email_to": SALES, "alert_email_cc": BOSS, **values}), self.group)
        return self.alerts()[-1]

    def copies(self, alert):
        return alert.recipient_ids.filtered("is_copy")

    def test_copy_says_what_it_is_and_opens_the_group_only(self):
        alert = self.send(alert_email_to=f"{SALES}, team@example.com")
        copy = self.copies(alert)
        self.assertEqual((copy.email, copy.mail_ids.email_to, copy.mail_ids.email_cc), (BOSS, BOSS, False))
        values = self.outgoing(copy.mail_ids)
        text = " ".join(values["body_alternative"].split())
        self.assertIn("This is a copy, for your information", text)
        self.assertIn("was sent to Mitchell Admin, team@example.com, who can answer it.", text)
        self.assertEqual(values["subject"], f"Copy: {self.group.name} is ready for you")
        self.assertNotIn("do not forward", text)
        for part in (values["body"], values["body_alternative"], str(copy.mail_ids.body_html)):
            self.assertNotIn("/buying/alert/", part)
            self.assertIn(f"/odoo/buying.group/{self.group.id}", part)
        for recipient in alert.recipient_ids - copy:
            values = self.outgoing(recipient.mail_ids)
            self.assertIn("A copy that cannot be answered goes to boss@example.com.", values["body"])
            self.assertIn(recipient._get_url("accept"), values["body"])
            self.assertNotIn("This is a copy", values["body"])

    def test_no_copy_no_word_of_it(self):
        alert = self.send(alert_email_cc=False)
        self.assertFalse(self.copies(alert))
        self.assertNotIn("copy", self.outgoing(alert.recipient_ids.mail_ids)["body"])

    @mute_logger("odoo.http")
    def test_not_even_a_true_token_answers_for_who_is_in_copy(self):
        alert = self.send()
        for answer in ("accept", "not_ready"):
            page = self.url_open(self.copies(alert)._get_url(answer))
            self.assertEqual(page.status_code, 404)
            self.assertIn("This link is not valid", page.text)
        alert.invalidate_recordset()
        self.assertEqual(alert.state, "sent")

    def test_a_changed_template_gives_a_copy_no_links_either(self):
        template = self.env.ref("crm_buying_journey.mail_template_sales_alert")
        url = "https://elsewhere.example.com/buying/alert/answer/accept"
        template.body_html = (
            f'<p><a href="{url}">Yes</a> <a t-att-href="object._get_alert()[\'not_ready_url\']">No</a></p>'
        )
        alert = self.send()
        copy = self.copies(alert)
        body = self.outgoing(copy.mail_ids)["body"]
        self.assertEqual(body.count(f'href="{self.group._get_alert_url()}"'), 2)
        self.assertNotIn("/buying/alert/", body)
        body = self.outgoing((alert.recipient_ids - copy).mail_ids)["body"]
        self.assertRegex(body, r"/buying/alert/\d+/[0-9a-f]{64}/accept")

    def test_a_cc_written_into_a_waiting_mail_gets_no_links(self):
        """By an administrator, or by an earlier version."""
        mail = self.send(alert_email_cc=False).recipient_ids.mail_ids
        mail.write({"email_cc": BOSS, "recipient_ids": [Command.link(self.colleen.id)]})
        values = self.outgoing(mail)
        self.assertEqual((values["email_cc"], values["email_to_normalized"]), ([], [SALES]))

    def test_whoever_is_a_recipient_gets_no_copy(self):
        alert = self.send(alert_email_cc=f"{SALES.upper()}, {BOSS}, Boss <{BOSS}>")
        self.assertEqual(alert.recipient_ids.mapped("email"), [SALES, BOSS])
        self.assertEqual(len(self.mails()), 2)

    def test_rules_of_recipients_hold_for_copies(self):
        self.env["mail.blacklist"]._add(BOSS)
        there = self.make_colleague_elsewhere()
        alert = self.send(alert_email_cc=f"{BOSS}, chicago@example.com, fine@example.com")
        self.assertEqual(alert.recipient_ids.mapped("email"), [SALES, "fine@example.com"])
        self.assertIn(f"{BOSS}: Blacklisted address.", alert.left_out)
        self.assertIn(there.name, alert.left_out)

    def test_without_recipients_there_is_nothing_to_copy(self):
        self.env["mail.blacklist"]._add("outside@example.com")
        journey = self.make_alert_journey(
            "buying.group", self.group, alert_email_to="outside@example.com", alert_email_cc=BOSS
        )
        self.engine.tick()
        self.assertEqual(journey.participant_ids.trace_ids.state, "skipped")
        self.assertFalse(self.alerts() or self.mails())

    def test_each_copy_in_the_language_of_its_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["res.partner"].create(
            {"name": "Jean", "email": BOSS, "lang": "fr_FR", "company_id": self.env.company.id}
        )
        alert = self.send(alert_email_cc=f"{BOSS}, deputy@example.com")
        french, english = self.copies(alert)
        self.assertEqual((french.lang, english.lang), ("fr_FR", "en_US"))
        self.assertIn('lang="fr-FR"', self.outgoing(french.mail_ids)["body"])
        self.assertRegex(self.outgoing(french.mail_ids)["body"], r">\w+ Jean,<")

    def test_log_and_chatter_tell_who_got_a_copy(self):
        alert = self.send(alert_email_cc=f"{BOSS}, deputy@example.com")
        self.assertEqual((alert.recipient_count, alert.sent_to), (1, "Mitchell Admin"))
        self.assertIn(
            ">Sales alert sent to Mitchell Admin. Copy to boss@example.com, deputy@example.com.<",
            self.group.message_ids.sorted("id")[-1].body,
        )
        self.assertEqual(self.copies(alert.with_user(self.salesperson)).mapped("mail_state"), ["outgoing", "outgoing"])

    def test_preview_of_a_step_names_the_copies(self):
        journey = self.make_alert_journey(
            "buying.group", self.group, publish=False, alert_email_to=SALES, alert_email_cc=f"{BOSS}, {SALES}"
        )
        action = journey.node_ids.with_user(self.marketer).action_preview_alert()
        preview = self.env["buying.alert.preview"].with_user(self.marketer).browse(action["res_id"])
        self.assertEqual((preview.sent_to, preview.copied_to), (f"Mitchell Admin <{SALES}>", BOSS))

    def test_who_is_taken_out_takes_the_copy_along(self):
        journey = self.make_alert_journey(
            "buying.group",
            self.group,
            more_steps=[{"kind": "wait", "wait_value": 2}, {"kind": "end"}],
            alert_email_cc=BOSS,
        )
        self.engine.tick()
        journey.participant_ids.with_user(self.manager).action_exit()
        self.assertEqual(self.mails().mapped("state"), ["cancel", "cancel"])
