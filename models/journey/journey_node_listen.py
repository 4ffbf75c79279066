# Steps that listen for activities.
from odoo import api, fields, models

from ...tools.domains import check_domain


class JourneyNode(models.Model):
    _inherit = "journey.node"

    activity_type_ids = fields.Many2many(
        "engagement.activity.type",
        "journey_node_activity_type_rel",
        "node_id",
        "type_id",
        "Listen For",
        # without its activities, a step would wait for nothing
        ondelete="restrict",
        help="The first of these activities, by any of the participant's people, moves the participant.",
    )
    activity_domain = fields.Char(
        "Only If", default="[]", help="Filter on the activity, e.g. its subject or its new value."
    )
    timeout_type = fields.Selection([("duration", "Duration"), ("date", "Until a Date")], default="duration")
    timeout_value = fields.Integer("Timeout", help="0 means no timeout.")
    timeout_unit = fields.Selection(
        [("minutes", "Minutes"), ("hours", "Hours"), ("days", "Days"), ("weeks", "Weeks"), ("months", "Months")],
        default="days",
    )
    timeout_date = fields.Datetime("Timeout On")
    # Up to which activity the engine has woken participants for certain; and the last it saw, with the end of the
    # transactions of that time, which may still bring activities with lower ids. See journey.engine._wake.
    listen_mark = fields.Integer(copy=False, readonly=True)
    listen_seen = fields.Integer(copy=False, readonly=True)
    listen_seen_xid = fields.Char(copy=False, readonly=True)
    listen_seen_at = fields.Datetime(copy=False, readonly=True)

    @api.constrains("activity_domain")
    def _check_activity_domain(self):
        for node in self:
            check_domain(self.env, "engagement.activity", node.activity_domain)

    def _has_timeout(self):
        self.ensure_one()
        return bool(self.timeout_date if self.timeout_type == "date" else self.timeout_value)
