# Wizards belong to who opened them: nobody else finds, reads or changes what is prepared in them.
from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestWizardSecurity(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lead_user = cls.env.ref("sales_team.group_sale_salesman_all_leads")
        may_export = cls.env.ref("base.group_allow_export")
        everybody = cls.user | cls.other_user | cls.manager | cls.system
        everybody.write({"group_ids": [Command.link(lead_user.id), Command.link(may_export.id)]})

    def make_wizards(self):
        """One of each, made by the user of marketing; and all their own models must be among them."""
        env = self.env(user=self.user)
        export = env["buying.group.audience.export"].create({"group_ids": [Command.set(self.group.ids)]})
        export.action_export()
        create = env["buying.group.create"].create(
            {"solution_id": self.solution.id, "domain": f"[('id', 'in', {self.child_account.ids})]"}
        )
        create.action_estimate()
        change = env["buying.member.change"].create(
            {
                "group_id": self.group.id,
                "line_ids": [Command.create({"group_id": self.group.id, "partner_id": self.clerk.id})],
            }
        )
        lead = self.env["crm.lead"].create({"name": "Robots", "partner_id": self.account.id})
        build = env["crm.lead.build.group"].create({"lead_id": lead.id, "solution_id": self.solution.id})
        self.director.with_user(self.user).action_explain_engagement()
        explanation = env["engagement.explanation"].search([("partner_id", "=", self.director.id)])
        wizards = [export, create, create.line_ids, change, change.line_ids, build, explanation]
        self.assertTrue(all(wizards))
        return wizards

    def test_nobody_else_sees_or_changes_a_wizard(self):
        for wizard in self.make_wizards():
            self.assertEqual(wizard.search([("id", "in", wizard.ids)]), wizard)
            for user in (self.other_user, self.manager, self.system):
                theirs = wizard.with_user(user)
                with self.subTest(model=wizard._name, user=user.login):
                    self.assertFalse(theirs.search([("id", "in", wizard.ids)]))
                    for operation in ("read", "write", "unlink"):
                        with self.assertRaises(AccessError):
                            theirs.check_access(operation)
                    self.env.invalidate_all()
                    with self.assertRaises(AccessError):
                        theirs.read(["create_date"])

    def test_every_wizard_has_such_a_rule(self):
        """A wizard added later must not be forgotten."""
        ours = self.env["ir.model.data"].search([("module", "=", "crm_buying_journey"), ("model", "=", "ir.model")])
        models = self.env["ir.model"].browse(ours.mapped("res_id"))
        transient = models.filtered(lambda model: model.transient and model.modules == "crm_buying_journey")
        self.assertTrue(transient)
        for model in transient:
            rules = self.env["ir.rule"].search([("model_id", "=", model.id), ("groups", "=", False)])
            self.assertIn("create_uid", str(rules.mapped("domain_force")), model.model)
