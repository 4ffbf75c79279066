# Lost reasons: what kind of cause it was, and whether and when it pays to come back to it.
from odoo import api, fields, models

# kind: (worth a mail by default, days after which it is)
DEFAULTS = {
    "price": (True, 180),
    "product": (True, 30),
    "capacity": (True, 180),
    "timing": (True, 90),
    "competitor": (True, 365),
    "fit": (False, 0),
    "junk": (False, 0),
    "other": (False, 180),
}


class CrmLostReason(models.Model):
    _inherit = "crm.lost.reason"

    kind = fields.Selection(
        [
            ("price", "Price"),
            ("product", "Product or stock"),
            ("capacity", "People or skills"),
            ("timing", "Timing"),
            ("competitor", "Competitor"),
            ("fit", "No fit"),
            ("junk", "Junk"),
            ("other", "Other"),
        ],
        "Kind of Cause",
        default="other",
        required=True,
    )
    worth_reactivating = fields.Boolean(
        compute="_compute_from_kind",
        store=True,
        readonly=False,
        help="Leads lost for this reason are proposed for reactivation. The kind of cause proposes "
        "it; what has no kind yet is not proposed.",
    )
    waiting_days = fields.Integer(
        "Waiting Time (Days)",
        compute="_compute_from_kind",
        store=True,
        readonly=False,
        help="So long after a lead was lost a new offer makes sense.",
    )

    _waiting_days_positive = models.Constraint("CHECK(waiting_days >= 0)", "The waiting time cannot be negative.")

    @api.depends("kind")
    def _compute_from_kind(self):
        for reason in self:
            reason.worth_reactivating, reason.waiting_days = DEFAULTS[reason.kind or "other"]

    @api.model
    def _prefill_kinds(self):
        """Called by the addon's data: the reasons that come with the host, unless somebody gave them a kind."""
        for name, kind in (("lost_reason_1", "price"), ("lost_reason_2", "capacity"), ("lost_reason_3", "product")):
            reason = self.env.ref(f"crm.{name}", raise_if_not_found=False)
            if reason and reason.kind == "other":
                reason.kind = kind
