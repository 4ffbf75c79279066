# Wait: for a duration or until a date.
from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.tools import format_datetime

from .journey_kind import Later, Move

# far more than anybody waits, and still a date that can be stored
LONGEST_WAIT = relativedelta(years=50)


class JourneyKindWait(models.AbstractModel):
    """Waits for a duration, counted from arrival, or until a date; a date in the past does not hold anybody up."""

    _name = "journey.kind.wait"
    _inherit = "journey.kind"
    _description = "Journey Step: Wait"

    _sequence = 30
    _pauses = True

    def _get_label(self):
        return self.env._("Wait")

    def _get_summary(self, node):
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

    def _get_errors(self, node):
        if node.wait_type == "date" and not node.wait_date:
            return [self.env._("Choose the date to wait for.")]
        if node.wait_type == "duration" and (node.wait_value < 0 or not node.wait_unit):
            return [self.env._("The waiting time cannot be negative.")]
        if node.wait_type == "duration":
            now = fields.Datetime.now()
            try:
                too_long = now + relativedelta(**{node.wait_unit: node.wait_value}) > now + LONGEST_WAIT
            except (OverflowError, ValueError):
                too_long = True
            if too_long:
                return [self.env._("The waiting time is too long.")]
        return []

    def _process(self, node, participants):
        now = fields.Datetime.now()
        if node.wait_type == "date":
            until = node.wait_date
        else:
            until = now + relativedelta(**{node.wait_unit: node.wait_value})
        return {
            participant.id: Move() if participant.waiting_since or until <= now else Later(until)
            for participant in participants
        }
