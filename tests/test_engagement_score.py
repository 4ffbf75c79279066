# Scores: worked out by hand from the published example, and what may and may not change them.
from datetime import timedelta
from math import sqrt
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from .common_engagement import EngagementScoreCase


@tagged("post_install", "-at_install")
class TestEngagementScore(EngagementScoreCase):
    # People -------------------------------------------------------------------------------------------------------

    def test_the_most_active_person_has_100_and_the_others_their_root(self):
        self.happen(self.director, "email_opened", 16)  # 16 x 30
        self.happen(self.analyst, "email_opened", 4)  # a quarter of the points: half the score
        self.Model.compute_scores()
        self.assertScores((self.director, 100), (self.analyst, 50), (self.clerk, 0))

    def test_weights_relate_types_to_each_other(self):
        self.happen(self.director, "event_attended", 4)  # 4 x 60 = 240
        self.happen(self.analyst, "email_opened", 2)  # 2 x 30 = 60
        self.happen(self.clerk, "form_filled", 1)
        self.happen(self.clerk, "page_viewed", 1)
        self.happen(self.clerk, "event_attended", 1)  # 40 + 40 + 60 = 140
        self.Model.compute_scores()
        self.assertScores((self.director, 100), (self.analyst, 50), (self.clerk, 76.37626158259733))

    def test_at_most_20_of_a_type_count_on_one_day(self):
        noon = self.yesterday.replace(hour=12, minute=0)
        self.happen(self.director, "page_viewed", 37, noon - timedelta(days=1))
        self.happen(self.director, "page_viewed", 15, noon)  # 20 + 15
        self.happen(self.analyst, "page_viewed", 19, noon - timedelta(days=1))
        self.happen(self.analyst, "page_viewed", 16, noon)  # 35 as well
        self.happen(self.clerk, "page_viewed", 20, noon)
        self.happen(self.clerk, "form_filled", 15, noon)  # each type has a maximum of its own
        self.Model.compute_scores()
        self.assertScores((self.director, 100), (self.analyst, 100), (self.clerk, 100))

    def test_a_day_is_one_of_utc(self):
        midnight = self.yesterday.replace(hour=0, minute=0, second=0)
        self.happen(self.director, "page_viewed", 20, midnight - timedelta(seconds=1))
        self.happen(self.director, "page_viewed", 20, midnight)
        self.happen(self.analyst, "page_viewed", 40, midnight)
        self.Model.compute_scores()
        self.assertScores((self.director, 100), (self.analyst, 100 * sqrt(0.5)))

    def test_only_the_last_30_days_count(self):
        edge = self.now - timedelta(days=30)
        self.happen(self.director, "page_viewed", 1, edge + timedelta(minutes=5))
        self.happen(self.analyst, "page_viewed", 1, edge - timedelta(minutes=5))
        self.happen(self.clerk, "page_viewed", 1, self.now + timedelta(days=1))
        self.Model.compute_scores()
        self.assertScores((self.director, 100), (self.analyst, 0), (self.clerk, 0))

    def test_engagement_fades_when_activities_leave_the_window(self):
        self.happen(self.director, "page_viewed", 1, self.now - timedelta(days=20))
        self.happen(self.analyst, "page_viewed", 1, self.yesterday)
        self.Model.compute_scores()
        self.assertScores((self.director, 100), (self.analyst, 100))
        later = self.now + timedelta(days=15)
        with patch.object(fields.Datetime, "now", lambda *args: later):
            self.Model.compute_scores()
        self.assertScores((self.director, 0), (self.analyst, 100))

    def test_the_largest_weight_is_that_of_a_type_that_occurred(self):
        self.happen(self.director, "email_opened", 1)
        self.Model.compute_scores()
        self.assertEqual(self.active.last_max_weight, 30)  # nobody attended an event, which weighs 60
        self.happen(self.clerk, "event_attended", 1)
        self.Model.compute_scores()
        self.assertEqual(self.active.last_max_weight, 60)

    def test_a_type_without_weight_is_ignored(self):
        self.happen(self.director, "order_confirmed", 5)
        self.happen(self.director, "group_assigned", 5)
        self.happen(self.analyst, "page_viewed", 1)
        self.Model.compute_scores()
        self.assertScores((self.director, 0), (self.analyst, 100))

    def test_what_machines_did_does_not_count(self):
        self.happen(self.director, "email_clicked", 3).is_automatic = True
        self.happen(self.analyst, "email_opened", 1)
        self.Model.compute_scores()
        self.assertScores((self.director, 0), (self.analyst, 100))

    def test_companies_employees_and_archived_contacts_have_no_score(self):
        archived = self.make_person("Jesse Brown", parent=self.account, active=False)
        for nobody in (self.account, self.internal.partner_id, archived):
            self.happen(nobody, "page_viewed", 20)
        self.happen(self.analyst, "page_viewed", 1)
        self.Model.compute_scores()
        self.assertScores((self.analyst, 100), (self.account, 0), (self.internal.partner_id, 0), (archived, 0))

    def test_nothing_happened_so_everybody_is_at_0(self):
        self.happen(self.director, "page_viewed")
        self.Model.compute_scores()
        self.env["engagement.activity"].search([]).unlink()
        self.assertEqual(self.Model.compute_scores(), {"people": 0, "groups": 0})
        self.assertScores((self.director, 0), (self.group, 0))
        self.assertFalse(self.env["res.partner"].search_count([("engagement_score", ">", 0)]))

    # Groups -------------------------------------------------------------------------------------------------------

    def make_published_group(self):
        """The example of the reference: two decision makers, one influencer, three practitioners; 100, 80 and 60."""
        roles = (self.decision_maker, self.influencer, self.practitioner)
        template = self.env["buying.role.template"].create(
            {
                "name": "Published example",
                "line_ids": [
                    self.line(role, False, weight=weight)
                    for role, weight in zip(roles, ("100", "80", "60"), strict=True)
                ]
                + [self.line(self.champion, False, weight="100")],  # nobody has this role, so it takes no share
            }
        )
        template.action_publish()
        solution = self.env["buying.solution"].create({"name": "Published example", "template_id": template.id})
        account = self.make_account("Gemini Furniture Test")
        group = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": account.id})
        people = {}
        for name, role in (
            ("Edwin Hansen", 0),
            ("Jesse Brown", 0),
            ("Oscar Morgan", 1),
            ("Soham Palmer", 2),
            ("Tom Ruiz", 2),
            ("Willie Burke", 2),
        ):
            people[name] = self.make_person(name, parent=account)
            group.assign_member(people[name], roles[role])
        return group, people

    def test_the_published_example(self):
        group, people = self.make_published_group()
        noon = self.yesterday.replace(hour=12, minute=0)
        before = noon - timedelta(days=1)
        # same weight for all activities here: pages 40, forms 40
        self.happen(people["Edwin Hansen"], "page_viewed", 37, before)  # 20 of them
        self.happen(people["Edwin Hansen"], "page_viewed", 15, noon)
        self.happen(people["Edwin Hansen"], "form_filled", 2, noon)  # 37 in all
        self.happen(people["Jesse Brown"], "page_viewed", 15, noon)
        self.happen(people["Oscar Morgan"], "page_viewed", 19, before)
        self.happen(people["Oscar Morgan"], "page_viewed", 9, noon)  # 28
        self.happen(people["Soham Palmer"], "page_viewed", 2, noon)
        self.happen(people["Tom Ruiz"], "page_viewed", 2, noon)
        self.happen(people["Willie Burke"], "page_viewed", 13, noon)
        # a second group, more engaged: one decision maker with 100 alone has the whole share
        self.group.assign_member(self.director, self.decision_maker)
        self.happen(self.director, "page_viewed", 20, before)
        self.happen(self.director, "page_viewed", 17, noon)  # 37 too
        self.Model.compute_scores()
        # 100 * sqrt(n / 37)
        self.assertScores(
            (people["Edwin Hansen"], 100),
            (people["Jesse Brown"], 63.67145399670133),
            (people["Oscar Morgan"], 86.991767240168),
            (people["Soham Palmer"], 23.249527748763857),
            (people["Willie Burke"], 59.27489783638191),
        )
        # shares 41.67, 33.33 and 25 % of 163.6715, 86.9918 and 105.7740: a sum of 123.6372, the largest.
        # The other group has 100 x 100 % = 100.
        self.assertAlmostEqual(self.active.last_max_group, 123.6372, 3)
        self.assertScores((group, 100))
        self.assertAlmostEqual(self.group.engagement, 89.934, 2)

    def test_a_role_has_its_share_of_the_roles_that_have_members(self):
        self.happen(self.director, "page_viewed", 16)
        self.happen(self.analyst, "page_viewed", 4)
        self.group.assign_member(self.director, self.decision_maker)  # weight 100
        other = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        self.director.affiliated_account_ids = self.child_account
        self.analyst.affiliated_account_ids = self.child_account
        other.assign_member(self.director, self.decision_maker)
        other.assign_member(self.analyst, self.influencer)  # weight 60
        self.Model.compute_scores()
        # alone: 100 x 100/100 = 100; with the analyst: 100 x 100/160 + 50 x 60/160 = 81.25, of which the root
        self.assertScores((self.group, 100), (other, 90.13878188659973))
        self.assertEqual(set(other.member_ids.mapped("engagement")), {100.0, 50.0})

    def test_former_members_and_archived_groups_do_not_count(self):
        self.happen(self.director, "page_viewed")
        self.group.assign_member(self.director, self.decision_maker)
        self.Model.compute_scores()
        self.assertScores((self.group, 100))
        self.group.remove_member(self.director)
        self.assertScores((self.group, 0))
        self.group.assign_member(self.director, self.decision_maker)
        self.assertScores((self.group, 100))
        self.group.active = False
        self.assertScores((self.group, 0))
        self.Model.compute_scores()
        self.assertScores((self.group, 0))

    def test_newcomers_are_scored_at_once(self):
        self.happen(self.director, "page_viewed", 16)
        self.happen(self.analyst, "page_viewed", 4)
        self.group.assign_member(self.director, self.decision_maker)
        self.Model.compute_scores()
        other = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        self.analyst.affiliated_account_ids = self.child_account
        other.with_user(self.user).assign_member(self.analyst, self.influencer, "system")
        self.assertScores((self.row_of(other, self.analyst), 50), (other, 100 * sqrt(0.5)))
        self.Model.compute_scores()
        self.assertScores((other, 100 * sqrt(0.5)))
        # another role changes nothing for the only member, but does for one of two
        self.group.assign_member(self.analyst, self.influencer)
        self.assertScores((self.group, 90.13878188659973))
        self.group.assign_member(self.analyst, self.champion)  # 100 x 100/180 + 50 x 80/180 = 77.78
        self.assertScores((self.group, 88.19171036881969))

    def test_a_changed_whole_percent_is_logged(self):
        self.happen(self.director, "page_viewed", 1)
        self.group.assign_member(self.director, self.decision_maker)
        self.Model.compute_scores()
        log = self.env["engagement.activity"].search(
            [("group_id", "=", self.group.id), ("code", "=", "engagement_changed")]
        )
        self.assertEqual((log.old_value, log.new_value, log.account_id), ("0", "100", self.account))
        self.Model.compute_scores()
        self.assertEqual(
            self.env["engagement.activity"].search_count(
                [("group_id", "=", self.group.id), ("code", "=", "engagement_changed")]
            ),
            1,
        )

    # The computation ----------------------------------------------------------------------------------------------

    def test_computing_again_changes_nothing(self):
        for number, person in enumerate((self.director, self.analyst, self.clerk), start=1):
            self.happen(person, "page_viewed", number)
            self.happen(person, "email_opened", 7 * number)
        self.group.assign_member(self.director, self.decision_maker)
        self.group.assign_member(self.analyst, self.influencer)
        self.Model.compute_scores()

        def versions():
            rows = []
            for table in ("res_partner", "buying_group", "buying_group_member", "engagement_score"):
                self.env.cr.execute(f"SELECT '{table}', id, ctid::text FROM {table} ORDER BY id")
                rows += self.env.cr.fetchall()
            return rows

        before = versions()
        self.Model.compute_scores()
        self.assertEqual(versions(), before)  # not one row was written

    def test_the_number_of_statements_does_not_depend_on_the_number_of_people(self):
        def count_statements(people):
            for person in people:
                self.happen(person, "page_viewed", 2)
            self.env.flush_all()
            self.Model._get_active()
            before = self.env.cr.sql_log_count
            self.Model.compute_scores()
            return self.env.cr.sql_log_count - before

        Partner = self.env["res.partner"]
        self.Model.compute_scores()
        few = count_statements(Partner.create([{"name": f"Visitor {number}"} for number in range(10)]))
        many = count_statements(Partner.create([{"name": f"Reader {number}"} for number in range(500)]))
        self.assertEqual(many, few)
        self.assertLess(many, 40)

    def test_history_has_one_row_a_day(self):
        History = self.env["engagement.score"]
        self.happen(self.director, "page_viewed", 1)
        self.group.assign_member(self.director, self.decision_maker)
        self.Model.compute_scores()
        self.happen(self.analyst, "page_viewed", 4)
        self.Model.compute_scores()
        rows = History.search([("partner_id", "in", (self.director + self.analyst + self.clerk).ids)], order="score")
        self.assertEqual([(row.partner_id, row.score) for row in rows], [(self.director, 50), (self.analyst, 100)])
        self.assertEqual(set(rows.mapped("date")), {self.now.date()})
        self.assertEqual(History.search([("group_id", "=", self.group.id)]).score, 100)
        tomorrow = self.now + timedelta(days=1)
        with patch.object(fields.Datetime, "now", lambda *args: tomorrow):
            self.Model.compute_scores()
        self.assertEqual(History.search_count([("partner_id", "=", self.director.id)]), 2)

    def test_who_falls_to_0_leaves_a_last_row(self):
        self.happen(self.director, "page_viewed", 1)
        self.Model.compute_scores()
        later = self.now + timedelta(days=31)
        for days in (0, 1):
            with patch.object(fields.Datetime, "now", lambda *args, days=days: later + timedelta(days=days)):
                self.Model.compute_scores()
        rows = self.env["engagement.score"].search([("partner_id", "=", self.director.id)], order="date")
        self.assertEqual(rows.mapped("score"), [100, 0])

    def test_old_history_is_cleaned_up(self):
        History = self.env["engagement.score"]
        today = self.now.date()
        History.create(
            [{"date": today - timedelta(days=days), "partner_id": self.director.id, "score": 1} for days in (399, 401)]
        )
        History._gc_history()
        History.invalidate_model()
        self.assertEqual(len(History.search([("partner_id", "=", self.director.id)])), 1)
        self.env["ir.config_parameter"].set_param("crm_buying_journey.engagement_history_days", "100")
        History._gc_history()
        self.assertFalse(History.search([("partner_id", "=", self.director.id)]))

    def test_scores_can_be_used_in_rules(self):
        self.happen(self.director, "page_viewed", 1)
        self.Model.compute_scores()
        found = self.env["res.partner"].with_user(self.user).search([("engagement_score", ">=", 70)])
        self.assertEqual(found, self.director)
        template = self.template.copy({"name": "Engaged people"})
        template.line_ids[0].domain = "[('engagement_score', '>=', 70)]"
        self.assertEqual(template.with_user(self.user).line_ids[0].match_count, 1)
