# Score models, and who may touch models and scores.
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_engagement import EngagementScoreCase


@tagged("post_install", "-at_install")
class TestEngagementScoreModel(EngagementScoreCase):
    def test_the_default_model(self):
        weights = {line.type_id.code: line.weight for line in self.active.line_ids if line.weight}
        self.assertEqual((self.active.name, self.active.state), ("Activity weighting model 1", "active"))
        self.assertEqual((self.active.window_days, self.active.daily_cap), (30, 20))
        expected = {
            "event_attended": 60,
            "event_registered": 60,
            "interesting_moment": 60,
            "email_clicked": 30,
            "email_opened": 30,
            "form_filled": 40,
            "link_clicked": 40,
            "page_viewed": 40,
        }
        self.assertLessEqual(expected.items(), weights.items())

    def test_activating_a_draft_archives_the_active_model(self):
        draft = self.active.with_user(self.manager).copy()
        self.assertEqual((draft.state, draft.name), ("draft", "Activity weighting model 1 (copy)"))
        self.assertEqual(len(draft.line_ids), len(self.active.line_ids))
        draft.line_ids.filtered(lambda line: line.type_id.code == "email_opened").weight = 60
        draft.window_days = 10
        draft.action_activate()
        self.assertEqual((draft.state, self.active.state), ("active", "archived"))
        self.happen(self.director, "email_opened", 4)
        self.happen(self.analyst, "event_attended", 1)
        self.happen(self.clerk, "event_attended", 9, self.now - timedelta(days=11))
        self.Model.with_user(self.manager).compute_scores()
        self.assertScores((self.director, 100), (self.analyst, 50), (self.clerk, 0))
        for frozen in (draft, self.active.with_user(self.manager)):
            with self.assertRefused("Only a draft"):
                frozen.action_activate()

    def test_only_drafts_can_be_changed(self):
        for score_model in (self.active, self.active.copy()):
            frozen = score_model.with_user(self.manager)
            if score_model != self.active:
                score_model.write({"state": "archived"})
            with self.assertRefused("Only drafts"):
                frozen.name = "Other"
            with self.assertRefused("Only drafts"):
                frozen.line_ids[0].weight = 1
            with self.assertRefused("Only drafts"):
                frozen.line_ids[0].unlink()
            with self.assertRefused("Only drafts"):
                frozen.line_ids = [Command.create({"type_id": self.Type._get_by_code("group_assigned").id})]

    def test_the_state_cannot_be_smuggled(self):
        Model = self.Model.with_user(self.manager)
        smuggled = Model.with_context(default_state="active").create({"name": "Smuggled", "state": "archived"})
        self.assertEqual(smuggled.state, "draft")
        with self.assertRefused("follow from"):
            smuggled.state = "active"
        with self.assertRefused("follow from"):
            smuggled.last_max_points = 1
        with self.assertRefused("ignores everything"):
            smuggled.action_activate()

    def test_exactly_one_is_active(self):
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.Model.create({"name": "Second", "state": "active"})

    def test_drafts_and_archived_models_can_be_deleted_the_active_one_not(self):
        with self.assertRefused("active score model"):
            self.active.with_user(self.manager).unlink()
        draft = self.active.with_user(self.manager).copy()
        draft.action_activate()
        self.active.with_user(self.manager).unlink()
        self.assertTrue(draft.exists())

    def test_a_band_sets_the_weight(self):
        line = self.active.copy().line_ids[0].with_user(self.manager)
        line.band = "90"
        self.assertEqual(line.weight, 90)
        line.weight = 77
        self.assertFalse(line.band)

    # Permissions --------------------------------------------------------------------------------------------------

    def test_only_managers_change_models_and_compute(self):
        for user in (self.sales, self.user):
            Model = self.Model.with_user(user)
            self.assertTrue(Model.browse(self.active.id).line_ids.mapped("weight"))
            for refused in (
                lambda Model=Model: Model.create({"name": "Mine"}),
                lambda Model=Model: Model.browse(self.active.id).copy(),
                lambda Model=Model: Model.compute_scores(),
                lambda Model=Model: Model.browse(self.active.id).action_compute(),
                lambda Model=Model: Model.env["engagement.collector"].collect(),
            ):
                with self.assertRaises(AccessError):
                    refused()
        self.assertIn("people", self.active.with_user(self.manager).compute_scores())

    def test_nobody_sets_scores_by_hand(self):
        self.group.assign_member(self.director, self.decision_maker)
        for user in (self.user, self.manager, self.system):
            for record, values in (
                (self.director, {"engagement_score": 100}),
                (self.group, {"engagement": 100}),
                (self.row_of(self.group, self.director), {"engagement": 100}),
            ):
                with self.subTest(user=user.login, record=record), self.assertRefused("by hand|not allowed"):
                    record.with_user(user).write(values)
        with self.assertRefused("by hand"):
            self.env["buying.group"].with_user(self.manager).create(
                {"solution_id": self.solution.id, "partner_id": self.child_account.id, "engagement": 5}
            )

    def test_scores_are_for_sales(self):
        with self.assertRaises(AccessError):
            self.director.with_user(self.internal).read(["engagement_score"])
        self.assertEqual(self.director.with_user(self.sales).engagement_score, 0)

    def test_history_follows_the_rights_on_accounts(self):
        History = self.env["engagement.score"]
        row = History.create({"date": self.now.date(), "partner_id": self.director.id, "score": 1})
        self.account.user_id = self.sales
        self.env.flush_all()

        def found(user):
            return bool(History.with_user(user).search([("id", "=", row.id)]))

        self.assertEqual((found(self.sales), found(self.own_sales), found(self.user)), (True, False, True))
        self.director.company_id = self.other_company
        self.assertEqual((found(self.user), found(self.other_user)), (False, True))
