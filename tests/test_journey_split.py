# Split: conditions on the record and on what its people did.
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_graph import GraphCase


@tagged("post_install", "-at_install")
class TestJourneySplit(GraphCase):
    def split(self, records, paths, default=True, **values):
        """A split with these conditions; path number 1 ends at "End 1" and so on, the rest at "Rest"."""
        nodes = {"Split": {"kind": "split"}}
        edges = []
        for number, path in enumerate(paths, start=1):
            nodes[f"End {number}"] = {}
            edges.append(("Split", f"End {number}", "branch", {"name": f"Path {number}", **path}))
        if default:
            nodes["Rest"] = {}
            edges.append(("Split", "Rest", "default"))
        return self.make_graph(records._name, [("id", "in", records.ids)], nodes, edges, **values)

    def did(self, *codes, **values):
        types = self.env["engagement.activity.type"].union(*(self.activity_type(code) for code in codes))
        return {"activity_type_ids": types.ids, **values}

    def test_first_match_from_the_top_wins(self):
        contacts = self.make_contacts(3)
        contacts[0].write({"function": "Director", "ref": "A"})
        contacts[1].ref = "A"
        journey, _nodes = self.split(
            contacts, [{"domain": "[('function', '=', 'Director')]"}, {"domain": "[('ref', '=', 'A')]"}]
        )
        self.engine.tick()
        self.assertEqual(
            self.path_of(journey), {contacts[0].id: "End 1", contacts[1].id: "End 2", contacts[2].id: "Rest"}
        )
        traces = journey.participant_ids.trace_ids.filtered(lambda trace: trace.visit == 1)
        reasons = {trace.participant_id.res_id: trace.reason for trace in traces}
        self.assertEqual(reasons[contacts[1].id], "Path Path 2: Reference is “A”")
        self.assertEqual(reasons[contacts[2].id], "No condition matched.")

    def test_order_is_the_sequence_not_the_age(self):
        contact = self.make_contacts(1, ref="A")
        journey, nodes = self.split(
            contact, [{"domain": "[('ref', '=', 'A')]"}, {"domain": "[('ref', '!=', False)]"}], publish=False
        )
        nodes["Split"].out_edge_ids.filtered(lambda edge: edge.name == "Path 2").sequence = -1
        journey.with_user(self.manager).action_publish()
        self.engine.tick()
        self.assertEqual(self.path_of(journey), {contact.id: "End 2"})

    def test_without_a_default_path_the_rest_has_completed(self):
        contact = self.make_contacts(1)
        journey, _nodes = self.split(contact, [{"domain": "[('ref', '=', 'A')]"}], default=False)
        self.engine.tick()
        self.assertEqual(journey.participant_ids.state, "completed")
        self.assertEqual(journey.participant_ids.node_id.name, "Split")

    def test_what_happened_since_entry(self):
        """What happened before somebody entered does not count, nor does what a machine did."""
        early, late, machine = self.make_contacts(3)
        self.log("email_opened", early, date=fields.Datetime.now() - timedelta(hours=1))
        nodes = {"Wait": {"kind": "wait", "wait_value": 1}, "Split": {"kind": "split"}, "Did": {}, "Rest": {}}
        journey, _nodes = self.make_graph(
            "res.partner",
            [("id", "in", (early + late + machine).ids)],
            nodes,
            [
                ("Wait", "Split", "next"),
                ("Split", "Did", "branch", self.did("email_opened")),
                ("Split", "Rest", "default"),
            ],
        )
        self.engine.tick()
        self.log("email_opened", late)
        self.log("email_opened", machine, is_automatic=True)
        journey.participant_ids.action_skip_wait()
        self.engine.tick()
        self.assertEqual(self.path_of(journey), {early.id: "Rest", late.id: "Did", machine.id: "Rest"})

    def test_what_happened_in_the_last_days_so_many_times(self):
        once, twice, long_ago = self.make_contacts(3)
        now = fields.Datetime.now()
        for contact, days in ((once, 1), (twice, 2), (twice, 29), (long_ago, 2), (long_ago, 31)):
            self.log("email_clicked", contact, date=now - timedelta(days=days))
        journey, _nodes = self.split(
            once + twice + long_ago,
            [self.did("email_clicked", activity_window="days", activity_days=30, activity_count=2)],
        )
        self.engine.tick()
        self.assertEqual(self.path_of(journey), {once.id: "Rest", twice.id: "End 1", long_ago.id: "Rest"})

    def test_what_did_not_happen(self):
        active, passive = self.make_contacts(2)
        self.log("page_viewed", active)
        journey, _nodes = self.split(
            active + passive,
            [self.did("page_viewed", "email_opened", activity_did="did_not", activity_window="days")],
        )
        self.engine.tick()
        self.assertEqual(self.path_of(journey), {active.id: "Rest", passive.id: "End 1"})

    def test_any_of_its_people_will_do_for_a_group(self):
        self.log("email_opened", self.colleen)
        other = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.other_account.id})
        journey, _nodes = self.split(self.group + other, [self.did("email_opened", activity_window="days")])
        self.engine.tick()
        self.assertEqual(self.path_of(journey), {self.group.id: "End 1", other.id: "Rest"})

    def test_what_happened_to_another_group_of_the_same_people_does_not_count(self):
        solution = self.env["buying.solution"].create({"name": "Other", "template_id": self.template.id})
        other = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.account.id})
        other.assign_member(self.brandon, self.role_decision)
        self.env["engagement.activity"].search([("group_id", "in", (other + self.group).ids)]).unlink()
        self.log("interesting_moment", self.brandon, group_id=other.id)
        journey, _nodes = self.split(self.group + other, [self.did("interesting_moment", activity_window="days")])
        self.engine.tick()
        self.assertEqual(self.path_of(journey), {self.group.id: "Rest", other.id: "End 1"})

    def test_people_of_accounts_and_leads_count(self):
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": self.brandon.id})
        self.log("email_opened", self.brandon)
        for record in (self.account, lead):
            journey, _nodes = self.split(record, [self.did("email_opened", activity_window="days")])
            self.engine.tick()
            self.assertEqual(self.path_of(journey), {record.id: "End 1"}, record._name)

    def test_both_conditions_of_a_path_must_hold(self):
        both, one = self.make_contacts(2)
        both.ref = "A"
        self.log("email_opened", both + one)
        journey, _nodes = self.split(
            both + one, [self.did("email_opened", activity_window="days", domain="[('ref', '=', 'A')]")]
        )
        self.engine.tick()
        self.assertEqual(self.path_of(journey), {both.id: "End 1", one.id: "Rest"})

    def test_nobody_to_ask_and_deleted_records(self):
        """A lead without a contact did nothing; a deleted one leaves."""
        lead, gone = self.env["crm.lead"].create([{"name": "Lead"}, {"name": "Gone"}])
        journey, _nodes = self.make_graph(
            "crm.lead",
            [("id", "in", (lead + gone).ids)],
            {"Wait": {"kind": "wait"}, "Split": {"kind": "split"}, "Did": {}, "Rest": {}},
            [
                ("Wait", "Split", "next"),
                ("Split", "Did", "branch", self.did("email_opened")),
                ("Split", "Rest", "default"),
            ],
        )
        self.engine.tick()
        gone_id = gone.id
        gone.unlink()
        journey.participant_ids.action_skip_wait()
        self.engine.tick()
        states = {participant.res_id: participant.state for participant in journey.participant_ids}
        self.assertEqual(states, {lead.id: "completed", gone_id: "exited"})
        self.assertEqual(self.path_of(journey)[lead.id], "Rest")

    def test_broken_condition_is_refused_when_written(self):
        _journey, nodes = self.split(self.account, [{"domain": "[('ref', '=', 'A')]"}], publish=False)
        edge = nodes["Split"].out_edge_ids[0].with_user(self.marketer)
        for domain in ("[('no_such_field', '=', 1)]", "__import__('os')"):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                edge.domain = domain
        with self.assertRaises(UserError), self.env.cr.savepoint():
            edge.activity_count = 0

    def test_publish_names_paths_without_condition_and_too_many_paths(self):
        paths = [{"domain": f"[('id', '=', {number})]"} for number in range(25)]
        journey, _nodes = self.split(self.account, [*paths, {}], publish=False)
        errors = "\n".join(journey._get_publish_errors())
        self.assertIn("Split: There must be 1 to 25 paths with a condition; there are 26.", errors)
        self.assertIn("Path Path 26 has no condition", errors)
        journey, _nodes = self.split(self.account, paths, publish=False)
        self.assertFalse(journey._get_publish_errors())

    def test_a_batch_costs_the_same_queries_whatever_its_size(self):
        def queries(count):
            contacts = self.make_contacts(count)
            self.split(contacts, [self.did("email_opened", domain="[('ref', '=', False)]")])
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.engine.tick()
            return self.env.cr.sql_log_count - before

        queries(2)
        self.assertLessEqual(abs(queries(120) - queries(12)), 15)

    def test_copies_keep_conditions(self):
        journey, _nodes = self.split(
            self.account, [self.did("email_opened", activity_did="did_not", activity_window="days", activity_days=7)]
        )
        edge = journey.copy().draft_version_id.edge_ids.filtered(lambda edge: edge.outcome == "branch")
        self.assertEqual(
            (edge.activity_type_ids.code, edge.activity_did, edge.activity_window, edge.activity_days),
            ("email_opened", "did_not", "days", 7),
        )
