# Steps on the paths of a split of people.
from odoo import models


class JourneyNode(models.Model):
    _inherit = "journey.node"

    def _get_people_paths(self, split):
        """The steps on the paths of a split of people.

        :rtype: journey.node
        """
        paths = split.out_edge_ids.filtered(lambda edge: edge.outcome in ("branch", "default"))
        return self._get_reachable(paths.target_id, split)

    def _get_people_split(self):
        """The split of people that this step lies on a path of, if it does.

        :rtype: journey.node
        """
        self.ensure_one()
        for split in self.version_id.node_ids.filtered(lambda node: node.kind == "people_split"):
            if self in self._get_people_paths(split):
                return split
        return self.browse()
