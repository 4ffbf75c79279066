# The external writer: what it is sent, how it may misbehave, and that the built-in text is always there.
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import BuyingJourneyCase

PREFIX = "crm_buying_journey.summary_"


def completion(text):
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


class Endpoint(BaseHTTPRequestHandler):
    """Answers as ``server.answers`` says, one entry per request, the last one for all that follow."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), json.loads(body)))
        answers = self.server.answers
        status, content = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(content):
            content(self)
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status in (301, 302, 307):
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args):
        pass


@tagged("post_install", "-at_install")
class TestSummaryProvider(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        cls.server.daemon_threads = True
        thread = threading.Thread(target=cls.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        cls.group.assign_member(cls.director, cls.decision_maker, "manual")
        cls.env["engagement.activity.type"].log("email_opened", cls.director, subject="Lamp")
        cls.set_parameters(url=f"http://127.0.0.1:{cls.server.server_port}/v1", model="test-model", key="secret")

    def setUp(self):
        super().setUp()
        self.server.requests, self.server.answers = [], [(200, completion("A fluent text."))]
        self.startPatcher(patch("odoo.addons.crm_buying_journey.models.insight.buying_summary_openai.PAUSE", 0.01))

    @classmethod
    def set_parameters(cls, **values):
        for name, value in values.items():
            cls.env["ir.config_parameter"].sudo().set_param(PREFIX + name, value)

    def write_summary(self):
        group = self.group.with_user(self.user)
        group.action_write_summary()
        group.invalidate_recordset()
        return group

    def assertFails(self, pattern, *answers):
        self.server.answers = list(answers)
        with self.assertRefused(pattern):
            self.write_summary()
        self.group.invalidate_recordset()
        self.assertFalse(self.group.summary_is_generated)
        self.assertIn("Brandon Freeman was the most active", self.group.summary, "the built-in text is there")

    def test_written_kept_and_marked(self):
        self.assertTrue(self.group.summary_can_be_written)
        group = self.write_summary()
        self.assertEqual((group.summary, group.summary_is_generated), ("A fluent text.", True))
        self.write_summary()
        self.assertEqual(len(self.server.requests), 1, "the same facts are not sent twice")
        path, headers, payload = self.server.requests[0]
        self.assertEqual(path, "/v1/chat/completions")
        self.assertEqual(headers["Authorization"], "Bearer secret")
        self.assertEqual(payload["model"], "test-model")

    def test_new_facts_bring_the_built_in_text_back(self):
        self.write_summary()
        self.env["engagement.activity.type"].log("email_opened", self.director, subject="Lamp")
        self.group.invalidate_recordset()
        self.assertFalse(self.group.summary_is_generated)
        self.assertIn("2 emails opened", self.group.summary)

    def test_no_personal_data_unless_allowed(self):
        self.server.answers = [(200, completion("{person1} opened a mail; {person9} did not."))]
        group = self.write_summary()
        sent = json.dumps(self.server.requests[0][2])
        for personal in ("Brandon", "Freeman", "Director", "Azure", "Lamp", "example.com"):
            self.assertNotIn(personal, sent)
        self.assertEqual(group.summary, "Brandon Freeman opened a mail; {person9} did not.")
        self.set_parameters(personal="1")
        self.env["buying.summary"].search([]).unlink()
        self.write_summary()
        self.assertIn("Brandon Freeman", json.dumps(self.server.requests[-1][2]))

    def test_other_readers_get_the_text_only_for_the_same_facts(self):
        self.write_summary()
        self.assertTrue(self.group.with_user(self.sales).summary_is_generated)
        self.account.user_id = self.sales
        foreign = self.env["buying.group"].with_user(self.own_sales).search([("id", "=", self.group.id)])
        self.assertFalse(foreign)

    def test_answer_is_text(self):
        self.server.answers = [(200, completion("<script>alert(1)</script>\n\n<b>Bold</b>\0"))]
        text = self.write_summary().summary
        self.assertEqual(text, "<script>alert(1)</script> <b>Bold</b>")
        self.assertNotIn("<script>", str(self.env["buying.summary"]._to_html(text)))

    def test_long_answers_are_cut(self):
        self.server.answers = [(200, completion("word " * 2000))]
        text = self.write_summary().summary
        self.assertLess(len(text), 1510)
        self.assertTrue(text.endswith("word …"))

    def test_errors_of_the_server_are_tried_again(self):
        self.server.answers = [(500, b"oops"), (429, b"slow down"), (200, completion("At last."))]
        self.assertEqual(self.write_summary().summary, "At last.")
        self.assertEqual(len(self.server.requests), 3)

    def test_server_that_keeps_failing(self):
        self.assertFails("500", (500, b"oops"))
        self.assertEqual(len(self.server.requests), 3)

    def test_wrong_key_is_not_tried_again(self):
        self.assertFails("401", (401, b"{}"))
        self.assertEqual(len(self.server.requests), 1)

    def test_key_is_not_taken_elsewhere(self):
        self.assertFails("HTTP 307", (307, b""))
        self.assertEqual([path for path, _headers, _payload in self.server.requests], ["/v1/chat/completions"])

    def test_wrong_format(self):
        for content in (b"<html>Welcome</html>", b"{}", b"[]", b"null", b'{"choices": []}', b"\xff\xfe", b""):
            self.assertFails("format of chat completions", (200, content))
        self.assertFails("format of chat completions", (200, completion("  ")))
        self.assertFails("format of chat completions", (200, completion(["a", "list"])))

    def test_huge_answer(self):
        self.assertFails("too large", (200, b"x" * 300_000))

    def test_answer_that_drips(self):
        drops = []

        def drip(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            for number in range(100):
                drops.append(number)
                try:
                    handler.wfile.write(b"x")
                    handler.wfile.flush()
                except OSError:
                    return
                time.sleep(0.1)

        self.set_parameters(timeout="1")
        self.assertFails("took too long", (200, drip))
        self.assertLess(len(drops), 80, "nobody waits for the end")

    def test_connection_that_breaks(self):
        self.assertFails("failed", (200, lambda handler: handler.connection.close()))

    def test_nobody_there(self):
        self.set_parameters(url="http://127.0.0.1:9/v1")
        self.assertFails("failed", (200, b""))

    def test_daily_limit(self):
        self.set_parameters(daily_limit="2")
        groups = self.group
        for number in range(3):
            account = self.make_account(f"Ready Mat {number}")
            groups |= self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": account.id})
        self.assertEqual(self.env["buying.summary"]._write_with_provider(groups), 2)
        self.assertEqual(len(self.server.requests), 2)
        with self.assertRefused("daily limit"):
            groups[-1].action_write_summary()

    def test_off(self):
        self.set_parameters(url="")
        self.assertFalse(self.group.summary_can_be_written)
        with self.assertRefused("No endpoint"):
            self.group.action_write_summary()
        self.env["buying.summary"]._cron_write()
        self.assertFalse(self.server.requests)

    def test_at_night_the_engaged_groups_in_their_readers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["buying.group"].search([]).sudo().write({"engagement": 0})
        self.account.user_id = self.sales
        self.sales.lang = "fr_FR"
        self.group.sudo().engagement = 60
        self.env["buying.summary"]._cron_write()
        self.assertEqual(self.env["buying.summary"].search([("res_id", "=", self.group.id)]).mapped("lang"), ["fr_FR"])
        self.assertIn("French", self.server.requests[0][2]["messages"][0]["content"])
        self.assertTrue(self.group.with_user(self.sales).with_context(lang="fr_FR").summary_is_generated)

    def test_only_administrators_read_the_key(self):
        with self.assertRaises(Exception) as caught:
            self.env["ir.config_parameter"].with_user(self.manager).search([("key", "like", PREFIX)])
        self.assertEqual(type(caught.exception).__name__, "AccessError")
        with self.assertRaises(UserError):
            self.env["buying.summary"].with_user(self.manager).create({"text": "x"})

    def test_settings(self):
        settings = self.env["res.config.settings"].with_user(self.system).create({})
        self.assertEqual((settings.bj_summary_model, settings.bj_summary_key), ("test-model", "secret"))
        settings.write({"bj_summary_url": False, "bj_summary_daily_limit": 7})
        settings.execute()
        self.assertFalse(self.env["buying.summary.openai"]._is_on())
        self.assertEqual(self.env["buying.summary.openai"]._get_number("daily_limit", 200), 7)
