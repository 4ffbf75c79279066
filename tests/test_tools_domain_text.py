# Conditions in words.
from odoo.tests import TransactionCase, new_test_user, tagged

from odoo.addons.crm_buying_journey.tools.domain_text import domain_to_text
from odoo.addons.crm_buying_journey.tools.domains import parse_domain


@tagged("post_install", "-at_install")
class TestDomainText(TransactionCase):
    def setUp(self):
        super().setUp()
        self.env.user.tz = "UTC"

    def assertSays(self, model, domain, text, env=None):
        env = (env or self.env)(context={"lang": "en_US", "tz": "UTC"})
        self.assertEqual(domain_to_text(env, model, parse_domain(env, model, str(domain))), text)

    def test_fields_operators_and_values(self):
        belgium, france = self.env.ref("base.be"), self.env.ref("base.fr")
        for domain, text in (
            ([], "everybody"),
            ([("country_id", "=", belgium.id)], "Country is Belgium"),
            ([("country_id", "in", [belgium.id, france.id])], "Country is Belgium or France"),
            ([("country_id", "not in", [belgium.id])], "Country is not Belgium"),
            ([("country_id.code", "=", "BE")], "Country › Country Code is “BE”"),
            ([("is_company", "=", True)], "Is a Company: yes"),
            ([("is_company", "!=", True)], "Is a Company: no"),
            ([("ref", "=", False)], "Reference is not set"),
            ([("ref", "!=", False)], "Reference is set"),
            ([("function", "ilike", "director")], "Job Position contains “director”"),
            ([("type", "=", "invoice")], "Address Type is Invoice"),
            ([("create_date", ">=", "2026-01-31 12:00:00")], "Created on is not before 01/31/2026 12:00:00 PM"),
            ([("create_date", "<", "today -7d")], "Created on is before today -7d"),
        ):
            with self.subTest(domain=domain):
                self.assertSays("res.partner", domain, text)

    def test_all_any_none_and_nested(self):
        self.assertSays(
            "res.partner",
            ["|", ("ref", "=", "A"), "&", ("ref", "=", "B"), ("is_company", "=", False)],
            "Reference is “A” or (Reference is “B” and Is a Company: no)",
        )
        self.assertSays("res.partner", ["!", ("ref", "=", "A")], "Reference is not “A”")
        role = self.env.ref("crm_buying_journey.buying_role_champion")
        self.assertSays(
            "buying.group",
            [("member_ids", "any", [("role_id", "=", role.id), ("state", "=", "in")])],
            "Members: at least one with Role is Champion and State is Member",
        )

    def test_who_may_not_read_a_record_does_not_learn_its_name(self):
        user = new_test_user(self.env, "domain_reader", "crm_buying_journey.group_user")
        company = self.env["res.company"].create({"name": "Elsewhere"})
        hidden = self.env["res.partner"].create({"name": "Secret", "company_id": company.id})
        self.assertSays(
            "res.partner", [("parent_id", "=", hidden.id)], "Related Company is 1 hidden", self.env(user=user)
        )

    def test_many_values_are_shortened(self):
        partners = self.env["res.partner"].create([{"name": f"P{number}"} for number in range(12)])
        env = self.env(context={"lang": "en_US"})
        text = domain_to_text(env, "res.partner", [("parent_id", "in", partners.ids)])
        self.assertIn("4 more", text)
