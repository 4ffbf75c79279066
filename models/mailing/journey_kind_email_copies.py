# The email step: what keeps a mail with copies from being published.
from odoo import models


class JourneyKindEmail(models.AbstractModel):
    _inherit = "journey.kind.email"

    def _get_errors(self, node):
        errors = super()._get_errors(node)
        mailing = node.mailing_id
        if mailing.cc_slot_ids and not mailing._is_cc_enabled():
            errors.append(
                self.env._("The mail has CC recipients, which are switched off in the settings of Buying Journeys.")
            )
        return errors
