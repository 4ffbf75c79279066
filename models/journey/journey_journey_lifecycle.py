# The life cycle of journeys: publishing, pausing, closing, aborting; the states are told in journey_journey.py.
from odoo import models
from odoo.exceptions import AccessError, UserError


class JourneyJourney(models.Model):
    _inherit = "journey.journey"

    def _check_manager(self):
        """:raise AccessError: the current user may not run these journeys"""
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group("crm_buying_journey.group_manager"):
            raise AccessError(
                self.env._("Only managers of Buying Journeys may publish, pause, close or abort journeys.")
            )

    def action_publish(self):
        """Freeze the draft version and let the audience in.

        :return: ``True``
        :raise UserError: lists everything that is wrong with the journeys
        """
        self._check_manager()
        for journey in self:
            if journey.state != "draft":
                raise UserError(self.env._("%(journey)s is published already.", journey=journey.name))
            if not self.env.su:
                journey._check_no_escalation()
        errors = [error for journey in self for error in journey._get_publish_errors()]
        if errors:
            raise UserError(self.env._("The journey cannot be published yet:") + "\n- " + "\n- ".join(errors))
        for journey in self:
            version = journey.draft_version_id
            version._freeze()
            journey.sudo().write({"state": "live", "current_version_id": version.id, "draft_version_id": False})
        self.env["journey.engine"]._trigger(self.filtered("date_start").mapped("date_start"))
        return True

    def _get_publish_errors(self):
        """Everything that keeps this journey from going live, in the language of the current user.

        :rtype: list[str]
        """
        self.ensure_one()
        responsible = self._as_responsible()
        Model = responsible.env[self.model_name]
        if not Model.has_access("read"):
            return [self.env._("%(user)s may not read %(model)s.", user=self.user_id.name, model=self.model_id.name)]
        errors = []
        try:
            self._get_audience_domain()
        except UserError as error:
            errors.append(str(error))
        if not self.draft_version_id.node_ids:
            return errors + [self.env._("%(journey)s has no step.", journey=self.name)]
        return errors + self.draft_version_id._get_graph_errors()

    def _set_state(self, allowed, state):
        """:raise UserError: a journey is in none of the ``allowed`` states"""
        self._check_manager()
        labels = dict(self._fields["state"]._description_selection(self.env))
        for journey in self:
            if journey.state not in allowed:
                raise UserError(
                    self.env._(
                        "%(journey)s is %(state)s, so this is not possible.",
                        journey=journey.name,
                        state=labels[journey.state].lower(),
                    )
                )
        self.sudo().write({"state": state})
        return True

    def action_pause(self):
        """Stop entries and moves; waiting times run on."""
        return self._set_state(("live",), "paused")

    def action_resume(self):
        """Go on after a pause."""
        self._set_state(("paused",), "live")
        self.env["journey.engine"]._trigger()
        return True

    def action_close(self):
        """Let nobody in any more; those inside go on to their end."""
        self._set_state(("live", "paused"), "closed")
        self.env["journey.engine"]._trigger()
        return True

    def action_abort(self):
        """Take everybody out at once, for good."""
        self._set_state(("live", "paused", "closed"), "aborted")
        self.env["journey.participant"].sudo()._leave_all(self, self.env._("The journey was aborted."))
        return True
