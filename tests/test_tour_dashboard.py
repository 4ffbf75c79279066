# The dashboard and the coverage matrix in a real browser.
from odoo.tests import HttpCase, tagged


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
