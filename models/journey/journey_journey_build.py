# Building on the form: a new step at the end, connecting in order, and the review before publishing.
from odoo import models
from odoo.exceptions import UserError


class JourneyJourney(models.Model):
    _inherit = "journey.journey"

    def action_add_step(self):
        """Button: a dialog for a new step at the end of the draft, or of the last path that may go on."""
        self.ensure_one()
        version = self.draft_version_id
        if not version:
            raise UserError(self.env._("%(journey)s is published; its steps stay as they are.", journey=self.name))
        steps = version.node_ids.concat(*reversed(version._get_order())) if version.node_ids else version.node_ids
        after = steps._get_open_ends()[-1:]
        if not after and steps:  # everything comes to an end already: offer the place before the last one
            last = version.node_ids.browse(version._get_order()[-1].id)
            after = last.in_edge_ids.source_id[:1] or last
        return after._get_add_action(version)

    def action_connect_steps(self):
        """Button: connect each step without a next one to the step below it."""
        self.draft_version_id._connect_in_order()
        return True

    def action_review(self):
        """Button: everything that keeps the draft from being published, each with its step; if there is nothing, the
        question whether to publish, and what becomes of those inside."""
        self.ensure_one()
        self.check_access("write")
        if not self.draft_version_id:
            raise UserError(self.env._("%(journey)s is published already.", journey=self.name))
        return self.env["journey.publish"].create({"journey_id": self.id})._show()


class JourneyNode(models.Model):
    _inherit = "journey.node"

    def _get_add_action(self, version):
        """The dialog for a new step behind this one, or at the start."""
        place = False
        if self:
            place = "branch" if self.kind in ("split", "variant") else self._get_main_outcome()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add a Step"),
            "res_model": "journey.node",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_version_id": version.id,
                "default_after_id": self.id,
                "default_place": place,
                "dialog_size": "large",
            },
        }

    def action_add_after(self):
        """Button: a dialog for a new step behind this one."""
        self.ensure_one()
        if not self._get_allowed_outcomes():
            raise UserError(self.env._("Nothing can follow “%(step)s”.", step=self.name))
        return self._get_add_action(self.version_id)

    def action_change(self):
        """Button: a dialog to move, copy, replace or delete this step."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "journey.step.change",
            "view_mode": "form",
            "target": "new",
            "context": {"default_node_id": self.id},
        }
