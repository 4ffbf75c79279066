# Wizard: make a journey from a file, or from one of the ready-made ones.
import base64
import binascii
import json
from pathlib import Path

from odoo import api, fields, models
from odoo.exceptions import UserError

FOLDER = Path(__file__).resolve().parents[1] / "data" / "journeys"
MAX_SIZE = 10 * 1024 * 1024


class JourneyImport(models.TransientModel):
    """Reads the JSON that a journey was exported to, or a file of ``data/journeys``, which is in the same format;
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
    def _get_templates(self):
        """``{file name: (name, description)}`` of the ready-made journeys."""
        return {
            "welcome_group": (
                self.env._("Welcome of a new buying group"),
                self.env._("Greets the members of each new buying group, and writes once more a week later."),
            ),
            "nurture_silent": (
                self.env._("Nurture of silent members"),
                self.env._("Writes to members of buying groups who show no engagement. Whoever reacts leaves."),
            ),
            "reminder_date": (
                self.env._("Reminder before a date"),
                self.env._("Writes to the contact of a lead before its expected closing date."),
            ),
            "reactivation": (
                self.env._("Bring back lost leads"),
                self.env._(
                    "Writes to lost leads for three weeks, by what they do with the mails. Whoever answers comes back."
                ),
            ),
        }

    @api.model
    def _selection_template(self):
        return [(key, name) for key, (name, _description) in self._get_templates().items()]

    @api.depends("template")
    @api.depends_context("lang")
    def _compute_template_description(self):
        templates = self._get_templates()
        for wizard in self:
            wizard.template_description = templates[wizard.template][1] if wizard.template else False

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
            return json.loads((FOLDER / f"{self.template}.json").read_text(encoding="utf-8"))
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
