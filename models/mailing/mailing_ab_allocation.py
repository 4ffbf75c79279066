# Allocations: who gets which arm.
from odoo import api, fields, models


class MailingAbAllocation(models.Model):
    """One recipient of an A/B test, drawn once and for good. Written in bulk by :meth:`mailing.ab.test._draw`.

    States:

    * ``excluded``: gets no mail for the reason given and was not drawn (journeys: was refused when the mail was made).
    * ``holdout``: drawn to get no mail.
    * ``held``: waits for the decision, which makes it ``assigned`` or ``dropped``.
    * ``assigned``: gets the mail of ``arm_id`` with the next run of the mailing queue.
    * ``mailed``: the mail was made; its trace says what became of it. Set in the transaction that makes the mail.
    * ``dropped``: the test was stopped, or its fallback is to send nothing more.
    """

    _name = "mailing.ab.allocation"
    _description = "Recipient of an A/B Test"
    _order = "id"
    _rec_name = "email"
    _log_access = False

    test_id = fields.Many2one("mailing.ab.test", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="test_id.company_id")
    arm_id = fields.Many2one("mailing.ab.arm", ondelete="cascade")
    phase = fields.Selection([("test", "Test"), ("rest", "Rest")], help="Whether drawn for the test or after it.")
    state = fields.Selection(
        [
            ("candidate", "To Be Drawn"),
            ("excluded", "Excluded"),
            ("holdout", "Hold-Out"),
            ("held", "Waits for the Decision"),
            ("assigned", "To Be Mailed"),
            ("mailed", "Mailed"),
            ("dropped", "Not Mailed"),
        ],
        required=True,
    )
    reason = fields.Selection("_selection_reason")
    res_model = fields.Char("Model", required=True)
    res_id = fields.Many2oneReference("Recipient", model_field="res_model", required=True)
    email = fields.Char()
    partner_id = fields.Many2one("res.partner", "Contact", ondelete="set null")
    date = fields.Datetime("Drawn On", required=True)

    _record_unique = models.UniqueIndex("(test_id, res_id)", "A recipient is drawn once.")
    # the queue asks for these, batch by batch
    _waiting = models.Index("(test_id, id) WHERE state IN ('assigned', 'candidate')")
    _email = models.Index("(test_id, email)")
    _arm = models.Index("(arm_id)")
    # contacts that are deleted or merged
    _partner = models.Index("(partner_id) WHERE partner_id IS NOT NULL")

    @api.model
    def _selection_reason(self):
        labels = self.env["mailing.consent"]._get_reason_labels()
        return [
            *labels.items(),
            ("expired", self.env._("Mail expired")),
            ("refused", self.env._("Refused when the mail was made")),
            ("unmatched", self.env._("Did not match the recipients' filter any more")),
        ]

    def action_open_record(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }
