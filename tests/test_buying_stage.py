# The stage of a group: which moves are allowed, to whom, whose word counts, and what is noted of it.
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_stage import BuyingStageCase


@tagged("post_install", "-at_install")
class TestBuyingStage(BuyingStageCase):
    def log_of(self, group=None):
        """What the chatter says, newest first, and the stages it names."""
        messages = (group or self.group).message_ids.sorted("id", reverse=True)
        return [(str(message.body), message.tracking_value_ids.mapped("new_value_char")) for message in messages]

    def activities(self):
        return self.env["engagement.activity"].search(
            [("group_id", "=", self.group.id), ("code", "=", "stage_changed")], order="id"
        )

    # Which moves are allowed

    def test_a_group_without_a_stage_begins_at_an_entry_stage(self):
        with self.assertRefused("cannot begin at Consideration. Allowed: Awareness, Interest"):
            self.mine.set_stage(self.consideration)
        self.assertStage(False)
        self.assertIs(self.mine.set_stage(self.interest), True)
        self.assertStage(self.interest, "manual")

    def test_a_group_moves_along_the_transitions(self):
        for stage in (self.awareness, self.consideration, self.rejection, self.interest):
            self.assertTrue(self.mine.set_stage(stage.id))
            self.assertStage(stage)
        with self.assertRefused("Warehouse robots for Azure.*Interest may not be followed by Purchase. Allowed: Aware"):
            self.mine.set_stage(self.success)
        self.assertStage(self.interest)

    def test_nothing_follows_success(self):
        for stage in (self.awareness, self.consideration, self.success):
            self.mine.set_stage(stage)
        with self.assertRefused("Purchase is final"):
            self.mine.set_stage(self.interest)

    def test_the_same_stage_is_no_move_and_no_error(self):
        self.mine.set_stage(self.awareness)
        entered, messages = self.group.stage_date, self.group.message_ids
        for source in ("manual", "journey", "system"):
            self.assertIs(self.mine.set_stage(self.awareness, source), False)
        self.mine.write({"stage_id": self.awareness.id})
        self.assertEqual((self.group.stage_date, self.group.message_ids), (entered, messages))
        self.assertStage(self.awareness, "manual")

    def test_only_people_take_the_stage_away(self):
        self.mine.set_stage(self.consideration.browse() | self.awareness)
        self.assertIs(self.mine.set_stage(False, "journey"), False)
        self.assertStage(self.awareness)
        self.assertIs(self.mine.set_stage(False), True)
        self.assertStage(False, "manual")

    def test_stages_of_another_model_are_refused(self):
        other = self.make_stages("Other test")
        other.action_publish()
        with self.assertRefused("Awareness is not a stage of Robots test"):
            self.mine.set_stage(other.stage_ids[0])
        self.solution.stage_model_id = False
        with self.assertRefused("has no stage model"):
            self.mine.set_stage(self.awareness)

    def test_nonsense_is_refused_in_words(self):
        gone = self.make_stages("Gone test")
        stage_id = gone.stage_ids[0].id
        gone.unlink()
        for stage in (stage_id, (self.awareness + self.interest).ids):
            with self.subTest(stage=stage), self.assertRefused("Choose one stage"):
                self.mine.set_stage(stage)
        with self.assertRefused("no known source"):
            self.mine.set_stage(self.awareness, "magic")

    def test_one_forbidden_move_by_hand_moves_nobody(self):
        other = self.group.create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        self.mine.set_stage(self.awareness)
        both = (self.group + other).with_user(self.user)
        with self.assertRefused("Test Lab: A group without a stage cannot begin at Consideration"):
            both.set_stage(self.consideration)
        self.assertStage(self.awareness)

    # Every way in leads through the same door

    def test_direct_writes_follow_the_rules(self):
        with self.assertRefused("cannot begin at Consideration"):
            self.mine.write({"stage_id": self.consideration.id})
        self.mine.web_save({"stage_id": self.awareness.id, "status": "New"}, {"stage_id": {}})
        self.assertStage(self.awareness, "manual")
        with self.assertRefused("may not be followed by Purchase"):
            self.mine.web_save({"stage_id": self.success.id}, {"stage_id": {}})
        self.assertEqual((self.group.status, self.group.stage_id), ("New", self.awareness))

    def test_the_system_itself_follows_the_rules(self):
        with self.assertRefused("cannot begin at Consideration"):
            self.group.sudo().write({"stage_id": self.consideration.id})

    def test_new_groups_follow_the_rules(self):
        Group = self.group.with_user(self.user)
        values = {"solution_id": self.solution.id, "partner_id": self.child_account.id}
        with self.assertRefused("cannot begin at Purchase"):
            Group.create(values | {"stage_id": self.success.id})
        with self.assertRefused("cannot begin at Purchase"):
            Group.with_context(default_stage_id=self.success.id).create(values)
        group = Group.with_context(
            default_stage_id=self.interest.id, default_stage_source="system", default_stage_left_manual_id=1
        ).create(values | {"stage_date": "2001-01-01"})
        self.assertStage(self.interest, "manual", group)
        self.assertGreater(group.stage_date.year, 2001)
        self.assertFalse(group.stage_left_manual_id)

    def test_imports_follow_the_rules(self):
        Group = self.group.with_user(self.user)
        row = [[str(self.solution.id), str(self.child_account.id), str(self.success.id)]]
        fields = ["solution_id/.id", "partner_id/.id", "stage_id/.id"]
        result = Group.load(fields, row)
        self.assertIn("cannot begin at Purchase", str(result["messages"]))
        row[0][2] = str(self.awareness.id)
        group = Group.browse(Group.load(fields, row)["ids"])
        self.assertStage(self.awareness, "manual", group)

    def test_what_a_move_notes_is_nobodys_to_write(self):
        for values in (
            {"stage_date": "2001-01-01"},
            {"stage_source": "system", "stage_id": self.success.id},
            {"stage_left_manual_id": False},
            {"stage_left_journey_id": self.success.id},
        ):
            with self.subTest(values=values), self.assertRefused("noted when it moves"):
                self.group.with_user(self.manager).write(values)

    def test_a_copy_has_no_stage(self):
        self.mine.set_stage(self.awareness)
        self.assertFalse(self.mine.copy({"partner_id": self.child_account.id}).stage_id)

    # Who may

    def test_sales_sees_stages_and_changes_none(self):
        sales = self.group.with_user(self.sales)
        for move in (
            lambda: sales.set_stage(self.awareness),
            lambda: sales.set_stage(self.awareness.id, "journey"),
            lambda: sales.write({"stage_id": self.awareness.id}),
        ):
            with self.assertRefused("Sales may see the stage", AccessError):
                move()
        sales.write({"status": "Called"})
        self.mine.set_stage(self.awareness)
        self.assertEqual(sales.stage_id.with_user(self.sales).name, "Awareness")

    def test_groups_and_stages_of_another_company_are_out_of_reach(self):
        with self.assertRaises(AccessError):
            self.account.company_id = self.other_company
            self.mine.set_stage(self.awareness)
        self.assertTrue(
            self.group.with_user(self.user_of_both)
            .with_context(allowed_company_ids=(self.company + self.other_company).ids)
            .set_stage(self.awareness)
        )

    # Journeys and nightly rules

    def test_a_forbidden_move_of_a_journey_is_noted_and_not_made(self):
        for source in ("journey", "system"):
            self.assertIs(self.mine.set_stage(self.success, source), False)
            self.assertStage(False)
            self.assertIn("not set to Purchase. A group without a stage cannot begin", self.log_of()[0][0])

    def test_the_other_groups_of_a_journey_move(self):
        other = self.group.create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        self.mine.set_stage(self.awareness)
        self.assertIs((self.group + other).with_user(self.user).set_stage(self.consideration, "journey"), False)
        self.assertStage(self.consideration, "journey")
        self.assertStage(False, group=other)

    def test_journeys_and_rules_do_not_undo_what_a_person_decided(self):
        self.mine.set_stage(self.awareness)
        self.mine.set_stage(self.interest)
        for source in ("journey", "system"):
            self.assertFalse(self.mine.set_stage(self.awareness, source))
            self.assertIn("Somebody moved the group out of Awareness by hand", self.log_of()[0][0])
        self.assertStage(self.interest, "manual")

    def test_a_rule_does_not_undo_what_a_journey_decided(self):
        self.mine.set_stage(self.awareness, "system")
        self.mine.set_stage(self.interest, "journey")
        self.assertFalse(self.mine.set_stage(self.awareness, "system"))
        self.assertIn("A journey moved the group out of Awareness", self.log_of()[0][0])

    def test_onwards_anybody_may_move(self):
        self.mine.set_stage(self.awareness)
        self.mine.set_stage(self.interest)
        self.assertTrue(self.mine.set_stage(self.consideration, "system"))
        self.assertTrue(self.mine.set_stage(self.rejection, "journey"))
        self.assertStage(self.rejection, "journey")

    def test_a_decision_is_remembered_beyond_the_next_move(self):
        self.mine.set_stage(self.interest)
        self.mine.set_stage(self.consideration)
        self.mine.set_stage(self.rejection, "system")
        self.assertFalse(self.mine.set_stage(self.interest, "system"))
        self.assertTrue(self.mine.set_stage(self.interest))

    def test_the_same_rank_and_a_higher_one_may_undo(self):
        self.mine.set_stage(self.awareness, "journey")
        self.mine.set_stage(self.interest, "journey")
        self.assertTrue(self.mine.set_stage(self.awareness, "journey"))
        self.assertTrue(self.mine.set_stage(self.interest))
        self.assertTrue(self.mine.set_stage(self.awareness))

    def test_a_newer_decision_of_a_person_ends_what_a_journey_decided(self):
        self.mine.set_stage(self.awareness, "journey")
        self.mine.set_stage(self.interest, "journey")
        self.mine.set_stage(self.awareness)
        self.assertFalse(self.group.stage_left_journey_id)
        self.assertEqual(self.group.stage_left_manual_id, self.interest)

    # What is noted

    def test_a_move_is_noted_in_the_chatter_with_its_author(self):
        self.mine.set_stage(self.awareness)
        self.mine.set_stage(self.interest, "journey")
        self.assertEqual([new for _body, new in self.log_of()][:2], [["Interest"], ["Awareness"]])
        self.assertIn("Moved by a journey", self.log_of()[0][0])
        value = self.group.message_ids.sorted("id")[-1].tracking_value_ids
        self.assertEqual((value.old_value_char, value.field_id.name), ("Awareness", "stage_id"))
        self.assertEqual(value.mail_message_id.author_id, self.user.partner_id)

    def test_a_move_is_logged_as_an_activity(self):
        self.mine.set_stage(self.awareness)
        self.mine.set_stage(self.interest, "journey")
        self.mine.set_stage(False)
        activities = self.activities()
        self.assertEqual(activities.mapped("old_value"), [False, "Awareness", "Interest"])
        self.assertEqual(activities.mapped("new_value"), ["Awareness", "Interest", False])
        self.assertEqual(activities.account_id, self.account)

    def test_days_in_stage_are_counted_and_found(self):
        self.mine.set_stage(self.awareness)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE buying_group SET stage_date = now() AT TIME ZONE 'UTC' - interval '10.5 days' WHERE id = %s",
            [self.group.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self.group.days_in_stage, 10)
        other = self.group.create({"solution_id": self.solution.id, "partner_id": self.child_account.id})
        mine = [("id", "in", (self.group + other).ids)]
        for operator, value, expected in (
            (">=", 10, self.group),
            (">=", 11, other.browse()),
            (">", 9, self.group),
            (">", 10, other.browse()),
            ("<", 10, other),
            ("<=", 10, self.group + other),
            ("=", 10, self.group),
            ("!=", 10, other),
            ("=", 0, other),
            ("in", [0, 10], self.group + other),
        ):
            with self.subTest(operator=operator, value=value):
                self.assertEqual(self.group.search([*mine, ("days_in_stage", operator, value)]).sorted("id"), expected)

    # Solutions that change their stages

    def test_another_stage_model_keeps_stages_by_name(self):
        hidden = self.group.create(
            {"solution_id": self.solution.id, "partner_id": self.child_account.id, "active": False}
        )
        self.mine.set_stage(self.awareness)
        hidden.set_stage(self.interest)
        other = self.make_stages("Other test")
        other.stage_ids[0].name = "AWARENESS"
        other.stage_ids[1].name = "Asks"
        other.action_publish()
        entered = self.group.stage_date
        self.solution.with_user(self.user).stage_model_id = other
        self.assertEqual((self.group.stage_id, self.group.stage_date), (other.stage_ids[0], entered))
        self.assertFalse(hidden.stage_id)
        self.assertIn("stays Awareness", self.log_of()[0][0])
        self.assertIn("Interest is none of them", self.log_of(hidden)[0][0])
        self.solution.with_user(self.user).stage_model_id = False
        self.assertFalse(self.group.stage_id)
        self.assertIn("uses no stages any more", self.log_of()[0][0])
        self.assertEqual(self.activities()[-1].new_value, False)

    # The kanban view

    def test_the_kanban_shows_the_empty_stages_of_the_models_in_sight(self):
        other = self.make_stages("Other test")
        other.action_publish()
        Group = self.group.with_user(self.user)
        mine = [("id", "=", self.group.id)]
        columns = Group.with_context(read_group_expand=True).web_read_group(mine, ["stage_id"], ["__count"])
        names = [group["stage_id"] and group["stage_id"][0] for group in columns["groups"]]
        self.assertEqual(names, [*self.model.stage_ids.ids, False])

    def test_the_kanban_shows_groups_without_a_stage_unfolded(self):
        columns = self.mine.web_read_group(
            [("id", "=", self.group.id)],
            ["stage_id"],
            ["__count"],
            auto_unfold=True,
            unfold_read_specification={"partner_id": {}},
        )
        (blank,) = [column for column in columns["groups"] if not column["stage_id"]]
        self.assertEqual(blank["__records"], [{"id": self.group.id, "partner_id": self.account.id}])

    # Many

    def test_two_thousand_groups_move_with_few_statements(self):
        accounts = self.env["res.partner"].create(
            [{"name": f"Account {number}", "is_company": True} for number in range(2000)]
        )
        groups = self.group.create(
            [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
        ).with_user(self.user)
        few = groups[:20]

        def count(records, stage, source):
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            records.set_stage(stage, source)
            self.env.flush_all()
            return self.env.cr.sql_log_count - start

        count(few, self.awareness, "manual")  # fills caches
        small = count(few, self.interest, "manual")
        count(groups - few, self.awareness, "manual")
        count(few, self.awareness, "manual")
        large = count(groups, self.interest, "manual")
        self.assertEqual(groups.stage_id, self.interest)
        # the host inserts messages and activities by the hundred
        self.assertLess(large, small + 3 * 2000 / 100 + 40)
        refused = count(groups, self.awareness, "journey")
        self.assertEqual(groups.stage_id, self.interest)
        self.assertLess(refused, 60)
