# Building on the form: the dialogs for a new step, for changing one, and for publishing.
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common_graph import GraphCase


@tagged("post_install", "-at_install")
class TestJourneyBuild(GraphCase):
    def setUp(self):
        super().setUp()
        self.journey, self.nodes = self.make_graph(
            "res.partner",
            [("id", "=", self.brandon.id)],
            {"Start": {"kind": "wait"}, "Split": {"kind": "split"}, "A": {"kind": "wait"}, "B": {}},
            [
                ("Start", "Split", "next"),
                ("Split", "A", "branch", {"domain": "[('ref', '=', 'A')]", "name": "Large"}),
                ("Split", "B", "default"),
            ],
            publish=False,
            user=self.marketer,
        )
        self.journey = self.journey.with_user(self.marketer)
        self.nodes = {name: node.with_user(self.marketer) for name, node in self.nodes.items()}

    def dialog(self, action, **context):
        model = self.env[action["res_model"]].with_user(self.marketer).with_context(action["context"], **context)
        return Form(model, "crm_buying_journey.journey_node_view_form")

    def test_add_after_offers_what_fits_there(self):
        with self.dialog(self.nodes["Start"].action_add_after()) as form:
            self.assertEqual(form.place, "next")
            self.assertEqual(form.allowed_places, ["next", "error"])
            self.assertNotIn("end", form.allowed_kinds, "something follows")
            form.kind, form.name = "wait", "Then"
        made = form.record
        self.assertEqual((made.in_edge_ids.source_id, made.next_id), (self.nodes["Start"], self.nodes["Split"]))

    def test_add_on_a_new_and_on_an_existing_path(self):
        with self.dialog(self.nodes["Split"].action_add_after()) as form:
            self.assertEqual(form.place, "branch")
            self.assertIn("end", form.allowed_kinds)
            form.kind, form.name = "end", "C"
        self.assertEqual(form.record.in_edge_ids.outcome, "branch")
        with self.dialog(self.nodes["Split"].action_add_after()) as form:
            form.place = "edge"
            self.assertEqual(form.on_edge_id.name, "Large")
            self.assertNotIn("end", form.allowed_kinds)
            form.kind, form.name = "wait", "On the path"
        self.assertEqual(form.record.next_id, self.nodes["A"])

    def test_steps_without_paths_say_so(self):
        version = self.journey.draft_version_id
        for kind in ("split", "people_split", "variant"):
            node = version.add_step({"name": kind, "kind": kind}, after=self.nodes["A"], outcome="error")
            self.assertEqual(node.summary, "No paths yet")
            node.delete_step()

    def test_add_for_people_offers_mails_and_actions(self):
        version = self.journey.draft_version_id
        split = version.add_step({"name": "People", "kind": "people_split"}, after=self.nodes["A"])
        with self.dialog(split.action_add_after()) as form:
            form.place = "branch"
            self.assertEqual(form.allowed_kinds, ["email", "action"])
            form.kind, form.name = "action", "Note"
        self.assertEqual(form.record.people, "people")

    def test_add_a_step_begins_at_the_last_open_end(self):
        with self.dialog(self.journey.action_add_step()) as form:
            self.assertEqual(form.after_id, self.nodes["A"])
            form.kind, form.name = "end", "Over"
        self.assertEqual(self.nodes["A"].next_id.name, "Over")
        action = self.journey.action_add_step()
        self.assertEqual(action["context"]["default_after_id"], self.nodes["Split"].id, "before the last end")
        with self.dialog(self.journey.action_add_step()) as form:
            form.after_id = self.env["journey.node"]
            form.kind, form.name = "wait", "First"
        self.assertEqual(form.record.next_id, self.nodes["Start"])

    def test_change_dialog_moves_copies_connects_replaces_and_deletes(self):
        def change(node, **values):
            with Form(
                self.env["journey.step.change"].with_user(self.marketer).with_context(default_node_id=node.id)
            ) as form:
                for name, value in values.items():
                    setattr(form, name, value)
            form.record.action_confirm()

        change(self.nodes["A"], operation="copy", after_id=self.nodes["A"])
        copied = self.nodes["A"].next_id
        self.assertEqual(copied.name, "A")
        change(copied, operation="move", after_id=self.nodes["Start"])
        self.assertEqual(copied.next_id, self.nodes["Split"])
        change(self.nodes["A"], operation="connect", target_id=self.nodes["B"])
        self.assertEqual(self.nodes["A"].next_id, self.nodes["B"])
        change(copied, operation="kind", kind="merge")
        self.assertEqual(self.nodes["Start"].next_id.kind, "merge")
        change(self.nodes["Start"].next_id, operation="delete")
        self.assertEqual(self.nodes["Start"].next_id, self.nodes["Split"])
        change(self.nodes["Split"], operation="delete", with_following=True)
        self.assertEqual(self.journey.draft_version_id.node_ids, self.nodes["Start"])

    def test_steps_are_indented_below_each_other(self):
        version = self.journey.draft_version_id
        meet = version.add_step({"name": "Meet", "kind": "merge"}, after=self.nodes["A"])
        self.nodes["B"].change_kind("wait")
        version.node_ids.filtered(lambda node: node.name == "B").connect(meet)
        shown = [(node.name, node.depth, node.path_label, node.goes_on_at) for node in version.node_ids]
        self.assertEqual(
            shown,
            [
                ("Start", 0, False, False),
                ("Split", 0, False, False),
                ("A", 1, "Large", "Meet"),
                ("B", 1, "Otherwise", False),
                ("Meet", 0, False, False),
            ],
        )

    def test_publish_shows_every_error_with_the_way_to_its_step(self):
        self.nodes["Split"].out_edge_ids.filtered(lambda edge: edge.outcome == "branch").domain = "[]"
        self.nodes["Start"].write({"wait_type": "date", "wait_date": False})
        self.journey.exit_domain = "[]"
        self.journey.goal_target = 5
        for user in (self.marketer, self.manager):
            action = self.journey.with_user(user).action_review()
            wizard = self.env["journey.publish"].with_user(user).browse(action["res_id"])
            where = {problem.node_id: problem.message for problem in wizard.problem_ids}
            self.assertIn("date to wait for", where[self.nodes["Start"]])
            self.assertIn("no condition", where[self.nodes["Split"]])
            self.assertIn("goal has a target", where[self.env["journey.node"]])
            opened = wizard.problem_ids.filtered("node_id")[0].action_open()
            self.assertEqual((opened["res_model"], opened["res_id"]), ("journey.node", self.nodes["Start"].id))
        # whoever publishes without the dialog is told the same, all at once
        with self.assertRaises(UserError) as caught:
            self.journey.with_user(self.manager).action_publish()
        for text in ("date to wait for", "no condition", "goal has a target"):
            self.assertIn(text, str(caught.exception))

    def test_review_asks_and_only_managers_publish(self):
        action = self.journey.action_review()
        wizard = self.env["journey.publish"].with_user(self.marketer).browse(action["res_id"])
        self.assertFalse(wizard.problem_ids)
        with self.assertRaises(AccessError):
            wizard.action_confirm()
        action = self.journey.with_user(self.manager).action_review()
        self.env["journey.publish"].with_user(self.manager).browse(action["res_id"]).action_confirm()
        self.assertEqual(self.journey.state, "live")
        with self.assertRaises(UserError):
            self.journey.action_review()

    def test_error_path_of_a_mail_or_action_is_made_on_the_form(self):
        action = self.journey.draft_version_id.add_step({"name": "Do it", "kind": "action"}, after=self.nodes["A"])
        with self.dialog(action.action_add_after()) as form:
            form.place = "error"
            form.kind, form.name = "end", "Trouble"
        self.assertEqual(action.out_edge_ids.mapped("outcome"), ["error"])
        with Form(action) as form, form.out_edge_ids.edit(0) as path:
            self.assertEqual(path.allowed_outcomes, ["next", "error"])
            path.name = "It broke"
        self.assertEqual(form.record.out_edge_ids.name, "It broke")

    def test_paths_added_one_by_one_are_read_from_the_top(self):
        version = self.journey.draft_version_id
        for name in ("First", "Second", "Third"):
            step = version.add_step({"name": name, "kind": "wait"}, after=self.nodes["Split"], outcome="branch")
            step.in_edge_ids.name = name
        order = version.node_ids.mapped("name")
        self.assertEqual(
            [name for name in order if name != "End"], ["Start", "Split", "A", "First", "Second", "Third", "B"]
        )

    def test_the_way_at_the_timeout_names_the_step_that_it_leaves(self):
        version = self.journey.draft_version_id
        listen = version.add_step({"name": "Listen", "kind": "listen"}, after=self.nodes["Start"])
        silent = version.add_step({"name": "Silent", "kind": "wait"}, after=listen, outcome="timeout")
        self.assertEqual(version.node_ids[-1], silent)
        self.assertEqual(silent.path_label, "Listen: Timeout")

    def test_paths_can_be_written_before_their_steps(self):
        version = self.journey.draft_version_id
        split = version.add_step({"name": "Size", "kind": "split"}, after=self.nodes["A"]).with_user(self.marketer)
        with Form(split, "crm_buying_journey.journey_node_view_form") as form:
            for name in ("Large", "Small"):
                with form.out_edge_ids.new() as path:
                    path.name, path.domain = name, "[('id', '>', 0)]"
        self.assertEqual(split.out_edge_ids.mapped("name"), ["Large", "Small"])
        self.assertEqual(split.out_edge_ids.target_id.mapped("kind"), ["end", "end"])
        self.assertEqual(len(split.out_edge_ids.target_id), 2)
        self.assertFalse(version._get_graph_errors())
        # they are read below the split, in the order of its paths, also after a change of that order
        ends = split.out_edge_ids.target_id
        rows = list(version.node_ids)
        self.assertEqual(rows[rows.index(split) + 1 :][:2], list(ends))
        split.write({"out_edge_ids": [Command.update(split.out_edge_ids[0].id, {"sequence": 99})]})
        rows = list(version.node_ids)
        self.assertEqual(rows[rows.index(split) + 1 :][:2], list(reversed(ends)))
        step = version.add_step({"name": "On it", "kind": "wait"}, edge=split.out_edge_ids[0])
        self.assertEqual(step.next_id.kind, "end")
