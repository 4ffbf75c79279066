# Listen: until one of the participant's people does something.
from datetime import datetime

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime

from ....tools.domains import parse_domain
from ....tools.moments import add_duration
from .journey_kind import Later, Move


class JourneyKindListen(models.AbstractModel):
    """Rests participants until any of their people does one of the node's activities after the arrival; the first one
    wins. A path of its own may be given to some of the activities. (Adobe Journey Optimizer B2B Edition, listen for an
    event.)

    The timeout is off at 0. When it comes, the participant takes the timeout path; without one, the journey is
    completed. What happened before the timeout counts even if the engine sees it later.

    Nobody who rests here costs anything: ``journey.engine._wake`` makes participants due when an activity comes.
    """

    _name = "journey.kind.listen"
    _inherit = "journey.kind"
    _description = "Journey Step: Listen"

    _sequence = 40
    _outcomes = ("next", "timeout", "branch")
    _pauses = True

    def _get_label(self):
        return self.env._("Listen for an Event")

    def _get_summary(self, node):
        activities = ", ".join(node.activity_type_ids.mapped("name")) or "…"
        if not node._has_timeout():
            return self.env._("Listen for: %(activities)s", activities=activities)
        if node.timeout_type == "date":
            return self.env._(
                "Listen for: %(activities)s, until %(date)s",
                activities=activities,
                date=format_datetime(self.env, node.timeout_date),
            )
        if node.timeout_value == 1:
            once = {
                "minutes": self.env._("Listen for: %(activities)s, for 1 minute", activities=activities),
                "hours": self.env._("Listen for: %(activities)s, for 1 hour", activities=activities),
                "days": self.env._("Listen for: %(activities)s, for 1 day", activities=activities),
                "weeks": self.env._("Listen for: %(activities)s, for 1 week", activities=activities),
                "months": self.env._("Listen for: %(activities)s, for 1 month", activities=activities),
            }
            return once.get(node.timeout_unit, "…")
        return self.env._(
            "Listen for: %(activities)s, for %(value)s %(unit)s",
            activities=activities,
            value=node.timeout_value,
            unit=dict(node._fields["timeout_unit"]._description_selection(self.env)).get(node.timeout_unit, "").lower(),
        )

    def _get_errors(self, node):
        errors = []
        if not node.activity_type_ids:
            errors.append(self.env._("Choose what to listen for."))
        if node.model_name not in ("buying.group", "res.partner") and not node.journey_id._has_partner():
            errors.append(
                self.env._("%(model)s has no contact that could do anything.", model=node.journey_id.model_id.name)
            )
        if node.timeout_type == "duration":
            if node.timeout_value < 0 or (node.timeout_value and not node.timeout_unit):
                errors.append(self.env._("The timeout cannot be negative."))
            elif node.timeout_value:
                errors += self.env["journey.kind.wait"]._get_duration_errors(node.timeout_value, node.timeout_unit)
        if not node._has_timeout() and node.out_edge_ids.filtered(lambda edge: edge.outcome == "timeout"):
            errors.append(self.env._("There is a path for the timeout, but no timeout."))
        for edge in self._get_paths(node):
            if not edge.activity_type_ids or edge.activity_type_ids - node.activity_type_ids:
                errors.append(
                    self.env._(
                        "Path %(path)s: choose some of the activities that this step listens for.",
                        path=edge._get_label(),
                    )
                )
        try:
            env = node.journey_id._as_responsible().env
            env["engagement.activity"].search(parse_domain(env, "engagement.activity", node.activity_domain), limit=1)
        except UserError as error:
            errors.append(str(error))
        return errors

    def _process(self, node, participants):
        now = fields.Datetime.now()
        records = self._get_records(node, participants)
        self._set_arrival(participants)
        ends = {participant.id: self._get_timeout(node, participant, now) for participant in participants}
        events = self._get_events(node, participants, records, ends)
        paths = self._get_paths(node)
        result = {}
        for participant in participants:
            end = ends[participant.id]
            if participant.id not in records:
                result[participant.id] = self._gone()
            elif event := events.get(participant.id):
                edge = paths.filtered(lambda edge, kind=event.type_id: kind in edge.activity_type_ids)[:1]
                result[participant.id] = Move(
                    "branch" if edge else "next", reason=event.sudo().display_name, edge_id=edge.id or None
                )
            elif participant._is_let_through():
                result[participant.id] = Move(state="skipped", reason=self.env._("Let through by hand."))
            elif end and end <= now:
                result[participant.id] = Move("timeout", reason=self.env._("Nothing happened in time."))
            else:
                result[participant.id] = Later(end)
        return result

    def _set_arrival(self, participants):
        """The first step of a journey is arrived at by entering it."""
        fresh = participants.filtered(lambda participant: not participant.arrived_at)
        if fresh:
            self.env.cr.execute(
                SQL(
                    """
                UPDATE journey_participant entered
                   SET arrived_at = entered_at,
                       arrived_after = COALESCE(
                           (SELECT id FROM engagement_activity WHERE date <= entered.entered_at
                          ORDER BY id DESC LIMIT 1), 0)
                 WHERE entered.id = ANY(%s)
                    """,
                    fresh.ids,
                )
            )
            fresh.invalidate_recordset(["arrived_at", "arrived_after"])

    def _get_timeout(self, node, participant, now):
        """When the participant waits no longer: naive UTC, or ``None``."""
        if not node._has_timeout():
            return None
        arrival = participant.arrived_at or participant.waiting_since or now
        if node.timeout_type == "date":
            moment = node.timeout_date
        else:
            moment = add_duration(arrival, node.timeout_value, node.timeout_unit, node.until_tz)
        return node._get_end(moment, arrival)

    def _get_events(self, node, participants, records, ends):
        """The first activity that each participant was waiting for: ``{participant id: engagement.activity}``"""
        if not records or not node.activity_type_ids:
            return {}
        everybody = next(iter(records.values())).union(*records.values())
        people = self._get_active_people(node, everybody)
        there = participants.filtered(lambda participant: participant.id in records)
        found = self._get_activities_sql(
            node,
            node.activity_type_ids,
            {participant.id: people[participant.res_id] for participant in there},
            {participant.id: participant.res_id for participant in there},
            {participant.id: (participant.arrived_at, participant.arrived_after) for participant in there},
        )
        Activity = node.sudo(False).env["engagement.activity"]
        visible = Activity._search(parse_domain(self.env, "engagement.activity", node.activity_domain))
        self.env.cr.execute(
            SQL(
                """
            SELECT DISTINCT ON (found.key) found.key, found.id
              FROM (%s) found
              JOIN unnest(%s::int[], %s::timestamp[]) AS limits(key, ends_at) ON limits.key = found.key
             WHERE found.date <= limits.ends_at AND found.id IN %s
          ORDER BY found.key, found.date, found.id
                """,
                found,
                there.ids,
                [ends[participant.id] or datetime.max for participant in there],
                visible.subselect(),
            )
        )
        return {key: Activity.browse(activity_id) for key, activity_id in self.env.cr.fetchall()}
