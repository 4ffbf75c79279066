# What programs and scores rely on cannot be broken by hand, by defaults, or by numbers out of bounds.
from odoo import Command, fields
from odoo.tests import tagged

from odoo.addons.crm_buying_journey.hooks import uninstall_hook

from .common_engagement import EngagementScoreCase

ALWAYS_LOGGED = (
    "group_assigned",
    "group_removed",
    "stage_changed",
    "status_changed",
    "completeness_changed",
    "engagement_changed",
    "email_opened",
)


@tagged("post_install", "-at_install")
class TestEngagementGuards(EngagementScoreCase):
    def make_staged(self):
        model = self.env["buying.stage.model"].create(
            {
                "name": "Guards test",
                "stage_ids": [
                    Command.create({"name": "Interest", "is_entry": True}),
                    Command.create({"name": "Purchase", "destination": "success"}),
                    Command.create({"name": "Rejection", "destination": "failure"}),
                ],
            }
        )
        model.stage_ids[0].allowed_stage_ids = model.stage_ids[1:]
        model.action_publish()
        self.solution.stage_model_id = model
        return model.stage_ids[0]

    # Types --------------------------------------------------------------------------------------------------------

    def test_what_happens_is_recorded_although_its_type_is_archived(self):
        stage = self.make_staged()
        self.env.cr.precommit.run()
        kinds = self.Type.search([("code", "in", ALWAYS_LOGGED)])
        kinds.with_user(self.manager).active = False
        group = self.group.with_user(self.user)
        group.assign_member(self.director, self.decision_maker)
        group.assign_member(self.analyst, self.influencer)
        group.remove_member(self.analyst)
        group.set_stage(stage)
        group.status = "Hot"
        self.env.cr.precommit.run()
        self.Type.with_user(self.user).log("email_opened", self.director, date=self.yesterday)
        self.Model.with_user(self.manager).compute_scores()
        recorded = self.env["engagement.activity"].search([("type_id", "in", kinds.ids)])
        self.assertEqual(set(recorded.mapped("code")), set(ALWAYS_LOGGED))
        self.assertScores((self.director, 100), (self.group, 100))

    def test_an_archived_type_is_not_offered(self):
        self.Type._get_by_code("email_opened").active = False
        self.assertNotIn("Email opened", [name for _id, name in self.Type.with_user(self.user).name_search("Email")])

    def test_the_figures_of_stages_do_not_need_an_active_type(self):
        self.group.with_user(self.user).set_stage(self.make_staged())
        self.Type._get_by_code("stage_changed").active = False
        data = self.env["buying.dashboard"].with_user(self.user).get_data({"solution_ids": self.solution.ids})
        self.assertEqual([group["stages"] for group in data["highlights"]["fast"]], [1])

    def test_types_that_programs_use_keep_their_code_and_stay(self):
        for code in ALWAYS_LOGGED:
            kind = self.Type._get_by_code(code).with_user(self.manager)
            with self.subTest(code=code):
                with self.assertRefused("code of .* cannot be changed"):
                    kind.code = f"{code}_2"
                with self.assertRefused("cannot be deleted.*Archive it"):
                    kind.unlink()
                kind.write({"code": code, "name": f"{kind.name}!"})

    def test_own_types_can_be_changed_until_something_refers_to_them(self):
        Type = self.Type.with_user(self.manager)
        unused, used, weighed = Type.create(
            [{"name": name, "code": name} for name in ("fair_visited", "call_taken", "trial_begun")]
        )
        # an export gives a name, which is no reason
        self.env["ir.model.data"].create(
            {"module": "__export__", "name": "fair", "model": unused._name, "res_id": unused.id}
        )
        unused.code = "fair_seen"
        unused.unlink()
        Type.log("call_taken", self.director)
        self.active.copy().line_ids = [Command.create({"type_id": weighed.id})]
        for kind in (used, weighed):
            with self.assertRefused("cannot be changed"):
                kind.code = "other"
            with self.assertRefused("cannot be deleted"):
                kind.unlink()

    # Defaults -----------------------------------------------------------------------------------------------------

    def test_nobody_smuggles_a_score_in_by_defaults(self):
        smuggled = {
            "default_engagement": 100,
            "default_engagement_band": "100",
            "default_engagement_score": 100,
            "default_last_max_points": 10**6,
            "default_last_max_group": 10**6,
            "default_last_run": "2020-01-01 00:00:00",
        }
        self.manager.group_ids += self.env.ref("base.group_partner_manager")
        env = self.env(user=self.manager, context=dict(self.env.context, **smuggled))
        group = env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        person = env["res.partner"].create({"name": "Oscar Morgan", "parent_id": self.child_account.id})
        member = env["buying.group.member"].create(
            {"group_id": group.id, "partner_id": person.id, "role_id": self.champion.id}
        )
        model = env["engagement.score.model"].create({"name": "Smuggled"})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((group.engagement, group.engagement_band), (0, "025"))
        self.assertEqual((person.engagement_score, member.engagement), (0, 0))
        self.assertEqual((model.last_max_points, model.last_max_group, model.last_run), (0, 0, False))
        self.env.cr.execute("SELECT engagement_score FROM res_partner WHERE id = %s", [person.id])
        self.assertEqual(self.env.cr.fetchone(), (0,))  # no NULL, which would sort first

    def test_nobody_smuggles_a_score_in_by_own_defaults(self):
        self.env["ir.default"].with_user(self.internal).set("res.partner", "engagement_score", 100.0, user_id=True)
        self.internal.group_ids += self.env.ref("base.group_partner_manager")
        person = self.env["res.partner"].with_user(self.internal).create({"name": "Oscar Morgan"})
        self.assertEqual(person.sudo().engagement_score, 0)

    def test_nobody_writes_a_band_or_a_members_score(self):
        for name, value in (("engagement", 5), ("engagement_band", "100")):
            with self.assertRefused("by hand"):
                self.group.with_user(self.manager).write({name: value})
        with self.assertRefused("by hand"):
            self.env["buying.group.member"].with_user(self.manager).create(
                {
                    "group_id": self.group.id,
                    "partner_id": self.clerk.id,
                    "role_id": self.champion.id,
                    "engagement": 100,
                }
            )

    # Numbers ------------------------------------------------------------------------------------------------------

    def test_numbers_out_of_bounds_are_refused_in_words(self):
        draft = self.active.with_user(self.manager).copy()
        line = draft.line_ids[0]
        for value in (-1, 1001, 2**31, 10**30, float("nan"), float("inf"), 1.5, "many", [1]):
            with self.subTest(value=value):
                with self.assertRefused("weight must be a whole number from 0 to 1000"):
                    line.write({"weight": value})
                with self.assertRefused("weight must be a whole number"):
                    draft.write({"line_ids": [Command.create({"type_id": line.type_id.id, "weight": value})]})
        for value in (0, False, 366, 2**31, float("nan"), "many"):
            with self.subTest(value=value), self.assertRefused("days looked back must be .* from 1 to 365"):
                draft.write({"window_days": value})
        for value in (0, 10001, 2**31, float("nan")):
            with self.subTest(value=value), self.assertRefused("daily cap must be .* from 1 to 10000"):
                self.Model.with_user(self.manager).create({"name": "Huge", "daily_cap": value})
        line.weight = 1000
        draft.write({"window_days": 365, "daily_cap": 10000})

    def test_the_last_activity_is_none_that_is_still_to_come(self):
        self.group.assign_member(self.director, self.decision_maker)
        self.happen(self.director, "email_opened", date=self.yesterday)
        self.happen(self.director, "email_clicked", date=fields.Datetime.add(self.now, days=300))
        self.assertEqual(self.row_of(self.group, self.director).last_activity_date, self.yesterday)

    # Uninstalling -------------------------------------------------------------------------------------------------

    def test_copied_score_models_do_not_hold_up_the_uninstallation(self):
        """The host deletes the types that came with the addon, which a copy without an external id would refuse."""
        self.active.copy()
        kinds = self.Type.with_context(active_test=False).search([])
        uninstall_hook(self.env)
        self.env.flush_all()
        kinds.with_context(_force_unlink=True).unlink()
        self.assertFalse(kinds.exists())
