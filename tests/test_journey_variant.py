# Variant: shares, the same path whenever a record comes, independence of steps.
from odoo.tests import tagged

from .common_graph import GraphCase


@tagged("post_install", "-at_install")
class TestJourneyVariant(GraphCase):
    def variant(self, records, shares, **values):
        nodes = {"Variant": {"kind": "variant"}} | {f"Way {number}": {} for number in range(len(shares))}
        edges = [
            ("Variant", f"Way {number}", "branch", {"name": f"Way {number}", "percent": share})
            for number, share in enumerate(shares)
        ]
        return self.make_graph(records._name, [("id", "in", records.ids)], nodes, edges, **values)

    def choose(self, node, count):
        kind, scale = node._get_kind(), node._get_kind()._get_scale(node)
        return [scale[kind._get_point(node.origin_key, "res.partner", number)].name for number in range(count)]

    def test_shares_are_met_within_the_binomial_error(self):
        count = 20000
        shares = [1, 30, 69]
        _journey, nodes = self.variant(self.account, shares, publish=False)
        nodes["Variant"].origin_key = "a key that never changes"
        chosen = self.choose(nodes["Variant"], count)
        for number, share in enumerate(shares):
            expected = count * share / 100
            error = (expected * (1 - share / 100)) ** 0.5
            self.assertLess(abs(chosen.count(f"Way {number}") - expected), 4 * error)

    def test_same_record_takes_the_same_path_at_each_entry_and_in_each_version(self):
        contacts = self.make_contacts(40)
        journey, nodes = self.variant(contacts, [50, 50])
        self.engine.tick()
        first = self.path_of(journey)
        self.assertEqual(set(first.values()), {"Way 0", "Way 1"})
        # a second entry
        self.env["journey.participant"].create(
            [
                {
                    "journey_id": journey.id,
                    "version_id": journey.current_version_id.id,
                    "res_model": "res.partner",
                    "res_id": contact.id,
                    "entry": 2,
                    "node_id": nodes["Variant"].id,
                    "due_at": "2020-01-01",
                }
                for contact in contacts
            ]
        )
        self.engine.tick()
        second = journey.participant_ids.filtered(lambda participant: participant.entry == 2)
        self.assertEqual({entry.res_id: entry.node_id.name for entry in second}, first)
        version = self.env["journey.version"].sudo().create({"journey_id": journey.id, "number": 2})
        journey.current_version_id._copy_graph_to(version)
        copied = version.node_ids.filtered(lambda node: node.kind == "variant")
        self.assertEqual(self.choose(copied, 500), self.choose(nodes["Variant"], 500))

    def test_two_steps_split_independently(self):
        journey, nodes = self.variant(self.account, [50, 50], publish=False)
        other = journey.copy().draft_version_id.node_ids.filtered(lambda node: node.kind == "variant")
        nodes["Variant"].origin_key, other.origin_key = "one", "another"
        pairs = list(zip(self.choose(nodes["Variant"], 4000), self.choose(other, 4000), strict=True))
        for pair in (("Way 0", "Way 0"), ("Way 0", "Way 1"), ("Way 1", "Way 0"), ("Way 1", "Way 1")):
            self.assertLess(abs(pairs.count(pair) - 1000), 4 * (4000 * 0.25 * 0.75) ** 0.5)

    def test_copy_in_another_journey_is_drawn_anew(self):
        journey, nodes = self.variant(self.account, [50, 50])
        copied = journey.copy().draft_version_id.node_ids.filtered(lambda node: node.kind == "variant")
        self.assertNotEqual(copied.origin_key, nodes["Variant"].origin_key)

    def test_shares_must_add_up_and_paths_be_2_to_20(self):
        for shares, error in (
            ([50, 49], "must add up to 100; they add up to 99"),
            ([100, 0], "a share of 1 to 99"),
            ([100], "2 to 20 paths; there are 1"),
            ([4] * 19 + [12, 12], "2 to 20 paths; there are 21"),
        ):
            journey, _nodes = self.variant(self.account, shares, publish=False)
            self.assertRegex("\n".join(journey._get_publish_errors()), error)
        journey, _nodes = self.variant(self.account, [5] * 20, publish=False)
        self.assertFalse(journey._get_publish_errors())
