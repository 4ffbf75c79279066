# People split: each person on the first path that fits, and together again afterwards.
from odoo.tests import tagged

from .common_graph import GraphCase


@tagged("post_install", "-at_install")
class TestJourneyPeopleSplit(GraphCase):
    def note(self, value):
        return {
            "kind": "action",
            "people": "people",
            "action_server_id": self.env["ir.actions.server"]
            .create(
                {
                    "name": value,
                    "state": "code",
                    "model_id": self.env["ir.model"]._get_id("res.partner"),
                    "code": f"for record in records:\n    record['ref'] = (record.ref or '') + '{value}'",
                }
            )
            .id,
        }

    def split(self, records, paths, default=False, **values):
        nodes = {"Split": {"kind": "people_split"}}
        edges = []
        for number, path in enumerate(paths, start=1):
            nodes[f"Path {number}"] = self.note(str(number))
            edges.append(("Split", f"Path {number}", "branch", path))
        if default:
            nodes["Others"] = self.note("x")
            edges.append(("Split", "Others", "default"))
        nodes |= {"Together": self.note("t"), "End": {}}
        edges += [("Split", "Together", "next"), ("Together", "End", "next")]
        return self.make_graph(records._name, [("id", "in", records.ids)], nodes, edges, **values)

    def refs(self):
        return self.brandon.ref, self.colleen.ref

    def test_each_person_takes_the_first_path_and_all_meet_again(self):
        journey, _nodes = self.split(
            self.group, [{"domain": "[('function', 'ilike', 'director')]"}, {"domain": "[('email', '!=', False)]"}]
        )
        self.engine.tick()
        self.assertEqual(self.refs(), ("1t", "2t"))
        self.assertEqual(journey.participant_ids.state, "completed")
        self.assertFalse(journey.participant_ids.person_ids)
        reasons = journey.participant_ids.trace_ids.sorted("visit").mapped("reason")
        self.assertEqual(reasons[0], "Path Path 1: 1 people")

    def test_new_version_does_not_send_people_over_their_paths_again(self):
        """Who is between two paths when it is published moves to it once all people are together."""
        journey, _nodes = self.split(
            self.group, [{"domain": "[('function', 'ilike', 'director')]"}, {"domain": "[('email', '!=', False)]"}]
        )
        self.engine.tick(limit=2)
        self.assertEqual(self.refs(), ("1", False))
        journey.action_edit()
        journey.with_user(self.manager).action_publish(move_participants=True)
        self.assertEqual(journey.participant_ids.version_id.number, 1)
        self.engine.tick()
        self.assertEqual(self.refs(), ("1t", "2t"))
        self.assertEqual(journey.participant_ids.state, "completed")
        self.engine.tick()
        self.assertFalse(journey.version_ids.filtered("takes_over"))

    def publish_between_paths(self, then_move):
        """A second version takes over whoever is inside; before the people of the group are together again, which is
        what it waits for, a third one is published.

        :param bool then_move: whether the third one takes over as well
        :return: the entry of the group, and that of another one which entered the third version in between
        """
        solution = self.env["buying.solution"].create({"name": "Other", "template_id": self.template.id})
        other = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.account.id})
        journey, _nodes = self.split(
            self.group, [{"domain": "[('function', 'ilike', 'director')]"}, {"domain": "[('email', '!=', False)]"}]
        )
        self.engine.tick(limit=2)
        self.assertEqual(self.refs(), ("1", False))
        for move in (True, then_move):
            journey.action_edit()
            journey.with_user(self.manager).action_publish(move_participants=move)
        journey.sudo().domain = str([("id", "in", (self.group + other).ids)])
        self.engine._enrol()
        newcomer = journey.participant_ids.filtered(lambda entry: entry.res_id == other.id)
        entry = journey.participant_ids - newcomer
        self.assertEqual((entry.version_id.number, newcomer.version_id.number), (1, 3))
        self.engine.tick()
        self.engine.tick()
        self.assertEqual(self.refs(), ("1t", "2t"))
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        self.assertFalse(journey.version_ids.filtered("takes_over"))
        return entry, newcomer

    def test_third_version_does_not_keep_anybody_from_moving_to_the_second(self):
        entry, newcomer = self.publish_between_paths(then_move=False)
        self.assertEqual((entry.version_id.number, newcomer.version_id.number), (2, 3), "nobody goes back either")
        together = entry.trace_ids.filtered(lambda step: step.node_id.name == "Together")
        self.assertEqual(together.node_id.version_id.number, 2)

    def test_third_version_takes_over_those_who_were_to_move_to_the_second(self):
        entry, _newcomer = self.publish_between_paths(then_move=True)
        self.assertEqual(entry.version_id.number, 3)

    def test_default_path_takes_the_others_and_without_one_they_skip(self):
        path = {"domain": "[('function', 'ilike', 'director')]"}
        self.split(self.group, [path], default=True)
        self.engine.tick()
        self.assertEqual(self.refs(), ("1t", "xt"))
        (self.brandon + self.colleen).ref = False
        self.split(self.group, [path])
        self.engine.tick()
        self.assertEqual(self.refs(), ("1t", "t"))

    def test_path_of_several_steps_keeps_its_people(self):
        journey, nodes = self.split(
            self.account, [{"domain": "[('function', 'ilike', 'director')]"}], default=True, publish=False
        )
        self.env["journey.node"].create(
            {
                "version_id": journey.draft_version_id.id,
                "name": "Second",
                "after_id": nodes["Path 1"].id,
                **self.note("s"),
            }
        )
        journey.with_user(self.manager).action_publish()
        self.engine.tick()
        self.assertEqual(self.refs(), ("1st", "xt"))

    def test_what_a_person_did_decides(self):
        self.log("email_opened", self.colleen)
        types = self.activity_type("email_opened").ids
        self.split(self.group, [{"activity_type_ids": types, "activity_window": "days"}])
        self.engine.tick()
        self.assertEqual(self.refs(), ("t", "1t"))

    def test_nobody_there_goes_on_and_records_do_not_mix(self):
        """A group without members skips; a person of two groups is shared out in each."""
        empty = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.other_account.id})
        solution = self.env["buying.solution"].create({"name": "Other", "template_id": self.template.id})
        second = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.account.id})
        second.assign_member(self.colleen, self.role_champion)
        journey, _nodes = self.split(
            self.group + empty + second, [{"domain": "[('function', 'ilike', 'director')]"}], default=True
        )
        self.engine.tick()
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        self.assertEqual(self.brandon.ref, "1t")
        traces = journey.participant_ids.trace_ids.filtered(lambda trace: trace.visit == 1)
        first = {trace.participant_id.res_id: trace.state for trace in traces}
        self.assertEqual(first, {self.group.id: "done", empty.id: "skipped", second.id: "done"})

    def test_second_pass_shares_out_anew(self):
        journey, nodes = self.split(self.group, [{"domain": "[('ref', '=', False)]"}], default=True, publish=False)
        start = self.env["journey.node"].create(
            {"version_id": journey.draft_version_id.id, "name": "Start", "kind": "merge", "sequence": -1}
        )
        start.next_id = nodes["Split"]
        self.env["journey.node"].create(
            {
                "version_id": journey.draft_version_id.id,
                "name": "Pause",
                "kind": "wait",
                "after_id": nodes["Together"].id,
            }
        ).next_id = nodes["Split"]
        nodes["End"].unlink()
        journey.with_user(self.manager).action_publish()
        self.engine.tick()
        journey.participant_ids.action_skip_wait()
        self.engine.tick()
        self.assertEqual(self.refs(), ("1txt", "1txt"))

    def test_person_who_left_on_the_way_is_left_out(self):
        _journey, _nodes = self.split(self.group, [{"domain": "[('email', '!=', False)]"}])
        self.engine.tick(limit=1)
        self.group.remove_member(self.colleen)
        self.engine.tick()
        self.assertEqual(self.refs(), ("1t", False))

    def test_paths_hold_actions_and_mails_on_people_only(self):
        journey, nodes = self.split(self.account, [{"domain": "[('ref', '=', False)]"}], publish=False)
        # piece by piece, since the methods that add steps refuse such a place
        wait = self.env["journey.node"].create(
            {"version_id": journey.draft_version_id.id, "kind": "wait", "name": "Pause"}
        )
        self.env["journey.edge"].create({"source_id": nodes["Path 1"].id, "target_id": wait.id})
        self.assertRegex("\n".join(journey._get_publish_errors()), "Split: Pause lies on a path for some people")
        wait.unlink()
        self.assertFalse(journey._get_publish_errors())
        nodes["Path 1"].next_id = nodes["Together"]
        self.assertRegex("\n".join(journey._get_publish_errors()), "Split: ")
