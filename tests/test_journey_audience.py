# Who enters a journey by account lists, and what becomes of journeys when records are merged or models deleted.
from odoo import Command
from odoo.tests import tagged

from .common_journey import JourneyCase


@tagged("post_install", "-at_install")
class TestJourneyAudience(JourneyCase):
    def make_list(self, accounts=None, live=True, **values):
        account_list = self.env["buying.account.list"].create(
            {"name": "Journey accounts test", "partner_ids": accounts.ids if accounts else [], **values}
        )
        if live:
            account_list.action_publish()
        return account_list

    def make_journey_on(self, model, **values):
        return self.env["journey.journey"].create(
            {
                "name": f"Journey on {model}",
                "model_id": self.env["ir.model"]._get_id(model),
                "user_id": self.manager.id,
                **values,
            }
        )

    def audience(self, journey):
        return self.env[journey.model_name].search(journey._get_audience_domain())

    def test_a_list_narrows_accounts_groups_and_leads(self):
        account_list = self.make_list(self.account)
        groups = self.env["buying.group"].create(
            [{"solution_id": self.solution.copy().id, "partner_id": account.id} for account in (self.other_account,)]
        )
        lead, other = self.env["crm.lead"].create(
            [
                {"name": "Robots", "partner_id": self.account.child_ids[:1].id},
                {"name": "Others", "partner_id": self.other_account.id},
            ]
        )
        on = {
            model: self.audience(self.make_journey_on(model, account_list_id=account_list.id))
            for model in ("res.partner", "buying.group", "crm.lead")
        }
        self.assertEqual(on["res.partner"], self.account)
        self.assertEqual(on["buying.group"].partner_id, self.account)
        self.assertNotIn(groups, on["buying.group"])
        self.assertIn(lead, on["crm.lead"])
        self.assertNotIn(other, on["crm.lead"])

    def test_a_dynamic_list_is_asked_each_time(self):
        account_list = self.make_list(type="dynamic", domain="[('city', '=', 'Scranton journey test')]")
        journey = self.make_journey_on("buying.group", account_list_id=account_list.id)
        self.assertFalse(self.audience(journey))
        self.account.city = "Scranton journey test"
        self.assertEqual(self.audience(journey).partner_id, self.account)

    def test_drafts_of_lists_and_models_without_contacts_are_refused(self):
        with self.assertRaisesRegex(Exception, "is a draft"):
            self.make_journey_on("res.partner", account_list_id=self.make_list(live=False).id)

    def test_a_used_list_or_solution_names_its_journeys_when_it_is_deleted(self):
        account_list = self.make_list(self.account)
        solution = self.solution.copy()
        self.make_journey_on("buying.group", account_list_id=account_list.id, solution_id=solution.id)
        for record in (account_list, solution):
            with self.subTest(record=record), self.assertRaisesRegex(Exception, "Journey on buying.group"):
                record.unlink()

    def test_a_model_with_journeys_is_not_deleted(self):
        model = self.env["ir.model"].create(
            {
                "name": "Audience test",
                "model": "x_audience_test",
                "is_mail_thread": True,
                "field_id": [Command.create({"name": "x_name", "ttype": "char", "field_description": "Name"})],
            }
        )
        self.env["ir.model"].invalidate_model()
        journey = self.make_journey_on("res.partner")
        self.env.cr.execute("UPDATE journey_journey SET model_id = %s WHERE id = %s", [model.id, journey.id])
        self.env.invalidate_all()
        with self.assertRaisesRegex(Exception, "Journey on res.partner"):
            model.unlink()

    # Merging

    def enter(self, journey, record, **values):
        return self.env["journey.participant"].create(
            {
                "journey_id": journey.id,
                "version_id": journey.draft_version_id.id,
                "res_model": record._name,
                "res_id": record.id,
                **values,
            }
        )

    def merge(self, gone, stays):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((gone + stays).ids, stays, extra_checks=False)
        self.env.invalidate_all()

    def test_a_merged_contact_goes_on_once(self):
        both, alone = self.make_journey_on("res.partner"), self.make_journey_on("res.partner", name="Alone")
        gone = self.enter(both, self.account)
        stays = self.enter(both, self.other_account)
        past = self.enter(alone, self.account, state="completed")
        going = self.enter(alone, self.account, entry=2)
        self.merge(self.account, self.other_account)
        self.assertEqual((stays.state, gone.state), ("active", "exited"))
        self.assertIn("Deco Addict Test", gone.exit_reason)
        self.assertEqual((going.state, past.state), ("active", "completed"))
        self.assertEqual({entry.res_id for entry in gone + stays + past + going}, {self.other_account.id})

    def test_merged_groups_go_on_once(self):
        journey = self.make_journey_on("buying.group")
        group = self.env["buying.group"].search([("partner_id", "=", self.account.id)])
        other = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.other_account.id})
        gone, stays = self.enter(journey, group), self.enter(journey, other)
        self.merge(self.account, self.other_account)
        self.assertFalse(group.exists())
        self.assertEqual((gone.state, stays.state, gone.res_id), ("exited", "active", other.id))
