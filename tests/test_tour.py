# A marketer's walk through the app in a real browser.
from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestTour(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.user_admin").lang = "en_US"

    def test_from_a_template_to_groups(self):
        self.start_tour("/odoo?debug=1", "buying_journey_groups", login="admin", timeout=180)
        solution = self.env["buying.solution"].search([("name", "=", "Tour solution")])
        self.assertGreater(len(solution.group_ids), 5)

    def test_from_a_step_to_participants(self):
        self.start_tour(
            "/odoo/action-crm_buying_journey.journey_journey_action",
            "buying_journey_publish",
            login="admin",
            timeout=180,
        )
        journey = self.env["journey.journey"].search([("name", "=", "Tour journey")])
        self.assertEqual(journey.state, "live")
        self.env["journey.engine"].tick()
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"active"})
        self.start_tour(f"/odoo/journeys/{journey.id}", "buying_journey_participants", login="admin", timeout=180)
