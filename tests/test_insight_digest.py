# The digest mail: its figures, whose rights count, the most important groups, and what it says if nothing happened.
from datetime import timedelta

from lxml import html

from odoo import Command
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common_journey import JourneyCase

OURS = (
    "kpi_buying_groups_ready",
    "kpi_buying_groups_stuck",
    "kpi_journeys_entered",
    "kpi_journeys_finished",
    "kpi_ab_tests_decided",
    "kpi_leads_reactivated",
)


@tagged("post_install", "-at_install")
class TestDigest(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.flush_all()
        cls.env.cr.precommit.run()  # what became complete in the set-up
        # count only what the tests make
        cls.env.cr.execute("UPDATE buying_group SET complete_date = NULL, stage_date = NULL, engagement = 0")
        cls.env.cr.execute("UPDATE journey_participant SET entered_at = '2020-01-01', left_at = NULL")
        cls.env.cr.execute("UPDATE mailing_ab_test SET decision_date = NULL")
        cls.env.cr.execute("UPDATE crm_lead SET reactivated_date = NULL")
        cls.env.invalidate_all()
        cls.digest = cls.env["digest.digest"].create(
            {
                "name": "Test",
                "periodicity": "weekly",
                "show_buying_groups": True,
                "user_ids": [Command.set(cls.manager.ids)],
                **dict.fromkeys(OURS, True),
            }
        )
        cls.now = cls.env.cr.now()

    def figures(self, user=None, digest=None):
        """``{figure: [last day, last 7 days, last 30 days]}``"""
        user = user or self.manager
        kpis = (digest or self.digest)._compute_kpis(user.company_id, user)
        return {
            kpi["kpi_name"]: [kpi[f"kpi_col{number}"].get("value") for number in (1, 2, 3)]
            for kpi in kpis
            if kpi["kpi_name"] in OURS
        }

    def set_date(self, record, field, days_ago):
        record.env.flush_all()
        self.env.cr.execute(
            f"UPDATE {record._table} SET {field} = %s WHERE id = ANY(%s)",  # pylint: disable=sql-injection
            [self.now - timedelta(days=days_ago), record.ids],
        )
        record.invalidate_recordset()

    def send(self, user=None):
        user = user or self.manager
        self.digest.user_ids = user
        with self.mock_mail_gateway():
            self.digest.with_context(lang=user.lang).action_send_manual()
        self.assertEqual(len(self._new_mails), 1)
        return html.fromstring(self._new_mails.body_html)

    def set_figures(self, groups, **values):
        """Write figures as they are, without anything that would compute them."""
        self.env.flush_all()
        for name, value in {"required_role_count": 1, **values}.items():
            self.env.cr.execute(f"UPDATE buying_group SET {name} = %s WHERE id = ANY(%s)", [value, groups.ids])
        self.env.invalidate_all()

    def make_stage(self):
        model = self.env["buying.stage.model"].create({"name": "Digest stages"})
        stages = self.env["buying.stage"].create(
            [
                {"name": "Interest", "model_id": model.id, "is_entry": True},
                {"name": "Purchase", "model_id": model.id, "destination": "success"},
            ]
        )
        stages[0].allowed_stage_ids = stages[1]
        model.action_publish()
        self.solution.stage_model_id = model
        return stages

    def test_figures_of_each_period(self):
        self.set_date(self.group, "complete_date", 3)
        stages = self.make_stage()
        self.group.set_stage(stages[0])
        self.set_figures(self.group, completeness=75)
        self.set_date(self.group, "stage_date", 31)
        journey = self.make_journey("res.partner", [("id", "in", (self.brandon + self.colleen).ids)], [{"kind": "end"}])
        self.engine.tick()
        first, second = journey.participant_ids
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        self.set_date(first, "entered_at", 10)
        self.set_date(second, "entered_at", 0.5)
        self.set_date(first, "left_at", 0.5)
        self.set_date(second, "left_at", 5)
        lead = self.env["crm.lead"].create({"name": "Back", "user_id": self.manager.id})
        self.set_date(lead, "reactivated_date", 0.5)
        mailing = self.env["mailing.mailing"].create({"subject": "Test"})
        test = self.env["mailing.ab.test"].create({"name": "Test", "mailing_id": mailing.id})
        self.set_date(test, "decision_date", 20)
        self.assertEqual(
            self.figures(),
            {
                "kpi_buying_groups_ready": [0, 1, 1],
                "kpi_buying_groups_stuck": [0, 1, 1],
                "kpi_journeys_entered": [1, 1, 2],
                "kpi_journeys_finished": [1, 2, 2],
                "kpi_ab_tests_decided": [0, 0, 1],
                "kpi_leads_reactivated": [1, 1, 1],
            },
        )

    def test_stuck_means_what_standing_still_means_on_the_dashboard(self):
        accounts = self.env["res.partner"].create([{"name": f"Still {n}", "is_company": True} for n in range(5)])
        groups = self.env["buying.group"].create(
            [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
        )
        still, lately, incomplete, unrated, won = groups
        stages = self.make_stage()
        groups.set_stage(stages[0])
        won.set_stage(stages[1])
        self.set_figures(groups, completeness=75)
        self.set_figures(incomplete, completeness=74)
        self.set_figures(unrated, completeness=100, required_role_count=0)
        self.set_date(groups, "stage_date", 30.5)
        self.set_date(lately, "stage_date", 29.5)
        self.assertEqual(self.figures()["kpi_buying_groups_stuck"], [1, 1, 1])
        everywhere = self.env["buying.group"].with_user(self.manager)
        ours = [("solution_id", "=", self.solution.id)]
        self.assertEqual(everywhere.search([("is_standing_still", "=", True), *ours]), still)
        self.assertEqual(everywhere.search([("is_standing_still", "=", False), *ours]) & groups, groups - still)
        self.assertEqual(everywhere.search([("is_standing_still", "in", [True, False]), *ours]) & groups, groups)
        self.assertEqual(groups.mapped("is_standing_still"), [True, False, False, False, False])
        for page in ("buying.dashboard", "buying.dashboard.movement"):
            data = self.env[page].with_user(self.manager).get_data({"solution_ids": self.solution.ids})
            self.assertEqual([group["id"] for group in data["highlights"]["stagnant"]], still.ids)

    def test_compared_with_the_period_before(self):
        groups = self.group + self.env["buying.group"].create(
            [
                {"solution_id": self.solution.id, "partner_id": account.id}
                for account in (self.other_account, self.env["res.partner"].create({"name": "C", "is_company": True}))
            ]
        )
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.set_date(groups[:2], "complete_date", 2)
        self.set_date(groups[2], "complete_date", 9)
        kpi = self.digest._compute_kpis(self.manager.company_id, self.manager)[0]
        self.assertEqual((kpi["kpi_col2"]["value"], kpi["kpi_col2"]["margin"]), (2, 100))

    def test_links_open_the_records_that_were_counted(self):
        self.set_date(self.group, "complete_date", 3)
        stages = self.make_stage()
        self.group.set_stage(stages[0])
        self.set_figures(self.group, completeness=75)
        self.set_date(self.group, "stage_date", 31)
        figures = self.figures()
        actions = self.digest._compute_kpis_actions(self.manager.company_id, self.manager)
        for name in OURS:
            action = self.env["ir.actions.act_window"]._for_xml_id(actions[name].split("?")[0])
            found = self.env[action["res_model"]].with_user(self.manager).search_count(safe_eval(action["domain"]))
            self.assertEqual(found, figures[name][2], name)

    def test_rights_of_the_receiver(self):
        self.set_date(self.group, "complete_date", 1)
        self.account.user_id = self.manager
        own = self.figures(self.salesperson)
        self.assertEqual(own["kpi_buying_groups_ready"], [0, 0, 0], "somebody else's account")
        self.assertNotIn("kpi_journeys_entered", own, "journeys are none of sales' business")
        self.account.user_id = self.salesperson
        self.assertEqual(self.figures(self.salesperson)["kpi_buying_groups_ready"], [0, 1, 1])
        self.assertEqual(self.figures(self.user_employee), {})
        self.assertIsNone(self.digest._get_buying_section(self.user_employee))

    def test_another_companys_groups_are_not_counted(self):
        self.set_date(self.group, "complete_date", 2)
        other = self.env["res.company"].create({"name": "Other"})
        self.manager.company_ids += other
        self.digest.company_id = self.manager.company_id
        self.group.sudo().company_id = other
        self.env.flush_all()
        self.assertEqual(self.figures()["kpi_buying_groups_ready"], [0, 0, 0])
        self.group.sudo().company_id = self.manager.company_id
        self.env.flush_all()
        self.assertEqual(self.figures()["kpi_buying_groups_ready"], [0, 1, 1])

    def test_mail_lists_the_five_most_important_groups(self):
        accounts = self.env["res.partner"].create([{"name": f"Digest {n}", "is_company": True} for n in range(6)])
        groups = self.env["buying.group"].create(
            [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
        )
        for number, group in enumerate(groups):
            group.sudo().engagement = 10 * (number + 1)
        self.env["engagement.activity"]._note_moment(groups[5], "milestone", "Asked for <b>desks</b>")
        body = self.send()
        links = body.xpath("//a[contains(@href, '/odoo/buying-groups/')]")
        self.assertEqual(
            [link.text_content() for link in links], [f"Test solution for Digest {n}" for n in (5, 4, 3, 2, 1)]
        )
        text = " ".join(body.text_content().split())
        self.assertIn("Engagement 60, complete 0%. Missing: ", text)
        self.assertIn("Milestone: Asked for <b>desks</b>", text)
        self.assertTrue(links[0].get("href").startswith("http"), "a mail's link needs its server")

    def test_mail_says_when_nothing_happened(self):
        text = self.send().text_content()
        self.assertIn("Nothing happened in your buying groups and journeys", text)
        self.assertIn("No buying group is engaged at present.", text)
        self.set_date(self.group, "complete_date", 8)
        self.assertIn("Nothing happened", self.send().text_content())
        self.set_date(self.group, "complete_date", 6)
        self.assertNotIn("Nothing happened", self.send().text_content())

    def test_other_digests_stay_as_they_are(self):
        self.digest.write({"show_buying_groups": False} | dict.fromkeys(OURS, False))
        text = self.send().text_content()
        self.assertNotIn("buying groups", text.lower())

    def test_the_weekly_digest_is_there_and_managers_subscribe(self):
        weekly = self.env.ref("crm_buying_journey.digest_digest_weekly")
        self.assertEqual(weekly.periodicity, "weekly")
        self.assertTrue(weekly.show_buying_groups and all(weekly[name] for name in OURS))
        weekly.with_user(self.manager).action_subscribe()
        self.assertIn(self.manager, weekly.user_ids)
        weekly.with_user(self.manager).action_unsubscribe()
        self.assertNotIn(self.manager, weekly.user_ids)
