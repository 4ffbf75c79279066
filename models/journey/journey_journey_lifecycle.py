# The life cycle of journeys: publishing, pausing, closing, aborting; the states are told in journey_journey.py.
from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.modules import module

from .journey_engine import RETRYABLE
from .journey_journey_versions import EDITABLE


class JourneyJourney(models.Model):
    _inherit = "journey.journey"

    pause_mode = fields.Selection(
        [("runs", "Runs On"), ("stands", "Stands Still")],
        "While Paused, Waiting Time",
        default="runs",
        required=True,
        help="If it stands still, whoever waits for a duration waits longer by the length of the pause. Waits for a "
        "date end on their date in any case.",
    )
    paused_at = fields.Datetime("Paused On", readonly=True, copy=False)

    def _check_manager(self):
        """:raise AccessError: the current user may not run these journeys"""
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group("crm_buying_journey.group_manager"):
            raise AccessError(
                self.env._("Only managers of Buying Journeys may publish, pause, close or abort journeys.")
            )

    def action_publish(self, move_participants=False):
        """Freeze the draft version and let the audience in; on a live or paused journey, send new entries to it.

        :param bool move_participants: of a journey that was published before: let those inside stand on the same step
            of the new version, too
        :return: ``True``
        :raise UserError: lists everything that is wrong with the journeys
        """
        self._check_manager()
        for journey in self:
            if not journey.draft_version_id or journey.state not in ("draft", *EDITABLE):
                raise UserError(self.env._("%(journey)s is published already.", journey=journey.name))
            if not self.env.su:
                journey._check_no_escalation()
        errors = [error for journey in self for error in journey._get_publish_errors()]
        if errors:
            raise UserError(self.env._("The journey cannot be published yet:") + "\n- " + "\n- ".join(errors))
        for journey in self:
            journey._go_live(move_participants)
        self.env["journey.engine"]._trigger(self.filtered("date_start").mapped("date_start"))
        return True

    def _get_publish_errors(self):
        """Everything that keeps this journey from going live, in the language of the current user.

        :return: texts; those that lie in a step are instances of ``StepError``, which know it
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
        self._stand_still()
        self.sudo().write({"state": state, "paused_at": fields.Datetime.now() if state == "paused" else False})
        return True

    def _stand_still(self):
        """At the end of a pause: where waiting time stood still, whoever waits for a duration waits that much longer.
        One statement for all; who was due before the pause goes on at once."""
        paused = self.filtered(lambda journey: journey.state == "paused" and journey.pause_mode == "stands")
        if not paused:
            return
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE journey_participant participant
               SET due_at = participant.due_at + (%(now)s - journey.paused_at)
              FROM journey_journey journey, journey_node node
             WHERE journey.id = participant.journey_id AND node.id = participant.node_id
               AND journey.id IN %(journeys)s AND participant.state = 'active'
               AND participant.due_at > journey.paused_at
               AND NOT (node.kind = 'wait' AND node.wait_type != 'duration')
            """,
            {"now": fields.Datetime.now(), "journeys": tuple(paused.ids)},
        )
        self.env["journey.participant"].invalidate_model()

    def action_pause(self):
        """Stop entries and moves; ``pause_mode`` says whether waiting times run on."""
        return self._set_state(("live",), "paused")

    def action_resume(self):
        """Go on after a pause."""
        self._set_state(("paused",), "live")
        self.sudo().date_watermark = False
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
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                self.env["journey.participant"].sudo()._leave_all(self, self.env._("The journey was aborted."))
        except RETRYABLE:
            if module.current_test:
                raise
            # Workers are in the middle of their batches, and will be again at each further try: from now on they begin
            # none, and let those out whom they held.
            self.env["journey.engine"]._trigger()
        return True
