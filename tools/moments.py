# Moments in time zones: durations through changes of the clock, and the next allowed day and time of day.
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

CALENDAR_UNITS = ("days", "weeks", "months")


def to_local(moment, tz):
    """:param moment: naive UTC; :return: aware, in the time zone named ``tz``"""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(tz or "UTC"))


def to_utc(local):
    """The naive UTC moment of an aware one. A time that a change of the clock skips comes as much later; one that
    comes twice is the first."""
    return local.astimezone(UTC).replace(tzinfo=None)


def add_duration(start, value, unit, tz=None):
    """Add a duration to a moment. With a time zone, days, weeks and months keep the time of day there, whatever the
    clock does in between; the end of a month stays one (31 January and a month is the last of February).

    :param datetime start: naive UTC
    :param int value: may be negative
    :param str unit: minutes, hours, days, weeks or months
    :return: naive UTC
    :raise OverflowError, ValueError: no date lies so far away
    """
    delta = relativedelta(**{unit: value})
    if unit in CALENDAR_UNITS and tz:
        local = to_local(start, tz)
        wanted = local.replace(tzinfo=None, fold=0) + delta
        return to_utc(wanted.replace(tzinfo=local.tzinfo))
    return start + delta


def get_next_slot(start, weekdays, hours, tz=None):
    """The first moment, not before ``start``, on one of the weekdays at a time of day.

    :param datetime start: naive UTC
    :param weekdays: numbers, Monday is 0; empty means any day
    :param float hours: time of day, e.g. 9.5 for half past nine
    :param str tz: name of the time zone that days and time are meant in
    :return: naive UTC
    """
    local = to_local(start, tz)
    minutes = round(hours * 60)
    at = time(minutes // 60, minutes % 60)
    # eight days: today's time may be over on the only weekday
    for offset in range(9):
        day = local.date() + timedelta(days=offset)
        if weekdays and day.weekday() not in weekdays:
            continue
        slot = to_utc(datetime.combine(day, at, tzinfo=local.tzinfo))
        if slot >= start:
            return slot
    raise ValueError("no weekday is allowed")
