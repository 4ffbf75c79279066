# A marketer's walk from the list of lost leads to a journey, in a real browser.
from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestTourReactivate(HttpCase):
    def test_from_the_lost_list_to_a_running_journey(self):
        self.env.ref("base.user_admin").lang = "en_US"
        leads = self.env["crm.lead"].create(
            [
                {"name": "Tour lead 1", "type": "opportunity", "email_from": "one@tour.example.com"},
                {"name": "Tour lead 2", "type": "opportunity", "email_from": "two@tour.example.com"},
                {"name": "Tour lead 3", "type": "opportunity"},
            ]
        )
        leads.action_set_lost()
        action = self.env["ir.actions.act_window"].create(
            {
                "name": "Lost leads of the tour",
                "res_model": "crm.lead",
                "view_mode": "list,form",
                "domain": f"[('id', 'in', {leads.ids}), ('active', '=', False)]",
            }
        )
        self.start_tour(f"/odoo/action-{action.id}", "crm_lead_reactivate", login="admin", timeout=180)
        journey = self.env["journey.journey"].search([("name", "=", "Tour reactivation")])
        self.assertEqual((journey.state, journey.audience_count), ("draft", 2))
        journey.action_publish()
        self.env["journey.engine"].tick()
        self.assertEqual(set(journey.participant_ids.mapped("res_id")), set(leads[:2].ids))
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"active"})
