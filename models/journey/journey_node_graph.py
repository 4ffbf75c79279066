# What becomes of the graph when steps are deleted.
from odoo import models


class JourneyNode(models.Model):
    _inherit = "journey.node"

    def _get_following(self):
        """The step on the main way out: the next one, else the one for the rest, else that of the first path.

        :rtype: journey.node
        """
        self.ensure_one()
        edges = self.out_edge_ids.sorted(lambda edge: (edge.sequence, edge.id))
        for outcome in ("next", "default", "branch"):
            if edge := edges.filtered(lambda edge, outcome=outcome: edge.outcome == outcome)[:1]:
                return edge.target_id
        return self.browse()

    def _bridge(self):
        """Lead what comes before these steps to what follows them on the main way."""
        for node in self:
            following, seen = node, set()
            while following in self and following not in seen:
                seen.add(following)
                following = following._get_following()
            if not following or following in self:
                continue
            for edge in node.in_edge_ids:
                # a way back to where it came from would be a circle of one step
                if edge.source_id not in self and edge.source_id != following:
                    edge.target_id = following

    def _get_steps_only_they_lead_to(self):
        """Steps that nothing leads to any more without these steps, besides the one that comes first then.

        :rtype: journey.node
        """
        doomed = self.browse()
        for version in self.version_id:
            gone = self.filtered(lambda node, version=version: node.version_id == version)
            start = version._get_start_node()
            if start in gone:
                seen = set()
                while start in gone and start not in seen:
                    seen.add(start)
                    start = start._get_following()
            before = self._get_reachable(gone, self.browse())
            others = version.node_ids - before
            doomed |= before - gone - self._get_reachable(start | others, gone)
        return doomed

    def _get_reachable(self, starts, without):
        """Steps that these lead to, and themselves, on ways around ``without``."""
        reached, fresh = dict.fromkeys(without), starts - without
        while fresh:
            reached.update(dict.fromkeys(fresh))
            fresh = fresh.out_edge_ids.target_id.filtered(lambda node: node not in reached)
        return self.browse(node.id for node in reached if node not in without)
