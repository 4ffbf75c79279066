# What a determined user may try: other companies, borrowed rights, hidden names, values that are nobody's to give.
import psycopg2
from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ALL, OWN, BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingGuards(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hidden = cls.make_account("Hidden account", company_id=cls.other_company.id)
        cls.hidden_person = cls.make_person("Hidden person", "Director", cls.hidden, company_id=cls.other_company.id)

    def test_a_solution_and_an_account_of_different_companies_make_no_group(self):
        self.solution.company_id = self.company
        with self.assertRefused("different companies"):
            self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.hidden.id})

    def test_a_group_whose_account_went_to_another_company_still_has_a_name(self):
        self.solution.company_id = self.company
        self.account.company_id = self.other_company
        self.env.flush_all()
        group = self.group.with_user(self.user)
        self.env.invalidate_all()
        self.assertEqual(group.search_read([("id", "=", group.id)], ["name"])[0]["name"], self.group.name)
        rows = group.web_search_read(
            [("id", "=", group.id)], {"name": {}, "partner_id": {"fields": {"display_name": {}}}}
        )
        self.assertEqual(rows["length"], 1)

    def test_a_solution_with_accounts_of_another_company_does_not_move(self):
        self.account.company_id = self.company
        with self.assertRefused("accounts of another company"):
            self.solution.company_id = self.other_company

    def test_nobody_gives_records_to_a_company_of_others(self):
        account_list = self.env["buying.account.list"].with_user(self.user).create({"name": "Mine"})
        for record in (self.solution.with_user(self.user), account_list):
            with self.subTest(record=record), self.assertRaises(UserError):
                record.company_id = self.other_company
        with self.assertRaises(UserError):
            self.make_job(self.account).with_user(self.user).write({"company_id": self.other_company.id})

    def test_salespeople_without_our_rights_open_leads_as_ever(self):
        self.account.company_id = self.other_company  # the host hands it down
        self.child_account.company_id = False
        self.child_manager.company_id = False
        salesman = self.internal
        salesman.group_ids = [Command.link(self.env.ref(OWN).id)]
        lead = self.env["crm.lead"].create(
            {"name": "Lead test", "partner_id": self.child_manager.id, "user_id": salesman.id, "type": "opportunity"}
        )
        self.env.invalidate_all()
        arch = etree.fromstring(lead.with_user(salesman).get_view(view_type="form")["arch"])
        fields = {node.get("name") for node in arch.xpath("//field[not(ancestor::field)]")}
        self.assertIn("partner_id", fields)
        lead.with_user(salesman).read(list(fields))
        # and those with them, too
        salesman.group_ids = [Command.link(self.env.ref("crm_buying_journey.group_sales").id)]
        self.env.invalidate_all()
        self.assertTrue(lead.with_user(salesman).read(["buying_account_ids"]))

    def test_memberships_stay_where_and_when_they_are(self):
        self.group.assign_member(self.director, self.decision_maker)
        row = self.row_of(self.group, self.director).with_user(self.sales)
        for values in ({"company_id": self.other_company.id}, {"date": "2999-01-01"}, {"sequence": -5}):
            with self.subTest(values=values), self.assertRaises(UserError):
                row.write(values)
        created = row.create(
            {
                "group_id": self.group.id,
                "partner_id": self.analyst.id,
                "role_id": self.influencer.id,
                "date": "2999-01-01",
                "company_id": self.other_company.id,
            }
        )
        self.assertLess(str(created.date), "2900")
        self.assertFalse(created.company_id)

    def test_the_same_person_is_not_named_twice(self):
        vals = {"group_id": self.group.id, "partner_id": self.director.id, "role_id": self.champion.id}
        with self.assertRefused("named twice"):
            self.env["buying.group.member"].with_user(self.sales).create([vals, vals])

    def test_nobody_learns_by_a_rule_what_they_may_not_read(self):
        secret = "[('signup_type', '=', 'reset')]"
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(self.user).search([("signup_type", "=", "reset")])
        template = self.template.with_user(self.user).copy()
        with self.assertRaises(AccessError):
            template.line_ids[0].domain = secret
        with self.assertRaises(AccessError):
            template.line_ids = [Command.create({"role_id": self.practitioner.id, "domain": secret})]
        with self.assertRaises(AccessError):
            self.env["buying.account.list"].with_user(self.user).create(
                {"name": "Secret", "type": "dynamic", "domain": secret}
            )

    def test_messages_name_nobody_whom_the_reader_may_not_see(self):
        lists = self.env["buying.account.list"].with_user(self.user)
        account_list = lists.create({"name": "Mine"})
        for partner in (self.hidden, self.hidden_person):
            with self.assertRaises(UserError) as caught:
                account_list.write({"partner_ids": [Command.link(partner.id)]})
            self.assertNotIn("Hidden", str(caught.exception).replace(partner._description, ""))
            with self.assertRaises(AccessError):
                self.env["buying.group"].with_user(self.user).create(
                    {"solution_id": self.solution.id, "partner_id": partner.id}
                )
        foreign = self.solution.copy({"name": "Hidden solution", "company_id": self.other_company.id})
        account_list.action_publish()
        self.env["buying.group.job"].create({"solution_id": foreign.id, "account_list_id": account_list.id})
        self.env.invalidate_all()
        with self.assertRaises(UserError) as caught:
            account_list.unlink()
        self.assertNotIn("Hidden solution", str(caught.exception))
        self.assertIn("1 more", str(caught.exception))

    def test_who_has_groups_is_for_those_with_our_rights(self):
        for name in ("buying_group_ids", "buying_group_member_ids"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                self.env["res.partner"].with_user(self.internal).search([(name, "!=", False)])

    def test_defaults_of_the_context_give_nothing_away(self):
        group = (
            self.env["buying.group"]
            .with_user(self.user)
            .with_context(default_archived_with_account=True, default_completeness=100, default_member_count=7)
            .create(
                {
                    "solution_id": self.solution.id,
                    "partner_id": self.child_account.id,
                    "completeness": 100,
                    "archived_with_account": True,
                }
            )
        )
        self.assertEqual((group.completeness, group.member_count, group.archived_with_account), (0, 0, False))

    def test_remote_callers_get_sentences(self):
        for value in ([1, 2], False, "Azure", None):
            with self.subTest(value=value), self.assertRaises(UserError):
                self.group.assign_member(value, self.champion.id)
        with self.assertRaises(UserError):
            self.env["buying.group"].search([("name", "=", 5)])
        account_list = self.env["buying.account.list"].with_user(self.user).create({"name": "Mine"})
        account_list.add_accounts(self.account.ids)
        self.assertEqual(account_list.partner_ids, self.account)
        with self.assertRaises(UserError):
            account_list.add_accounts("Azure")

    def test_a_long_name_full_of_joints_is_searched_all_the_same(self):
        self.assertFalse(self.env["buying.group"].search([("name", "ilike", " for " * 3000)]))

    def test_names_of_nothing_but_spaces_are_refused(self):
        for model, values in (
            ("buying.solution", {"template_id": self.template.id}),
            ("buying.role", {}),
            ("buying.role.template", {}),
            ("buying.account.list", {}),
        ):
            with self.subTest(model=model), self.assertRefused("Enter a name"):
                self.env[model].create({"name": "   ", **values})

    def test_members_required_are_a_sensible_number(self):
        line = self.template.line_ids[0].with_user(self.manager)
        for number in (None, "2", 2**31, float("nan"), 0):
            with self.subTest(number=number), self.assertRaises(UserError):
                line.write({"members_required": number})

    # Deleting, archiving

    def test_a_group_on_which_a_person_decided_is_archived_rather_than_deleted(self):
        self.group.remove_member(self.director, "manual")
        with self.assertRefused("Archive it instead"):
            self.group.with_user(self.user).unlink()
        other = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        other.update_members()
        other.with_user(self.user).unlink()

    def test_archived_solutions_responsibles_and_lists_make_no_groups(self):
        job = self.make_job(self.child_account)
        self.solution.active = False
        self.env["buying.group.job"]._cron_queue()
        self.assertEqual(job.state, "idle")
        with self.assertRefused("archived"):
            job.run()
        self.solution.active = True
        self.user.active = False
        self.env["buying.group.job"]._cron_queue()
        self.assertEqual(job.state, "idle")
        self.user.active = True
        account_list = self.env["buying.account.list"].create({"name": "Rests", "partner_ids": self.child_account.ids})
        account_list.action_publish()
        job.account_list_id = account_list
        account_list.active = False
        self.assertFalse(job.run())

    def test_an_archived_account_gets_no_group(self):
        self.child_account.active = False
        with self.assertRefused("is archived"):
            self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.child_account.id})

    def test_an_opportunity_of_an_account_with_an_archived_group_says_so(self):
        self.group.active = False
        lead = self.env["crm.lead"].create({"name": "Robots", "partner_id": self.director.id})
        self.user.group_ids = [Command.link(self.env.ref(ALL).id)]
        with self.assertRefused("is archived. Restore it"):
            lead.with_user(self.user).build_buying_group(self.solution)

    # Merging

    def merge(self, gone, stays):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((gone + stays).ids, stays, extra_checks=False)
        self.env.invalidate_all()

    def test_the_group_that_stays_takes_over_what_it_lacks(self):
        twin = self.make_account("Azure Twin test")
        resting = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": twin.id})
        resting.active = False
        self.group.status = "Hot"
        self.merge(self.account, twin)
        self.assertTrue(resting.active)
        self.assertEqual(resting.status, "Hot")

    def test_members_are_not_merged_into_companies_nor_accounts_into_people(self):
        self.group.assign_member(self.director, self.decision_maker)
        with self.assertRefused("must stay people"):
            self.merge(self.director, self.make_account("Director Ltd test"))
        with self.assertRefused("must stay companies"):
            self.merge(self.account, self.make_person("Lorraine Douglas"))

    # Cost and races

    def test_removing_many_costs_no_query_per_group(self):
        def count(size):
            accounts = self.env["res.partner"].create([{"name": f"A{no}", "is_company": True} for no in range(size)])
            people = self.env["res.partner"].create([{"name": "P", "parent_id": account.id} for account in accounts])
            groups = self.env["buying.group"].create(
                [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
            )
            Member = self.env["buying.group.member"]
            Member._apply([(g, p, self.champion, "in") for g, p in zip(groups, people, strict=True)], "manual")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            groups.member_ids.action_remove()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(5)
        self.assertLessEqual(count(60), count(10) + 5)

    def test_groups_of_many_contacts_are_counted_by_one_query(self):
        self.group.assign_member(self.director, self.decision_maker)
        child_group = self.env["buying.group"].create(
            {"solution_id": self.solution.copy().id, "partner_id": self.child_account.id}
        )
        partners = self.account + self.child_account + self.director + self.clerk
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(partners.mapped("buying_group_count"), [2, 1, 1, 0])
        self.assertTrue(child_group)

    def test_a_group_that_somebody_else_made_meanwhile_is_taken_as_it_is(self):
        job = self.make_job(self.child_account)
        Group = self.env.registry["buying.group"]
        create, tries = Group.create, []

        def clash(groups, vals_list):
            tries.append(1)
            if len(tries) == 1:
                raise psycopg2.errors.UniqueViolation("duplicate key")
            return create(groups, vals_list)

        job.action_start()
        self.patch(Group, "create", clash)
        self.patch(self.env.cr, "rollback", lambda: None)
        todo = {}
        while job.state != "idle":
            job._run_batch(todo)
        self.assertFalse(job.last_error)
        self.assertEqual(len(tries), 2)
