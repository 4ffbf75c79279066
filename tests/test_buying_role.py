# Roles: six that cannot be touched, twenty at most, each name once.
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_buying_journey.models.buying.buying_role import MAX_ROLES

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingRole(BuyingJourneyCase):
    def test_six_defaults_come_first(self):
        roles = self.env["buying.role"].search([])
        self.assertEqual(len(roles.filtered("is_default")), 6)
        self.assertTrue(all(roles[:6].mapped("is_default")))

    def test_names_are_unique_whatever_the_case(self):
        Role = self.env["buying.role"].with_user(self.user)
        for name in ("decision maker", "Decision Maker"):
            with self.subTest(name=name), self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
                Role.create({"name": name})

    def test_at_most_twenty_roles_with_the_defaults(self):
        Role = self.env["buying.role"].with_user(self.user)
        room = MAX_ROLES - Role.search_count([])
        Role.create([{"name": f"Test role {number}"} for number in range(room)])
        with self.assertRaises(ValidationError):
            Role.create({"name": "One too many"})
        self.assertEqual(Role.search_count([]), 20)

    def test_at_most_twenty_roles_also_when_made_together(self):
        with self.assertRaises(ValidationError):
            self.env["buying.role"].with_user(self.user).create([{"name": f"Test role {n}"} for n in range(MAX_ROLES)])

    def test_two_thousand_roles_at_once_are_refused_and_none_is_written(self):
        Role = self.env["buying.role"].with_user(self.user)
        before = Role.search([])
        with self.assertRefused("at most 20 roles"), self.env.cr.savepoint():
            Role.create([{"name": f"Test role {number}"} for number in range(2000)])
        self.assertEqual(Role.search([]), before)

    def test_default_roles_cannot_be_changed_or_deleted(self):
        for user in (self.user, self.manager, self.system):
            role = self.decision_maker.with_user(user)
            for values in ({"name": "Boss"}, {"description": "Decides."}, {"is_default": False}):
                with self.subTest(user=user.login, values=values), self.assertRaises(UserError):
                    role.write(values)
            with self.subTest(user=user.login), self.assertRaises(UserError):
                role.unlink()
        self.assertEqual(self.decision_maker.name, "Decision Maker")

    def test_own_roles_can_be_changed_and_deleted(self):
        role = self.env["buying.role"].with_user(self.user).create({"name": "Gatekeeper"})
        role.write({"name": "Buyer", "description": "Negotiates."})
        role.unlink()
        self.assertFalse(role.exists())

    def test_nobody_makes_a_default_role(self):
        Role = self.env["buying.role"].with_user(self.manager)
        role = Role.create({"name": "Gatekeeper", "is_default": True})
        self.assertFalse(role.is_default)
        self.assertFalse(Role.with_context(default_is_default=True).create({"name": "Buyer"}).is_default)
        with self.assertRaises(UserError):
            role.is_default = True

    def test_the_copy_of_a_default_role_is_an_ordinary_one(self):
        copy = self.decision_maker.with_user(self.user).copy()
        self.assertFalse(copy.is_default)
        self.assertEqual(copy.name, "Decision Maker (copy)")

    def test_a_role_in_use_says_which_templates_use_it(self):
        role = self.env["buying.role"].create({"name": "Gatekeeper"})
        self.env["buying.role.template"].create({"name": "Draft with gatekeeper", "line_ids": [self.line(role, "")]})
        with self.assertRefused("Gatekeeper.*Draft with gatekeeper"):
            role.with_user(self.user).unlink()

    def test_sales_reads_roles_but_changes_none(self):
        role = self.env["buying.role"].create({"name": "Gatekeeper"})
        self.assertEqual(role.with_user(self.sales).name, "Gatekeeper")
        with self.assertRaises(AccessError):
            role.with_user(self.sales).write({"name": "Buyer"})
        with self.assertRaises(AccessError):
            self.env["buying.role"].with_user(self.sales).create({"name": "Buyer"})
        with self.assertRaises(AccessError):
            role.with_user(self.sales).unlink()
