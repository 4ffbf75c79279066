# A model that journeys run on cannot be deleted behind their back.
from odoo import api, models
from odoo.exceptions import UserError


class IrModel(models.Model):
    _inherit = "ir.model"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_journeys(self):
        journeys = (
            self.env["journey.journey"].sudo().with_context(active_test=False).search([("model_id", "in", self.ids)])
        )
        if journeys:
            raise UserError(
                self.env._(
                    "%(models)s cannot be deleted, because these journeys run on it: %(journeys)s. Delete those first.",
                    models=", ".join(journeys.model_id.mapped("name")),
                    journeys=", ".join(journeys.mapped("name")),
                )
            )
