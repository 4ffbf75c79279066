# Editing graphs by public methods: each edit leaves a graph in order, or is refused and changes nothing.
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_graph import GraphCase


@tagged("post_install", "-at_install")
class TestJourneyEdit(GraphCase):
    def setUp(self):
        super().setUp()
        self.journey, self.nodes = self.make_graph(
            "res.partner",
            [("id", "=", self.brandon.id)],
            {
                "Start": {"kind": "wait"},
                "Split": {"kind": "split"},
                "A": {"kind": "wait"},
                "B": {"kind": "wait"},
                "Meet": {"kind": "merge"},
                "Last": {"kind": "wait"},
            },
            [
                ("Start", "Split", "next"),
                ("Split", "A", "branch", {"domain": "[('ref', '=', 'A')]", "name": "Large"}),
                ("Split", "B", "default"),
                ("A", "Meet", "next"),
                ("B", "Meet", "next"),
                ("Meet", "Last", "next"),
            ],
            publish=False,
            user=self.marketer,
        )
        self.version = self.journey.draft_version_id.with_user(self.marketer)
        self.nodes = {name: node.with_user(self.marketer) for name, node in self.nodes.items()}

    def edges(self):
        self.env.invalidate_all()
        return sorted((edge.source_id.name, edge.outcome, edge.target_id.name) for edge in self.version.edge_ids.sudo())

    def assertRefused(self, pattern, call, *args, error=UserError, **kwargs):
        before = self.edges(), self.version.node_ids.mapped("name")
        with self.assertRaisesRegex(error, pattern), self.env.cr.savepoint():
            call(*args, **kwargs)
        self.assertEqual((self.edges(), self.version.node_ids.mapped("name")), before)

    def assertInOrder(self):
        self.env.invalidate_all()
        self.assertFalse(self.version._get_shape_errors())
        self.assertFalse(self.journey._get_publish_errors())

    def test_add_between_two_steps_by_ids_as_the_web_client_does(self):
        made = self.version.add_step({"name": "New", "kind": "wait"}, after=self.nodes["Start"].id)
        self.assertEqual(made.in_edge_ids.source_id, self.nodes["Start"])
        self.assertEqual(made.next_id, self.nodes["Split"])
        self.assertInOrder()

    def test_add_on_an_edge_first_and_last(self):
        edge = self.nodes["Split"].out_edge_ids.filtered(lambda edge: edge.outcome == "branch")
        made = self.version.add_step({"name": "On the path", "kind": "wait"}, edge=edge.id)
        self.assertEqual((edge.target_id, made.next_id), (made, self.nodes["A"]))
        first = self.version.add_step({"name": "First", "kind": "wait"})
        self.assertEqual(first.next_id, self.nodes["Start"])
        last = self.version.add_step({"name": "Over", "kind": "end"}, after=self.nodes["Last"])
        self.assertEqual(self.nodes["Last"].next_id, last)
        self.assertInOrder()
        self.assertEqual(
            self.version.node_ids.mapped("name"),
            ["First", "Start", "Split", "On the path", "A", "B", "Meet", "Last", "Over"],
            "the list follows the paths",
        )

    def test_add_a_path_an_error_path_and_a_step_for_the_rest(self):
        self.version.add_step({"name": "C", "kind": "wait"}, after=self.nodes["Split"], outcome="branch")
        self.version.add_step({"name": "Trouble", "kind": "end"}, after=self.nodes["A"], outcome="error")
        rest = self.version.add_step({"name": "Rest", "kind": "wait"}, after=self.nodes["Split"])
        self.assertEqual(rest.in_edge_ids.outcome, "default")
        self.assertEqual(rest.next_id, self.nodes["B"])
        self.assertIn(("A", "error", "Trouble"), self.edges())
        self.assertIn(("Split", "branch", "C"), self.edges())
        self.assertFalse(self.version._get_shape_errors())

    def test_what_cannot_be_added(self):
        self.assertRefused(
            "Nothing can follow", self.version.add_step, {"name": "X", "kind": "end"}, after=self.nodes["A"]
        )
        self.assertRefused(
            "Nothing can follow", self.version.add_step, {"name": "X", "kind": "wait"}, self.nodes["A"], "timeout"
        )
        self.assertRefused("does not exist", self.version.add_step, {"name": "X", "kind": "wait"}, after=2**30)
        self.assertRefused("by their ids", self.version.add_step, {"name": "X", "kind": "wait"}, after="1")
        other = self.make_journey("res.partner", [], [{"kind": "wait"}], publish=False)
        self.assertRefused(
            "another version", self.version.add_step, {"name": "X", "kind": "wait"}, after=other.node_ids
        )
        # values do not smuggle a step into another version
        made = self.version.add_step(
            {"name": "X", "kind": "wait", "version_id": other.draft_version_id.id}, after=self.nodes["A"]
        )
        self.assertEqual(made.version_id, self.version)

    def test_connect(self):
        edge = self.nodes["A"].connect(self.nodes["Last"].id)
        self.assertEqual((edge.source_id, edge.target_id), (self.nodes["A"], self.nodes["Last"]))
        self.assertEqual(len(self.nodes["A"].out_edge_ids), 1, "the one way out leads elsewhere now")
        path = self.nodes["Split"].connect(
            self.nodes["Meet"], "branch", values={"name": "Small", "domain": "[('ref', '=', 'C')]"}
        )
        self.assertEqual((path.name, path.target_id), ("Small", self.nodes["Meet"]))
        self.nodes["Split"].connect(self.nodes["Last"], edge=path.id)
        self.assertEqual(path.target_id, self.nodes["Last"])
        self.assertInOrder()
        self.assertRefused("nothing before them", self.nodes["B"].connect, self.nodes["Last"])

    def test_what_cannot_be_connected(self):
        self.assertRefused("cannot lead to itself", self.nodes["A"].connect, self.nodes["A"])
        self.assertRefused("nothing before them", self.nodes["Meet"].connect, self.nodes["A"])
        self.assertRefused("Choose the step", self.nodes["A"].connect, None)
        foreign = self.nodes["B"].out_edge_ids
        self.assertRefused("another version or behind", self.nodes["A"].connect, self.nodes["Last"], edge=foreign)

    def test_circles_need_a_wait(self):
        self.nodes["Last"].connect(self.nodes["Split"])  # Last is a wait
        self.assertFalse(self.version._get_shape_errors())
        split = self.version.add_step({"name": "Again?", "kind": "split"}, after=self.nodes["Meet"])
        self.nodes["A"].delete_step()
        self.assertRefused("circle", split.connect, self.nodes["Split"], "branch")

    def test_move_a_step(self):
        self.nodes["A"].move_step(after=self.nodes["Meet"].id)
        self.assertIn(("Split", "branch", "Meet"), self.edges())
        self.assertIn(("Meet", "next", "A"), self.edges())
        self.assertIn(("A", "next", "Last"), self.edges())
        self.assertInOrder()
        self.nodes["Last"].move_step()
        self.assertEqual(self.version._get_start_node(), self.nodes["Last"])
        self.assertFalse(self.nodes["A"].out_edge_ids)
        self.assertInOrder()

    def test_a_split_moves_with_its_paths(self):
        self.nodes["Split"].move_step(after=self.nodes["Last"])
        self.assertEqual(
            [edge for edge in self.edges() if "Split" in edge],
            [("Last", "next", "Split"), ("Split", "branch", "A"), ("Split", "default", "B")],
        )
        self.assertIn(("Start", "next", "Meet"), self.edges())
        self.assertFalse(self.nodes["A"].out_edge_ids + self.nodes["B"].out_edge_ids)
        self.assertInOrder()
        self.nodes["Split"].move_step(after=self.nodes["Start"])
        self.assertIn(("Start", "next", "Split"), self.edges())
        self.assertIn(("A", "next", "Meet"), self.edges())
        self.assertIn(("B", "next", "Meet"), self.edges())
        self.assertInOrder()

    def test_a_path_without_steps_keeps_its_condition_when_the_split_moves_to_the_end(self):
        self.nodes["A"].delete_step()
        self.nodes["Split"].move_step(after=self.nodes["Last"])
        path = self.nodes["Split"].out_edge_ids.filtered(lambda edge: edge.outcome == "branch")
        self.assertEqual((path.name, path.target_id.kind), ("Large", "end"))
        self.assertInOrder()

    def test_moving_to_where_it_is_changes_nothing_and_into_itself_is_refused(self):
        before = self.edges()
        self.nodes["A"].move_step(edge=self.nodes["A"].in_edge_ids)
        self.nodes["Start"].move_step()
        self.assertEqual(self.edges(), before)
        self.assertRefused("after itself", self.nodes["Split"].move_step, after=self.nodes["A"])

    def test_change_kind(self):
        wait = self.nodes["Start"]
        mail = wait.change_kind("email")
        self.assertFalse(wait.exists())
        self.assertEqual((mail.name, mail.kind, mail.next_id), ("Start", "email", self.nodes["Split"]))
        self.assertTrue(mail.mailing_id)
        mailing = mail.mailing_id
        split = mail.change_kind("split")
        self.assertFalse(mailing.exists())
        self.assertEqual(split.out_edge_ids.mapped("outcome"), ["default"])
        self.assertEqual(split.change_kind("wait").next_id, self.nodes["Split"])
        variant = self.nodes["Split"].change_kind("variant")
        self.assertEqual(variant.out_edge_ids.mapped("percent"), [50, 50])
        self.assertFalse(variant.problem)
        end = self.nodes["Last"].change_kind("end")
        self.assertInOrder()
        self.assertEqual(end.in_edge_ids.source_id, self.nodes["Meet"])

    def test_what_kind_cannot_become(self):
        self.assertRefused("follows", self.nodes["Start"].change_kind, "end")
        self.assertRefused("several paths", self.nodes["Split"].change_kind, "wait")
        self.assertRefused("no kind", self.nodes["Start"].change_kind, "magic")
        self.assertRefused("only mails|people", self.nodes["Split"].change_kind, "people_split")

    def test_delete_with_and_without_what_follows(self):
        self.nodes["Split"].delete_step(with_following=True)
        self.assertEqual(self.version.node_ids.mapped("name"), ["Start"])
        self.nodes["Start"].delete_step()
        self.assertFalse(self.version.node_ids)

    def test_delete_a_path(self):
        path = self.nodes["Split"].out_edge_ids.filtered(lambda edge: edge.outcome == "branch")
        self.assertRefused("nothing before them", path.delete_path)
        path.delete_path(with_following=True)
        self.assertEqual(self.version.node_ids.mapped("name"), ["Start", "Split", "B", "Meet", "Last"])
        self.assertFalse(self.version._get_shape_errors())

    def test_copy_a_part_with_its_conditions(self):
        part = self.nodes["Split"] + self.nodes["A"] + self.nodes["B"]
        copies = self.version.copy_steps(part.ids, after=self.nodes["Last"].id)
        self.assertEqual(copies.mapped("name"), ["Split", "A", "B"])
        self.assertEqual(self.nodes["Last"].next_id, copies[0])
        branch = copies[0].out_edge_ids.filtered(lambda edge: edge.outcome == "branch")
        self.assertEqual((branch.name, branch.domain, branch.target_id), ("Large", "[('ref', '=', 'A')]", copies[1]))
        self.assertFalse(part & copies)
        self.assertInOrder()

    def test_a_copied_split_without_its_paths_keeps_who_goes_where(self):
        default = self.nodes["Split"].out_edge_ids.filtered(lambda edge: edge.outcome == "default")
        default.delete_path(with_following=True)
        copy = self.version.copy_steps(self.nodes["Split"], after=self.nodes["Last"])
        self.assertEqual(copy.out_edge_ids.mapped("outcome"), ["branch"], "nobody goes on who ended before")
        self.assertEqual(copy.out_edge_ids.target_id.kind, "end")

    def test_copy_into_another_journey_with_mail(self):
        source = self.make_journey(
            "res.partner",
            [],
            [{"kind": "email", "name": "Mail", "subject": "Hello"}, {"kind": "wait"}],
            user=self.marketer,
        )
        copies = self.version.copy_steps(source.node_ids.with_user(self.marketer), after=self.nodes["A"])
        mail = copies[0]
        self.assertEqual(mail.mailing_id.subject, "Hello")
        self.assertNotEqual(mail.mailing_id, source.node_ids[0].mailing_id)
        self.assertNotEqual(mail.origin_key, source.node_ids[0].origin_key)
        self.assertEqual(copies[1].next_id, self.nodes["Meet"])
        self.assertInOrder()

    def test_what_cannot_be_copied(self):
        self.assertRefused("hang together", self.version.copy_steps, self.nodes["A"] + self.nodes["B"])
        of_groups = self.make_journey("buying.group", [], [{"kind": "wait"}], publish=False)
        self.assertRefused("same records", self.version.copy_steps, of_groups.node_ids)
        self.assertRefused("one journey", self.version.copy_steps, of_groups.node_ids + self.nodes["A"])

    def test_paths_for_people_hold_actions_and_mails_only(self):
        split = self.version.add_step({"name": "People", "kind": "people_split"}, after=self.nodes["Last"])
        inside = self.version.add_step({"name": "Note", "kind": "action"}, after=split, outcome="branch")
        self.assertEqual(inside.people, "people", "without asking")
        self.assertRefused("only mails to people", self.version.add_step, {"name": "X", "kind": "wait"}, after=inside)
        self.assertRefused(
            "only mails to people",
            self.version.add_step,
            {"name": "X", "kind": "people_split"},
            after=split,
            outcome="branch",
        )
        self.assertRefused("leads there, too", self.nodes["B"].connect, inside)
        self.assertRefused("only mails to people", self.nodes["A"].move_step, after=inside)
        then = self.version.add_step({"name": "Then", "kind": "wait"}, after=split, outcome="next")
        self.assertFalse(self.version._get_shape_errors())
        copies = self.version.copy_steps(split + inside, after=then)
        self.assertFalse(copies[1].out_edge_ids, "paths for people end by themselves")
        split.move_step(after=self.nodes["Start"])
        self.assertEqual(split.next_id, self.nodes["Split"])
        self.assertFalse(inside.out_edge_ids)
        self.assertFalse(self.version._get_shape_errors())

    def test_published_versions_stay(self):
        self.journey.with_user(self.manager).action_publish()
        version, nodes = self.version, self.nodes
        edge = nodes["A"].out_edge_ids
        for call, args in (
            (version.add_step, ({"name": "X", "kind": "wait"}, nodes["A"])),
            (version.copy_steps, (nodes["A"],)),
            (nodes["A"].connect, (nodes["Last"],)),
            (nodes["A"].move_step, ()),
            (nodes["A"].change_kind, ("email",)),
            (nodes["A"].delete_step, ()),
            (edge.delete_path, ()),
        ):
            self.assertRefused("cannot be changed", call, *args)

    def test_salespeople_and_other_companies_change_nothing(self):
        edge = self.nodes["A"].out_edge_ids
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.journey.sudo().company_id = other
        self.env.flush_all()
        self.env.invalidate_all()
        for user in (self.salesperson, self.marketer):
            version = self.version.with_user(user)
            node = self.nodes["A"].with_user(user)
            for call, args in (
                (version.add_step, ({"name": "X", "kind": "wait"},)),
                (version.copy_steps, (node.id,)),
                (node.connect, (self.nodes["Last"].id,)),
                (node.move_step, ()),
                (node.change_kind, ("email",)),
                (node.delete_step, ()),
                (edge.with_user(user).delete_path, ()),
            ):
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    call(*args)

    def test_broken_drafts_can_be_mended_step_by_step(self):
        self.env["journey.node"].create(
            [{"version_id": self.version.id, "name": name, "kind": "wait"} for name in ("Loose", "Loose too")]
        )
        self.assertTrue(self.version._get_shape_errors())
        loose = self.version.node_ids.filtered(lambda node: node.name == "Loose")
        self.version.add_step({"name": "X", "kind": "wait"}, after=self.nodes["A"])
        loose.delete_step()
        self.version.node_ids.filtered(lambda node: node.name == "Loose too").delete_step()
        self.assertInOrder()
