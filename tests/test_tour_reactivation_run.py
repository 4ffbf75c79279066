# The journey for lost leads in a browser: published, run, and its results looked at.
from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestTourReactivationRun(HttpCase):
    def test_from_the_draft_to_a_running_journey_and_its_results(self):
        admin = self.env.ref("base.user_admin")
        admin.lang = "en_US"
        leads = self.env["crm.lead"].create(
            [{"name": f"Tour lead {number}", "email_from": f"tour.{number}@example.com"} for number in range(3)]
        )
        leads.action_set_lost()
        domain = [("active", "=", False), ("won_status", "=", "lost"), ("id", "in", leads.ids)]
        journey = self.env["journey.journey"].with_user(admin)._create_reactivation(domain, name="Tour journey")
        url = f"/odoo/action-crm_buying_journey.journey_journey_action/{journey.id}"
        self.start_tour(url, "crm_reactivation_publish", login="admin", timeout=180)
        self.assertEqual(journey.state, "live")
        self.env["journey.engine"].tick()
        traces = self.env["mailing.trace"].search([("journey_participant_id.journey_id", "=", journey.id)])
        self.assertEqual(sorted(traces.mapped("res_id")), sorted(leads.ids))
        traces.set_sent()
        traces.sent_datetime = "2020-01-01 00:00:00"
        traces[0].set_opened()
        self.start_tour(url, "crm_reactivation_results", login="admin", timeout=180)
