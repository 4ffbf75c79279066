# Participants: one entry of one record into a journey.
from odoo import api, fields, models
from odoo.exceptions import AccessError


class JourneyParticipant(models.Model):
    """A token that stands on a node and is due at some time.

    States:

    * ``active``: inside the journey; the engine looks at it when ``due_at`` has come.
    * ``completed``: reached an end, or the journey's goal; ``exit_reason`` names the goal then.
    * ``exited``: left before the end; ``exit_reason`` says why.
    * ``failed``: a step failed for good; its trace says why.

    A record is inside a journey at most once at a time.
    """

    _name = "journey.participant"
    _description = "Journey Participant"
    _order = "id desc"

    journey_id = fields.Many2one("journey.journey", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="journey_id.company_id", store=True)
    version_id = fields.Many2one("journey.version", required=True, ondelete="cascade")
    res_model = fields.Char("Model", required=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", required=True)
    record_name = fields.Char("Participant", compute="_compute_record_name", compute_sudo=False)
    entry = fields.Integer(default=1, help="Counts the entries of the same record.")
    node_id = fields.Many2one("journey.node", "Step", index=True, ondelete="cascade")
    visit = fields.Integer(
        default=1, help="Counts the steps of this entry; each pass through a step is a visit of its own."
    )
    state = fields.Selection(
        [("active", "Active"), ("completed", "Completed"), ("exited", "Left"), ("failed", "Failed")],
        default="active",
        required=True,
    )
    due_at = fields.Datetime("Due", help="When the engine looks at this participant next.")
    waiting_since = fields.Datetime(help="Set while the step waits.")
    attempts = fields.Integer(help="Failed attempts at the present step.")
    exit_reason = fields.Char()
    goal_at = fields.Datetime("Reached the Goal On")
    entered_at = fields.Datetime("Entered On", default=fields.Datetime.now)
    left_at = fields.Datetime("Left On")
    trace_ids = fields.One2many("journey.trace", "participant_id", "Timeline")

    # at most one active entry per journey and record, also when two workers enrol at once
    _active_unique = models.UniqueIndex(
        "(journey_id, res_model, res_id) WHERE state = 'active'", "This record is inside the journey already."
    )
    # counts per journey, and whether anybody is inside; each index less makes every step faster
    _journey_state_idx = models.Index("(journey_id, state)")
    # who was inside before: asked at every enrolment
    _record_idx = models.Index("(res_model, res_id, journey_id)")
    # the queue of the engine: only active tokens are in it, so that finished ones cost nothing
    _due_idx = models.Index("(node_id, due_at, id) WHERE state = 'active'")

    @api.depends("res_model", "res_id")
    def _compute_record_name(self):
        """One query per model; what the user may not read stays unnamed."""
        for model_name, participants in self.grouped("res_model").items():
            names = {}
            if model_name in self.env and self.env[model_name].has_access("read"):
                records = (
                    self.env[model_name]
                    .with_context(active_test=False)
                    .search([("id", "in", participants.mapped("res_id"))])
                )
                names = {record.id: record.display_name for record in records}
            for participant in participants:
                participant.record_name = names.get(participant.res_id) or self.env._("Not accessible or deleted")

    @api.depends("journey_id.name", "res_model", "res_id")
    def _compute_display_name(self):
        for participant in self:
            participant.display_name = participant.record_name

    def write(self, vals):
        """:raise AccessError: somebody moves participants by hand; there are buttons for what may be done to them"""
        if not self.env.su:
            raise AccessError(self.env._("Participants are moved by their journey, or taken out by the button."))
        return super().write(vals)

    def _leave_all(self, journeys, reason):
        """Take every active participant out of these journeys in one statement."""
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE journey_participant
               SET state = 'exited', exit_reason = %s, left_at = %s, due_at = NULL, write_date = %s, write_uid = %s
             WHERE journey_id = ANY(%s) AND state = 'active'
        """,
            [reason, fields.Datetime.now(), fields.Datetime.now(), self.env.uid, journeys.ids],
        )
        self.invalidate_model()

    def _merge_records(self, gone, stays):
        """Let the entries of records that are merged into another one go on as its entries. Where both are inside a
        journey, the entry of the record that stays goes on alone.

        :param gone: records of one model that are about to be deleted
        :param stays: the record of the same model that stays
        """
        entries = self.sudo().search([("res_model", "=", stays._name), ("res_id", "in", (gone + stays).ids)])
        for alike in entries.filtered(lambda entry: entry.state == "active").grouped("journey_id").values():
            goes_on = alike.filtered(lambda entry: entry.res_id == stays.id) or alike
            (alike - goes_on[:1]).write(
                {
                    "state": "exited",
                    "exit_reason": self.env._("Merged with %(name)s", name=stays.display_name),
                    "left_at": fields.Datetime.now(),
                    "due_at": False,
                }
            )
        entries.flush_recordset()
        entries.filtered(lambda entry: entry.res_id != stays.id).write({"res_id": stays.id})

    def action_exit(self):
        """Button: take these participants out of the journey by hand."""
        self.check_access("write")
        self.sudo()._exit_now(self.env._("Taken out by %(user)s", user=self.env.user.name))
        return True

    def _exit_now(self, reason):
        """Take those of these participants that are inside out of their journeys.

        :return: those who left
        :rtype: journey.participant
        """
        active = self.filtered(lambda participant: participant.state == "active")
        active.write({"state": "exited", "exit_reason": reason, "left_at": fields.Datetime.now(), "due_at": False})
        if active:
            active._on_taken_out()
        return active

    def _get_left_early(self):
        """Those who left before their end, be it since they reached the goal, which is not the end of the way."""
        return self.filtered(
            lambda entry: entry.state == "exited" or (entry.state == "completed" and entry.exit_reason)
        )

    def _on_taken_out(self):
        """Called for a batch of participants in the transaction in which they left before their end: an exit rule or
        the goal took them out, their record is gone, or somebody decided it. Rooms above take back what the journey had
        in store for them.

        Not called for those who came to the end of their way or failed, nor for an entry that goes on as another one's
        after a merge. When a journey is aborted, everybody leaves by ``_leave_all``.
        """

    def action_skip_wait(self):
        """Button: let these participants go on now instead of waiting."""
        self.check_access("write")
        waiting = self.filtered(lambda participant: participant.state == "active" and participant.waiting_since).sudo()
        waiting.due_at = fields.Datetime.now()
        self.env["journey.engine"]._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("They go on within a minute."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_open_record(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }
