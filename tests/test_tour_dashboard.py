# The dashboard and the coverage matrix in a real browser, and the dashboard on paper.
import base64
import io
from datetime import timedelta
from unittest.mock import patch

from pypdf import PdfReader

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tests.common import ChromeBrowser

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestTourDashboard(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        admin = cls.env.ref("base.user_admin")
        admin.lang = "en_US"
        template = cls.env["buying.role.template"].create(
            {
                "name": "Tour template",
                "line_ids": [(0, 0, {"role_id": cls.env.ref("crm_buying_journey.buying_role_champion").id})],
            }
        )
        template.action_publish()
        solution = cls.env["buying.solution"].create({"name": "Tour dashboard", "template_id": template.id})
        cls.account = cls.env["res.partner"].create({"name": "Tour account", "is_company": True, "user_id": admin.id})
        person = cls.env["res.partner"].create({"name": "Toni Rhodes", "parent_id": cls.account.id})
        group = cls.env["buying.group"].create({"solution_id": solution.id, "partner_id": cls.account.id})
        group.assign_member(person, template.line_ids.role_id)

    def test_from_a_slice_to_groups_and_back(self):
        self.start_tour(
            "/odoo/action-crm_buying_journey.buying_dashboard_action", "buying_dashboard", login="admin", timeout=120
        )

    def test_from_a_cell_to_people(self):
        self.start_tour(f"/odoo/res.partner/{self.account.id}", "buying_coverage", login="admin", timeout=120)


@tagged("post_install", "-at_install")
class TestTourDashboardPages(JourneyCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.admin.lang = "en_US"
        cls.account.user_id = cls.admin
        now = fields.Datetime.now()
        # it is another day for the user than for the browser, whatever the time is
        cls.admin.tz = "Pacific/Kiritimati" if now.hour >= 10 else "Etc/GMT+12"
        stages = cls.env["buying.stage.model"].create(
            {
                "name": "Tour stages",
                "stage_ids": [
                    (0, 0, {"name": "Awareness", "is_entry": True}),
                    (0, 0, {"name": "Purchase", "destination": "success", "sequence": 20}),
                ],
            }
        )
        stages.stage_ids[0].allowed_stage_ids = stages.stage_ids[1]
        stages.action_publish()
        cls.solution.stage_model_id = stages
        cls.group.set_stage(stages.stage_ids[0])
        for days in (2, 9, 100):
            cls.env["engagement.activity.type"].log("email_opened", cls.brandon, date=now - timedelta(days=days))
        cls.env["engagement.activity"].search([("channel", "=", "web")]).sudo().unlink()
        cls.journey = cls.make_journey(
            "res.partner", [("id", "=", cls.brandon.id)], [{"kind": "wait", "name": "Tour wait"}, {"kind": "end"}]
        )
        cls.engine.tick()
        # whatever else the database holds
        cls.env["journey.journey"].search([("id", "!=", cls.journey.id)]).sudo().active = False
        mailing = cls.env["mailing.mailing"].create(
            {
                "subject": "=Tour mail",  # a spreadsheet would take it for a formula
                "mailing_model_id": cls.env["ir.model"]._get_id("res.partner"),
                "state": "done",
            }
        )
        cls.env["mailing.trace"].search([]).sudo().is_test_trace = True
        cls.env["mailing.trace"].create(
            {
                "mass_mailing_id": mailing.id,
                "model": "res.partner",
                "res_id": cls.brandon.id,
                "email": "brandon.test@example.com",
                "trace_status": "sent",
                "trace_type": "mail",
                "message_id": "<tour@test>",
                "sent_datetime": now - timedelta(hours=5),
            }
        )
        cls.env.flush_all()

    def test_through_the_pages(self):
        self.start_tour(
            "/odoo/action-crm_buying_journey.buying_dashboard_action",
            "buying_dashboard_pages",
            login="admin",
            timeout=180,
        )

    def view_pages(self):
        for page, days in (("prices?a=1", 0), ("prices", 0), ("jobs", 4)):
            date, url = fields.Datetime.now() - timedelta(days=days), f"https://www.example.com/{page}"
            self.env["engagement.activity.type"].log("page_viewed", self.brandon, date=date, subject=url)

    def test_the_website(self):
        self.view_pages()
        self.start_tour(
            "/odoo/action-crm_buying_journey.buying_dashboard_action",
            "buying_dashboard_web",
            login="admin",
            timeout=120,
        )

    def print_page(self, page):
        """The page as the browser prints it on A4, and how many charts it shows on the screen."""
        printed, shown = [], []
        wait = ChromeBrowser._wait_code_ok

        def wait_and_print(browser, *args, **kwargs):
            wait(browser, *args, **kwargs)
            count = "document.querySelectorAll('.o_buying_dashboard canvas').length"
            shown.append(
                browser._websocket_request("Runtime.evaluate", params={"expression": count})["result"]["value"]
            )
            paper = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}
            printed.append(browser._websocket_request("Page.printToPDF", params=paper, timeout=60)["data"])

        code = f"""
            const wait = setInterval(() => {{
                const page = document.querySelector(".o_buying_page[data-page={page}]");
                if (!page.hasAttribute("aria-current")) {{
                    page.click();
                }} else if (document.querySelector(".o_buying_dashboard_grid:not(.opacity-50) canvas")) {{
                    clearInterval(wait);
                    setTimeout(() => console.log("test successful"), 1000);
                }}
            }}, 200);
        """
        with patch.object(ChromeBrowser, "_wait_code_ok", wait_and_print):
            self.browser_js(
                "/odoo/action-crm_buying_journey.buying_dashboard_action",
                code,
                ready="!!document.querySelector('.o_buying_dashboard_grid')",
                login="admin",
                timeout=120,
            )
        return PdfReader(io.BytesIO(base64.b64decode(printed[0]))), shown[0]

    def assertPrintsWell(self, page, *texts):
        """It says what it is and when; each chart lies on one sheet, none is cut."""
        pdf, shown = self.print_page(page)
        text = " ".join(sheet.extract_text() for sheet in pdf.pages)
        for expected in (*texts, "Period", "Mitchell Admin", str(fields.Date.today().year)):
            self.assertIn(expected, text)
        for button in ("Print / PDF", "Clear filters", "Log out"):
            self.assertNotIn(button, text)
        pictures = []
        for sheet in pdf.pages:
            width, height = float(sheet.mediabox.width), float(sheet.mediabox.height)

            drawn = sheet["/Resources"].get("/XObject", {})

            def note(operator, operands, cm, _tm, width=width, height=height, drawn=drawn):
                if operator == b"Do" and operands[0] in drawn and drawn[operands[0]]["/Subtype"] == "/Image":
                    xs, ys = sorted((cm[4], cm[4] + cm[0])), sorted((cm[5], cm[5] + cm[3]))
                    pictures.append((xs, ys))
                    self.assertGreaterEqual(min(xs[0], ys[0]), -1)
                    self.assertLessEqual(xs[1], width + 1)
                    self.assertLessEqual(ys[1], height + 1)

            sheet.extract_text(visitor_operand_before=note)
        self.assertEqual(len(pictures), shown)

    def test_stages_and_accounts_on_paper(self):
        self.assertPrintsWell("movement", "Stages and Accounts", "Tour stages", "Accounts at Risk")

    def test_engagement_on_paper(self):
        self.assertPrintsWell("engagement", "Engagement", "People over Time", "Most Active Accounts")

    def test_the_website_on_paper(self):
        self.view_pages()
        self.assertPrintsWell("web", "Top Pages", "/prices", "Views by Region", "Views by Industry")

    def test_mails_on_paper(self):
        self.assertPrintsWell("mails", "Mail by Mail", "Tour mail", "Unsubscribed")
