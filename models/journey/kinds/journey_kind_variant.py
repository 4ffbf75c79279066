# Variant: share participants out among paths at random, but always the same way.
import hashlib

from odoo import fields, models

from ....tools.percent import format_percent
from .journey_kind import Move

MIN_PATHS, MAX_PATHS = 2, 20


class JourneyKindVariant(models.AbstractModel):
    """Splits the participants by shares that add up to 100 %.

    Which path a record takes depends on a hash of the record and the step alone: the same record takes the same path
    at each entry, other records are spread evenly, and two variant steps of a journey split independently. So the
    split is fit for experiments. Limits: 2 to 20 paths (Adobe Journey Optimizer B2B Edition, variant split paths).
    """

    _name = "journey.kind.variant"
    _inherit = "journey.kind"
    _description = "Journey Step: Variant Split"

    _sequence = 60
    _batch_size = 5000
    _outcomes = ("branch",)

    def _get_label(self):
        return self.env._("Variant Split")

    def _get_summary(self, node):
        paths = self._get_paths(node)
        return " / ".join(
            f"{edge._get_label()} {format_percent(self.env, edge.percent)}" for edge in paths
        ) or self.env._("No paths yet")

    def _connect(self, node, target):
        node.out_edge_ids = [fields.Command.create({"target_id": target.id, "outcome": "branch", "percent": 100})]

    def _get_errors(self, node):
        paths = self._get_paths(node)
        errors = []
        if not MIN_PATHS <= len(paths) <= MAX_PATHS:
            errors.append(
                self.env._(
                    "There must be %(least)s to %(most)s paths; there are %(count)s.",
                    least=MIN_PATHS,
                    most=MAX_PATHS,
                    count=len(paths),
                )
            )
        total = sum(paths.mapped("percent"))
        if total != 100:
            errors.append(self.env._("The shares of the paths must add up to 100; they add up to %(sum)s.", sum=total))
        if any(not 1 <= edge.percent <= 99 for edge in paths):
            errors.append(self.env._("Each path needs a share of 1 to 99%."))
        return errors

    def _process(self, node, participants):
        participants.fetch(["res_model", "res_id"])
        moves = {edge: Move("branch", edge_id=edge.id, reason=edge._get_label()) for edge in self._get_paths(node)}
        scale = [moves[edge] for edge in self._get_scale(node)] or [Move("branch")] * 100
        key = node.origin_key
        return {
            participant.id: scale[self._get_point(key, participant.res_model, participant.res_id)]
            for participant in participants
        }

    def _get_scale(self, node):
        """The path of each point from 0 to 99; a draft whose shares are too few gives the rest to its last path."""
        paths = self._get_paths(node)
        scale = [edge for edge in paths for _point in range(edge.percent)]
        return scale + [edge for edge in paths[-1:] for _point in range(100 - len(scale))]

    def _get_point(self, key, res_model, res_id):
        """The point of this record on the scale: the same whenever it is asked."""
        digest = hashlib.sha256(f"{key},{res_model},{res_id}".encode()).digest()
        # 2**64 is no multiple of 100; the difference between two paths stays below 1e-17
        return int.from_bytes(digest[:8]) % 100
