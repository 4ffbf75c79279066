# Where the preflight of mails is opened from, and what is told of mails before a journey is published.
from odoo import api, fields, models
from odoo.exceptions import UserError


class MailingMailing(models.Model):
    _inherit = "mailing.mailing"

    def action_preflight(self):
        """Button: what would happen if this mail were sent now."""
        self.ensure_one()
        return self.env["mailing.preflight"].create({"mailing_id": self.id, "node_id": self.journey_node_id.id})._open()


class JourneyNode(models.Model):
    _inherit = "journey.node"

    def action_preflight(self):
        """Button: what would happen if everybody of the audience came to this step now."""
        self.ensure_one()
        if not self.mailing_id:
            raise UserError(self.env._("This step sends no mail."))
        return self.mailing_id.action_preflight()


class JourneyJourney(models.Model):
    _inherit = "journey.journey"

    def action_preflight(self):
        """Button: the preflight of each mail of the journey; of a single one at once."""
        self.ensure_one()
        nodes = self.shown_version_id.node_ids.filtered("mailing_id")
        if not nodes:
            raise UserError(self.env._("This journey sends no mails."))
        preflights = self.env["mailing.preflight"].create(
            [{"mailing_id": node.mailing_id.id, "node_id": node.id} for node in nodes]
        )
        if len(preflights) == 1:
            return preflights._open()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preflight of %(journey)s", journey=self.name),
            "res_model": "mailing.preflight",
            "view_mode": "list,kanban",
            "mobile_view_mode": "kanban",
            "domain": [("id", "in", preflights.ids)],
        }


class JourneyPublish(models.TransientModel):
    _inherit = "journey.publish"

    mail_warnings = fields.Text(
        compute="_compute_mail_warnings", help="What looks unfinished in the mails, but keeps nobody from publishing."
    )

    @api.depends("journey_id")
    def _compute_mail_warnings(self):
        for wizard in self:
            lines = []
            for node in wizard.journey_id.draft_version_id.node_ids.filtered("mailing_id"):
                found = node.mailing_id._get_body_findings()
                lines += [f"{node.name}: {text}" for level, text in found if level == "warning"]
            wizard.mail_warnings = "\n".join(lines)

    def action_preflight(self):
        """Button: the preflight of the new version's mails, before it goes live."""
        return self.journey_id.action_preflight()
