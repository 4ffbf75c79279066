# Activities wake the journeys that listen for them.
from odoo import api, models

from .journey_engine import RUNNING


class EngagementActivity(models.Model):
    _inherit = "engagement.activity"

    @api.model
    def _on_recorded(self, codes):
        result = super()._on_recorded(codes)
        if codes and self._is_listened_for(codes):
            self.env["journey.engine"]._trigger()
        return result

    @api.model
    def _is_listened_for(self, codes):
        """Whether a step of a running journey listens for one of these types."""
        self.env["journey.node"].flush_model()
        self.env["journey.journey"].flush_model(["state"])
        self.env.cr.execute(
            """
            SELECT 1
              FROM engagement_activity_type type
              JOIN journey_node_activity_type_rel rel ON rel.type_id = type.id
              JOIN journey_node node ON node.id = rel.node_id AND node.kind = 'listen'
              JOIN journey_version version ON version.id = node.version_id AND version.state != 'draft'
              JOIN journey_journey journey ON journey.id = node.journey_id AND journey.state IN %s
             WHERE type.code IN %s
             LIMIT 1
            """,
            [RUNNING, tuple(codes)],
        )
        return bool(self.env.cr.fetchone())
