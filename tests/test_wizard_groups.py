# The wizards around groups: create with an estimate, change many members, build a group from an opportunity.
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import ALL, BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestWizardGroups(BuyingJourneyCase):
    # Create groups

    def make_wizard(self, accounts, **values):
        return (
            self.env["buying.group.create"]
            .with_user(self.user)
            .create({"solution_id": self.solution.id, "domain": f"[('id', 'in', {accounts.ids})]", **values})
        )

    def estimate(self, wizard):
        wizard.action_estimate()
        return {(line.kind, line.name): line.count for line in wizard.line_ids}

    def test_the_estimate_is_what_confirming_does(self):
        empty, nameless = self.make_account("Empty test"), self.make_account("Nameless test", type="other")
        archived = self.make_account("Archived test", active=False)
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET name = NULL WHERE id = %s", [nameless.id])
        self.env.invalidate_all()
        audience = self.account + self.child_account + empty + nameless + archived + self.director
        wizard = self.make_wizard(audience)
        lines = self.estimate(wizard)
        # the account itself has a group already; the people of its child are the child's
        self.assertEqual((wizard.group_count, wizard.member_count), (2, 1))
        self.assertEqual(lines[("member", "Champion")], 1)
        self.assertEqual(lines[("member", "Decision Maker")], 0)
        self.assertEqual(lines[("left_out", "They have a group for this solution already.")], 1)
        self.assertEqual(lines[("left_out", "They have no name.")], 1)
        self.assertEqual(lines[("left_out", "They are archived.")], 1)
        self.assertEqual(lines[("empty", "Groups without any member, because no contact matches a rule.")], 1)
        self.assertFalse(self.env["buying.group"].search([("partner_id", "=", empty.id)]), "an estimate makes nothing")
        action = wizard.action_confirm()
        groups = self.env["buying.group"].search(action["domain"])
        self.assertEqual(groups.partner_id, self.child_account + empty)
        self.assertEqual(len(groups.member_ids), 1)

    def test_the_estimate_counts_people_below_several_new_accounts_once(self):
        parent = self.make_account("Parent test")
        child = self.make_account("Child test", parent_id=parent.id)
        self.make_person("Joel Willis", "Director", child)
        wizard = self.make_wizard(parent + child)
        wizard.action_estimate()
        self.assertEqual((wizard.group_count, wizard.member_count), (2, 1))

    def test_confirming_twice_makes_one_job(self):
        wizard = self.make_wizard(self.child_account)
        wizard.action_estimate()
        wizard.action_confirm()
        again = self.make_wizard(self.child_account)
        again.action_estimate()
        again.action_confirm()
        self.assertEqual(self.env["buying.group.job"].search_count([("domain", "=", wizard.domain)]), 1)

    def test_nothing_is_made_before_the_estimate_was_seen(self):
        with self.assertRefused("Look at the estimate"):
            self.make_wizard(self.child_account).action_confirm()

    def test_a_broken_filter_is_told_at_the_estimate(self):
        wizard = self.make_wizard(self.account)
        wizard.domain = "[('nonsense', '=', 1)]"
        with self.assertRefused("nonsense"):
            wizard.action_estimate()

    def test_sales_creates_no_groups(self):
        with self.assertRaises(AccessError):
            self.env["buying.group.create"].with_user(self.sales).create({"solution_id": self.solution.id})

    # Change members

    def open_change(self, user=None, **context):
        return Form(self.env["buying.member.change"].with_user(user or self.sales).with_context(**context))

    def test_people_are_added_from_a_group_with_the_role_the_rules_propose(self):
        action = self.group.with_user(self.sales).action_add_members()
        form = self.open_change(**action["context"])
        self.assertEqual(form.addable_partner_ids[:], self.director + self.analyst + self.clerk + self.child_manager)
        form.partner_ids.set(self.director + self.clerk)
        form.role_id = self.influencer
        wizard = form.save()
        roles = {line.partner_id: line.role_id for line in wizard.line_ids}
        self.assertEqual(roles, {self.director: self.influencer, self.clerk: self.influencer})
        wizard.line_ids.filtered(lambda line: line.partner_id == self.director).role_id = self.decision_maker
        wizard.action_apply()
        self.assertMember(self.group, self.director, self.decision_maker, "manual")
        self.assertMember(self.group, self.clerk, self.influencer, "manual")

    def test_nobody_is_added_without_a_role_and_then_nobody_at_all(self):
        form = self.open_change(default_group_id=self.group.id)
        form.partner_ids.set(self.director + self.clerk)
        wizard = form.save()
        self.assertEqual(wizard.line_ids.mapped("role_id"), self.decision_maker)
        with self.assertRefused("Choose a role for Colleen Diaz"):
            wizard.action_apply()
        self.assertFalse(self.group.member_ids)

    def test_people_are_changed_from_the_contacts_in_the_groups_of_their_accounts(self):
        child_group = self.env["buying.group"].create(
            {"solution_id": self.solution.id, "partner_id": self.child_account.id}
        )
        stranger = self.make_person("Azure Stranger", "Director")
        contractor = self.make_person("Addison Olson", "Analyst")
        contractor.affiliated_account_ids = self.account
        people = self.director + self.child_manager + stranger + contractor + self.account
        form = self.open_change(active_model="res.partner", active_ids=people.ids)
        form.solution_id = self.solution
        self.assertIn("Azure Stranger: no account of this person has a group", form.left_out)
        self.assertIn("Azure Interior Test is a company", form.left_out)
        form.save().action_apply()
        self.assertMember(self.group, self.director, self.decision_maker, "manual")
        self.assertMember(self.group, contractor, self.influencer, "manual")
        self.assertMember(child_group, self.child_manager, self.champion, "manual")
        self.assertEqual(len(self.group.member_ids), 2)

    def test_many_roles_are_changed_and_many_people_removed_at_once(self):
        people = self.env["res.partner"].create(
            [{"name": f"Person {no}", "parent_id": self.account.id, "function": "Manager"} for no in range(120)]
        )
        self.group.update_members()
        rows = self.group.member_ids.filtered(lambda row: row.partner_id in people)
        self.assertEqual(len(rows), 120)
        context = {"active_model": "buying.group.member", "active_ids": rows.ids}
        form = self.open_change(default_operation="role", **context)
        form.role_id = self.influencer
        form.save().action_apply()
        self.assertEqual(rows.role_id, self.influencer)
        self.assertEqual(set(rows.mapped("source")), {"manual"})
        self.open_change(default_operation="remove", **context).save().action_apply()
        self.assertEqual(set(rows.mapped("state")), {"out"})
        self.assertFalse(self.group.member_ids & rows)

    def test_a_role_of_another_template_is_refused(self):
        form = self.open_change(default_group_id=self.group.id)
        form.partner_ids.set(self.director)
        wizard = form.save()
        wizard.line_ids.role_id = self.practitioner
        with self.assertRefused("Practitioner is not a role of"):
            wizard.action_apply()

    def test_people_of_accounts_out_of_sight_are_left_out(self):
        self.account.user_id = self.sales
        form = self.open_change(self.own_sales, active_model="res.partner", active_ids=self.director.ids)
        form.solution_id = self.solution
        self.assertIn("no account of this person", form.left_out)

    def test_sales_of_another_account_may_not_change_its_group(self):
        self.account.user_id = self.sales
        wizard = (
            self.env["buying.member.change"]
            .with_user(self.own_sales)
            .create(
                {
                    "operation": "remove",
                    "line_ids": [Command.create({"group_id": self.group.id, "partner_id": self.director.id})],
                }
            )
        )
        with self.assertRaises(AccessError):
            wizard.action_apply()

    # Opportunities

    def make_lead(self, partner):
        return self.env["crm.lead"].create(
            {"name": "Robots for the lab", "type": "opportunity", "partner_id": partner.id}
        )

    def test_a_group_is_built_from_an_opportunity(self):
        self.group.unlink()
        lead = self.make_lead(self.director)
        self.user.group_ids = [Command.link(self.env.ref(ALL).id)]
        self.env["crm.lead.build.group"].with_user(self.user).create(
            {"lead_id": lead.id, "solution_id": self.solution.id}
        ).action_build()
        group = lead.buying_group_id
        self.assertEqual((group.partner_id, group.solution_id), (self.account, self.solution))
        self.assertMember(group, self.director, self.decision_maker, "system")
        self.assertEqual(group.lead_count, 1)
        self.assertEqual(lead.action_build_buying_group()["res_id"], group.id)

    def test_the_group_of_a_parent_company_is_taken_rather_than_a_new_one(self):
        lead = self.make_lead(self.child_manager)
        self.assertEqual(lead.build_buying_group(self.solution), self.group)

    def test_a_lead_without_a_company_has_no_group(self):
        person = self.make_person("Lorraine Douglas")
        with self.assertRefused("choose a customer that is a company"):
            self.make_lead(person).build_buying_group(self.solution)

    def test_sales_builds_no_groups_but_takes_those_there_are(self):
        lead = self.make_lead(self.director)
        self.assertEqual(lead.with_user(self.sales).build_buying_group(self.solution), self.group)
        other = self.make_lead(self.make_person("Douglas Fletcher", "Director", self.make_account("Deco test")))
        with self.assertRaises(UserError):
            other.with_user(self.sales).build_buying_group(self.solution)
