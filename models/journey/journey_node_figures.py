# What happened on each step, in numbers, with the lists behind them.
from odoo import fields, models

COUNTED = ("done", "skipped", "failed")


class JourneyNode(models.Model):
    _inherit = "journey.node"

    entered_count = fields.Integer(
        "Arrived", compute="_compute_figures", help="How often a participant came to this step, each pass counted."
    )
    outcome_counts = fields.Char(
        "Ways Out", compute="_compute_figures", help="How many took each way out, e.g. the timeout."
    )

    def _compute_figures(self):
        """Two queries for all steps: what has a trace, and who came but was not looked at yet."""
        self.env["journey.participant"].flush_model()
        self.env["journey.trace"].flush_model()
        traces = self.env["journey.trace"]._read_group(
            [("node_id", "in", self.ids)], ["node_id", "outcome"], ["__count"]
        )
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
        ways = {}
        for node, outcome, count in traces:
            arrived[node.id] = arrived.get(node.id, 0) + count
            if outcome:
                ways.setdefault(node.id, []).append(f"{labels.get(outcome, outcome)}: {count}")
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
