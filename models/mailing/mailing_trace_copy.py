# Copies: what became of each CC.
from odoo import fields, models


class MailingTraceCopy(models.Model):
    """One CC of one mail.

    States:

    * ``sent``: the address stands in the Cc of the mail; it leaves with the primary's mail, or not at all.
    * ``skipped``: nobody was copied; ``reason`` says why. The primary got the mail all the same.
    """

    _name = "mailing.trace.copy"
    _description = "Copy of a Mail"
    _order = "trace_id, id"
    _rec_name = "email"

    trace_id = fields.Many2one("mailing.trace", "Primary Recipient", required=True, index=True, ondelete="cascade")
    mailing_id = fields.Many2one("mailing.mailing", required=True, index=True, ondelete="cascade")
    slot_id = fields.Many2one("mailing.cc.slot", ondelete="set null")
    primary_email = fields.Char(related="trace_id.email")
    email = fields.Char("Copy To")
    partner_id = fields.Many2one("res.partner", "Person", ondelete="set null")
    state = fields.Selection([("sent", "In Copy"), ("skipped", "Skipped")], required=True)
    reason = fields.Selection(
        [
            ("missing", "No email address"),
            ("invalid", "Not exactly one valid email address"),
            ("primary", "Is the primary recipient"),
            ("duplicate", "Copied already in this mail"),
            ("blacklisted", "Blacklisted address"),
        ]
    )
