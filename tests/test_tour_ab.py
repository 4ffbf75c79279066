# Setting up an A/B test in a real browser.
from odoo.tests import HttpCase, tagged

from .common_journey import BODY


@tagged("post_install", "-at_install")
class TestTourAb(HttpCase):
    def test_set_up_and_send(self):
        admin = self.env.ref("base.user_admin")
        admin.lang = "en_US"
        contacts = self.env["res.partner"].create(
            [{"name": f"Tour reader {number}", "email": f"tour.{number}@ab.example.com"} for number in range(8)]
        )
        mailing = (
            self.env["mailing.mailing"]
            .with_user(admin)
            .create(
                {
                    "subject": "Tour subject A",
                    "body_html": BODY,
                    "body_arch": BODY,
                    "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                    "mailing_domain": str([("id", "in", contacts.ids)]),
                }
            )
        )
        self.start_tour(f"/odoo/mailing.mailing/{mailing.id}", "mailing_ab_test", login="admin", timeout=120)
        arms = mailing.ab_test_id.arm_ids
        self.assertEqual(arms.mapped("subject"), ["Tour subject A", "Tour subject B"])
        self.assertEqual(set(arms.mailing_id.mapped("state")), {"in_queue"})
