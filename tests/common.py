# What the tests of buying groups and activities share: users at each permission, companies, a live template, accounts.
from contextlib import contextmanager

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, new_test_user

OWN = "sales_team.group_sale_salesman"
ALL = "sales_team.group_sale_salesman_all_leads"


class BuyingJourneyCase(TransactionCase):
    """Two companies, a user at each permission, a live template with three roles, a solution, an account with people.

    The database also holds demo data, so tests make what they count and limit every domain to it.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context=dict(cls.env.context, lang="en_US", no_reset_password=True))
        cls.company = cls.env.company
        cls.other_company = cls.env["res.company"].create({"name": "My Company, Chicago"})
        cls.make_users()
        cls.make_template()
        cls.make_accounts()

    @classmethod
    def make_users(cls):
        def make(login, groups, **values):
            values = {"company_id": cls.company.id, "email": f"{login}@example.com", "lang": "en_US"} | values
            return new_test_user(cls.env, login, groups, **values)

        group = "crm_buying_journey.group_"
        cls.sales = make("bj_sales", f"{group}sales,{ALL}")
        cls.own_sales = make("bj_own_sales", f"{group}sales,{OWN}")
        cls.user = make("bj_user", f"{group}user")
        cls.manager = make("bj_manager", f"{group}manager")
        cls.internal = make("bj_internal", "base.group_user")
        cls.system = make("bj_system", f"{group}manager,base.group_system")
        cls.other_user = make("bj_other_user", f"{group}user", company_id=cls.other_company.id)
        cls.user_of_both = make(
            "bj_user_of_both", f"{group}user", company_ids=[Command.set([cls.company.id, cls.other_company.id])]
        )

    @classmethod
    def make_template(cls):
        ref = cls.env.ref
        cls.decision_maker = ref("crm_buying_journey.buying_role_decision_maker")
        cls.champion = ref("crm_buying_journey.buying_role_champion")
        cls.influencer = ref("crm_buying_journey.buying_role_influencer")
        cls.practitioner = ref("crm_buying_journey.buying_role_practitioner")
        cls.template = cls.env["buying.role.template"].create(
            {
                "name": "Warehouse test",
                "line_ids": [
                    cls.line(cls.decision_maker, "director", sequence=10, weight="100"),
                    cls.line(cls.champion, "manager", sequence=20, weight="80"),
                    cls.line(cls.influencer, "analyst", sequence=30, members_required=2),
                ],
            }
        )
        cls.template.action_publish()
        cls.solution = cls.env["buying.solution"].create({"name": "Warehouse robots", "template_id": cls.template.id})

    @classmethod
    def make_accounts(cls):
        cls.account = cls.make_account("Azure Interior Test")
        cls.child_account = cls.make_account("Azure Interior Test Lab", parent_id=cls.account.id)
        cls.director = cls.make_person("Brandon Freeman", "Managing Director", cls.account)
        cls.analyst = cls.make_person("Nicole Ford", "Market Analyst", cls.account)
        cls.clerk = cls.make_person("Colleen Diaz", "Clerk", cls.account)
        cls.child_manager = cls.make_person("Billy Fox", "Production Manager", cls.child_account)
        cls.group = cls.env["buying.group"].create({"solution_id": cls.solution.id, "partner_id": cls.account.id})

    @classmethod
    def line(cls, role, title, **values):
        """Command that adds a role, given to people whose job title holds ``title``."""
        rule = {"auto_assign": True, "domain": f"[('function', 'ilike', '{title}')]"} if title else {}
        return Command.create({"role_id": role.id, **rule, **values})

    @classmethod
    def make_account(cls, name, **values):
        return cls.env["res.partner"].create({"name": name, "is_company": True, "user_id": False, **values})

    @classmethod
    def make_person(cls, name, function=False, parent=None, **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "function": function,
                "parent_id": parent.id if parent else False,
                "email": f"{name.lower().replace(' ', '.')}@test.example.com",
                **values,
            }
        )

    @classmethod
    def make_job(cls, accounts, user=None, **values):
        """A job for exactly these accounts, whatever else the database holds."""
        return cls.env["buying.group.job"].create(
            {
                "solution_id": cls.solution.id,
                "domain": f"[('id', 'in', {accounts.ids})]",
                "user_id": (user or cls.user).id,
                **values,
            }
        )

    @contextmanager
    def assertRefused(self, pattern="", exception=UserError):
        """What happens inside is refused with such a message, and rolled back as a request would be."""
        with self.assertRaises(exception) as caught:
            yield
        self.assertRegex(str(caught.exception), pattern)

    def row_of(self, group, person):
        """The membership row of a person, be it in or out."""
        return self.env["buying.group.member"].search([("group_id", "=", group.id), ("partner_id", "=", person.id)])

    def assertMember(self, group, person, role, source):
        """The person is a member of the group, in this role, by this decision."""
        row = self.row_of(group, person)
        self.assertEqual((row.state, row.role_id, row.source), ("in", role, source))
        self.assertIn(row, group.member_ids)

    def assertNoMember(self, group, person, source=None):
        """The person is not a member of the group; with a source: because it was decided so."""
        row = self.row_of(group, person)
        self.assertNotIn(person, group.member_ids.partner_id)
        self.assertEqual((row.state, row.source), ("out", source) if source else (False, False))
