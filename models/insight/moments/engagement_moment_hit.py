# What rules have found, so that nothing is found twice.
from odoo import fields, models


class EngagementMomentHit(models.Model):
    """An occasion that a rule has noted. Kept if the moment is removed or what led to it is deleted: neither makes the
    rule note the occasion again. Written by the rules alone.
    """

    _name = "engagement.moment.hit"
    _description = "Occasion Found by a Rule"
    _order = "date desc, id desc"
    _rec_name = "rule_id"
    _log_access = False

    rule_id = fields.Many2one("engagement.moment.rule", required=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", "Person or Account", required=True, index=True, ondelete="cascade")
    activity_id = fields.Many2one("engagement.activity", index="btree_not_null", ondelete="set null")
    moment_id = fields.Many2one("engagement.activity", index="btree_not_null", ondelete="set null")
    date = fields.Datetime(required=True, help="When it happened.")

    # of two workers that find the same, one is refused
    _activity_unique = models.UniqueIndex("(rule_id, activity_id) WHERE activity_id IS NOT NULL")
    _partner_date_idx = models.Index("(rule_id, partner_id, date)")
