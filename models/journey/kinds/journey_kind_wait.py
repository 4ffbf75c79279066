# Wait: for a duration, until a date, or until a date of the record.
from datetime import datetime, time
from zoneinfo import ZoneInfo

from odoo import fields, models
from odoo.tools import format_datetime

from ....tools.moments import add_duration, to_utc
from ..journey_node_until import LONGEST_WAIT
from .journey_kind import Later, Leave, Move


class JourneyKindWait(models.AbstractModel):
    """Waits for a duration, counted from arrival, until a date, or until a date of the record with an offset; then, if
    it must, on for the next allowed weekday and time of day. A date in the past does not hold anybody up. If the
    record's date is put off while somebody waits for it, they wait for the new one.
    """

    _name = "journey.kind.wait"
    _inherit = "journey.kind"
    _description = "Journey Step: Wait"

    _sequence = 30
    _batch_size = 5000
    _pauses = True

    def _get_label(self):
        return self.env._("Wait")

    def _get_summary(self, node):
        text = self._get_main_summary(node)
        if node._must_end_on():
            return self.env._("%(wait)s, then until %(time)s", wait=text, time=node._get_until_text())
        return text

    def _get_main_summary(self, node):
        if node.wait_type == "field":
            return self._get_field_summary(node)
        if node.wait_type == "date":
            return self.env._(
                "Wait until %(date)s", date=format_datetime(self.env, node.wait_date) if node.wait_date else "…"
            )
        if node.wait_value == 1:
            return {
                "minutes": self.env._("Wait 1 minute"),
                "hours": self.env._("Wait 1 hour"),
                "days": self.env._("Wait 1 day"),
                "weeks": self.env._("Wait 1 week"),
                "months": self.env._("Wait 1 month"),
            }.get(node.wait_unit)
        units = dict(node._fields["wait_unit"]._description_selection(self.env))
        return self.env._("Wait %(value)s %(unit)s", value=node.wait_value, unit=units.get(node.wait_unit, "").lower())

    def _get_field_summary(self, node):
        values = {
            "date": node.wait_field_id.sudo().field_description or "…",
            "value": node.wait_offset_value,
            "unit": dict(node._fields["wait_offset_unit"]._description_selection(self.env))
            .get(node.wait_offset_unit, "")
            .lower(),
        }
        if not node.wait_offset_value:
            return self.env._("Wait for “%(date)s”", **values)
        if node.wait_offset_direction == "before":
            return self.env._("Wait until %(value)s %(unit)s before “%(date)s”", **values)
        return self.env._("Wait until %(value)s %(unit)s after “%(date)s”", **values)

    def _get_errors(self, node):
        now = fields.Datetime.now()
        if node.wait_type == "field":
            return self._get_field_errors(node)
        if node.wait_type == "date":
            if not node.wait_date:
                return [self.env._("Choose the date to wait for.")]
            return [self.env._("The waiting time is too long.")] if node.wait_date > now + LONGEST_WAIT else []
        if node.wait_value < 0 or not node.wait_unit:
            return [self.env._("The waiting time cannot be negative.")]
        return self._get_duration_errors(node.wait_value, node.wait_unit)

    def _get_duration_errors(self, value, unit):
        now = fields.Datetime.now()
        try:
            too_long = add_duration(now, value, unit) > now + LONGEST_WAIT
        except (OverflowError, ValueError):
            too_long = True
        return [self.env._("The waiting time is too long.")] if too_long else []

    def _get_field_errors(self, node):
        field = node.wait_field_id.sudo()
        if not field:
            return [self.env._("Choose the date of the record to wait for.")]
        if field.model != node.model_name or field.ttype not in ("date", "datetime"):
            return [self.env._("%(field)s is no date of the participants.", field=field.field_description)]
        if node.wait_offset_value < 0 or not node.wait_offset_unit:
            return [self.env._("The offset cannot be negative; choose “before” instead.")]
        Model = node.journey_id._as_responsible().env[node.model_name]
        if not Model._has_field_access(Model._fields[field.name], "read"):
            return [
                self.env._(
                    "%(user)s may not read %(field)s.",
                    user=node.journey_id.user_id.name,
                    field=field.field_description,
                )
            ]
        return self._get_duration_errors(node.wait_offset_value, node.wait_offset_unit)

    def _process(self, node, participants):
        if node.wait_type == "field":
            return self._process_field(node, participants)
        now = fields.Datetime.now()
        if node.wait_type == "date":
            moment = node.wait_date
        else:
            moment = add_duration(now, node.wait_value, node.wait_unit, node.until_tz)
        until = node._get_end(moment, now)
        if until <= now:
            return dict.fromkeys(participants.ids, Move())
        participants.fetch(["waiting_since", "let_through_visit", "visit"])
        over, by_hand, wait = Move(), self._by_hand(), Later(until)
        return {
            participant.id: wait
            if not participant.waiting_since
            else by_hand
            if participant._is_let_through()
            else over
            for participant in participants
        }

    def _by_hand(self):
        """For whoever waited less than the step says, since somebody let them go on."""
        return Move(reason=self.env._("Let through by hand."))

    def _process_field(self, node, participants):
        now = fields.Datetime.now()
        records = self._get_records(node, participants)
        participants.fetch(["waiting_since", "let_through_visit", "visit"])
        result = {}
        for participant in participants:
            record = records.get(participant.id)
            if record is None:
                result[participant.id] = self._gone()
                continue
            moment = self._get_field_moment(node, record)
            if moment is None:
                result[participant.id] = Move(state="skipped", reason=self.env._("The record has no such date."))
            elif moment > now + LONGEST_WAIT:
                result[participant.id] = Leave(
                    self.env._("The waiting time is too long."), state="failed", participant_state="failed"
                )
            elif participant.waiting_since and participant._is_let_through():
                result[participant.id] = self._by_hand()
            elif participant.waiting_since and moment <= now:
                # over: the allowed time of day was waited for already
                result[participant.id] = Move()
            else:
                until = node._get_end(moment, now)
                result[participant.id] = Move() if until <= now else Later(until)
        return result

    def _get_field_moment(self, node, record):
        """The naive UTC moment that this record makes the step wait for; ``None`` without a date."""
        value = record[node.wait_field_id.sudo().name]
        if not value:
            return None
        tz = node._get_until_tz()
        if not isinstance(value, datetime):
            value = to_utc(datetime.combine(value, time(), tzinfo=ZoneInfo(tz)))
        offset = node.wait_offset_value * (-1 if node.wait_offset_direction == "before" else 1)
        try:
            return add_duration(value, offset, node.wait_offset_unit, tz) if offset else value
        except (OverflowError, ValueError):
            return datetime.max if offset > 0 else datetime.min
