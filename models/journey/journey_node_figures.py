# What happened on each step and each of its ways out, in numbers, with the lists behind them.
from odoo import fields, models

COUNTED = ("done", "skipped", "failed")


class JourneyNode(models.Model):
    _inherit = "journey.node"

    entered_count = fields.Integer(
        "Arrived", compute="_compute_figures", help="How often a participant came to this step, each pass counted."
    )
    outcome_counts = fields.Char(
        "Ways Out", compute="_compute_figures", help="How many took each way out: each path, the timeout, …"
    )

    def _count_outcomes(self):
        """How often each way out was taken, in one query.

        :return: ``{(node id, outcome or False, id of the path or 0): count}``; without an outcome, they are still here
            or left
        :rtype: dict
        """
        self.env["journey.trace"].flush_model()
        return {
            (node.id, outcome, path_id or 0): count
            for node, outcome, path_id, count in self.env["journey.trace"]._read_group(
                [("node_id", "in", self.ids)], ["node_id", "outcome", "path_id"], ["__count"]
            )
        }

    def _compute_figures(self):
        """Two queries for all steps: what has a trace, and who came but was not looked at yet."""
        self.env["journey.participant"].flush_model()
        taken = self._count_outcomes()
        self.env.cr.execute(
            """
            SELECT participant.node_id, count(*)
              FROM journey_participant participant
             WHERE participant.node_id = ANY(%s) AND participant.state = 'active'
               AND NOT EXISTS (
                   SELECT FROM journey_trace trace
                    WHERE trace.participant_id = participant.id AND trace.visit = participant.visit)
          GROUP BY participant.node_id
        """,
            [self.ids],
        )
        arrived = dict(self.env.cr.fetchall())
        labels = dict(self.env["journey.edge"]._fields["outcome"]._description_selection(self.env))
        names, order = {}, {}
        for place, edge in enumerate(self.out_edge_ids.sorted(lambda edge: (edge.sequence, edge.id))):
            path_id = edge.id if edge.outcome == "branch" else 0
            order[edge.source_id.id, edge.outcome, path_id] = place
            if path_id:
                names[path_id] = edge._get_label()
        ways = {}
        for (node_id, outcome, path_id), count in sorted(taken.items(), key=lambda item: order.get(item[0], 0)):
            arrived[node_id] = arrived.get(node_id, 0) + count
            if outcome:
                name = names.get(path_id) or labels.get(outcome, outcome)
                ways.setdefault(node_id, []).append(f"{name}: {count}")
        for node in self:
            node.entered_count = arrived.get(node.id, 0)
            node.outcome_counts = " · ".join(ways.get(node.id, ())) or False

    def action_view_traces(self):
        """Button: what this step did, all of it or, by the context's ``trace_state``, what was done, skipped, …"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.journey_trace_action")
        domain = [("node_id", "=", self.id)]
        if (state := self.env.context.get("trace_state")) in COUNTED:
            domain.append(("state", "=", state))
        return action | {"domain": domain, "name": self.name, "context": {"search_default_group_outcome": not state}}


class JourneyEdge(models.Model):
    _inherit = "journey.edge"

    taken_count = fields.Integer("Taken", compute="_compute_taken_count", help="How often this way out was taken.")

    def _compute_taken_count(self):
        taken = self.source_id._count_outcomes()
        for edge in self:
            key = (edge.source_id.id, edge.outcome)
            edge.taken_count = taken.get((*key, edge.id), 0)
            if edge.outcome != "branch":  # where there is one only, traces need not say which
                edge.taken_count += taken.get((*key, 0), 0)

    def action_view_taken(self):
        """Button: who took this way out."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.journey_trace_action")
        paths = [self.id] if self.outcome == "branch" else [self.id, 0, False]
        domain = [("node_id", "=", self.source_id.id), ("outcome", "=", self.outcome), ("path_id", "in", paths)]
        return action | {"domain": domain, "name": self.display_name, "context": {}}
