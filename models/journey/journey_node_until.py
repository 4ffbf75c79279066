# When a wait, or a timeout, may end: weekdays, time of day and time zone.
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.base.models.res_partner import _tz_get

from ...tools.moments import get_next_slot

# far more than anybody waits, and still a date that can be stored
LONGEST_WAIT = relativedelta(years=50)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class JourneyNode(models.Model):
    """ "Must end on" (Adobe Journey Optimizer B2B Edition, wait nodes): when the waiting is over, the participant moves
    at the next allowed time on the next allowed weekday, counted in a time zone. Without a time that is midnight."""

    _inherit = "journey.node"

    until_weekdays = fields.Char(
        "Weekdays",
        compute="_compute_until_weekdays",
        inverse="_inverse_until_weekdays",
        help="On which days it may end: numbers, Monday is 0, separated by commas. Empty means any day.",
    )
    until_monday = fields.Boolean("Monday")
    until_tuesday = fields.Boolean("Tuesday")
    until_wednesday = fields.Boolean("Wednesday")
    until_thursday = fields.Boolean("Thursday")
    until_friday = fields.Boolean("Friday")
    until_saturday = fields.Boolean("Saturday")
    until_sunday = fields.Boolean("Sunday")
    until_time = fields.Float("Time of Day", digits=False, help="In hours: 9.5 is half past nine. 0 is midnight.")
    until_tz = fields.Selection(_tz_get, "Time Zone", help="Empty means the time zone of the responsible user, or UTC.")

    @api.depends(*(f"until_{day}" for day in WEEKDAYS))
    def _compute_until_weekdays(self):
        for node in self:
            node.until_weekdays = ",".join(str(day) for day in sorted(node._get_until_days())) or False

    def _inverse_until_weekdays(self):
        for node in self:
            wanted = {part.strip().lower() for part in (node.until_weekdays or "").split(",") if part.strip()}
            days = {day for day, name in enumerate(WEEKDAYS) if {str(day), name, name[:3]} & wanted}
            if len(days) != len(wanted):
                raise UserError(
                    self.env._(
                        "%(text)s are no weekdays. Enter numbers from 0 (Monday) to 6 (Sunday), separated by commas.",
                        text=node.until_weekdays,
                    )
                )
            node.update({f"until_{name}": day in days for day, name in enumerate(WEEKDAYS)})

    @api.constrains("until_time")
    def _check_until_time(self):
        for node in self:
            if node.until_time < 0 or round(node.until_time * 60) >= 24 * 60:
                raise UserError(self.env._("%(step)s: enter a time of day between 00:00 and 23:59.", step=node.name))

    def _get_until_days(self):
        """Numbers of the allowed weekdays, Monday is 0; empty means any day."""
        self.ensure_one()
        return {day for day, name in enumerate(WEEKDAYS) if self[f"until_{name}"]}

    def _must_end_on(self):
        """Whether the end of the wait is bound to a weekday or a time of day."""
        self.ensure_one()
        return bool(self._get_until_days() or self.until_time or self.until_tz)

    def _get_until_tz(self):
        """Name of the time zone that this step's dates are meant in."""
        self.ensure_one()
        return self.until_tz or self.journey_id.sudo().user_id.tz or "UTC"

    def _get_end(self, moment, now):
        """When a wait for ``moment`` ends: then, or at the next allowed day and time. What is over does not hold
        anybody up longer than until the next allowed time.

        :param datetime moment: naive UTC, like ``now`` and the result
        """
        self.ensure_one()
        if not self._must_end_on():
            return moment
        return get_next_slot(max(moment, now), self._get_until_days(), self.until_time, self._get_until_tz())

    def _get_until_text(self):
        """ "Monday, Friday 09:00", or nothing."""
        self.ensure_one()
        if not self._must_end_on():
            return ""
        names = [self._fields[f"until_{WEEKDAYS[day]}"]._description_string(self.env) for day in self._get_until_days()]
        hours, minutes = divmod(round(self.until_time * 60), 60)
        zone = f" ({self.until_tz})" if self.until_tz else ""
        return f"{', '.join(names)} {hours:02}:{minutes:02}{zone}".strip()
