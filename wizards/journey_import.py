# Wizard: make a journey from a file, or from one of the ready-made ones.
import base64
import binascii
import json

from odoo import api, fields, models
from odoo.exceptions import UserError

MAX_SIZE = 10 * 1024 * 1024


class JourneyImport(models.TransientModel):
    """Reads the JSON that a journey was exported to, or a ready-made one of ``journey.ready.made``;
    :meth:`journey.journey.import_data_dict` checks and makes everything."""

    _name = "journey.import"
    _description = "New Journey from a File"

    origin = fields.Selection(
        [("template", "A Ready-Made Journey"), ("file", "A File")], "Made From", default="template", required=True
    )
    template = fields.Selection(selection="_selection_template", string="Journey", default="welcome_group")
    template_description = fields.Char(compute="_compute_template_description")
    file = fields.Binary(attachment=False)
    file_name = fields.Char()

    @api.model
    def _selection_template(self):
        return [(key, texts["name"]) for key, texts in self.env["journey.ready.made"]._get_catalogue().items()]

    @api.depends("template")
    @api.depends_context("lang")
    def _compute_template_description(self):
        catalogue = self.env["journey.ready.made"]._get_catalogue()
        for wizard in self:
            wizard.template_description = catalogue[wizard.template]["hint"] if wizard.template else False

    def action_import(self):
        """Button: make the draft and open it."""
        self.ensure_one()
        journey = self.env["journey.journey"].import_data_dict(self._read())
        return {
            "type": "ir.actions.act_window",
            "res_model": "journey.journey",
            "res_id": journey.id,
            "view_mode": "form",
        }

    def _read(self):
        """:raise UserError: there is no file, or it is no JSON"""
        if self.origin == "template":
            if not self.template:
                raise UserError(self.env._("Choose a journey."))
            return self.env["journey.ready.made"]._load(self.template)
        if not self.file:
            raise UserError(self.env._("Choose a file."))
        try:
            content = base64.b64decode(self.file)
            if len(content) > MAX_SIZE:
                raise UserError(self.env._("The file is too large: 10 MB at most."))
            return json.loads(content.decode("utf-8-sig"))
        except json.JSONDecodeError as error:
            raise UserError(
                self.env._(
                    "The file is no JSON: something is wrong in line %(line)s, column %(column)s.",
                    line=error.lineno,
                    column=error.colno,
                )
            ) from error
        except (ValueError, binascii.Error, RecursionError) as error:
            raise UserError(self.env._("The file is no JSON text.")) from error
