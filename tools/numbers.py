# Numbers that people or programs send, checked before the database sees them.
import math

from odoo.exceptions import UserError


def get_number(env, value, name):
    """A number to compare with; nothing stands for 0.

    :param str name: what it is compared with, as people know it
    :rtype: int | float
    :raise UserError: it is no number
    """
    number = _parse(value or 0)
    if number is None or math.isnan(number):
        raise UserError(env._("%(name)s can only be compared with a number.", name=name))
    return number


def check_range(env, values, name, label, lowest, highest):
    """Refuse a whole number that is none, or that is out of bounds.

    :param dict values: of a record; without ``name`` there is nothing to check
    :param str label: what people call it
    :raise UserError: says the bounds
    """
    if name not in values:
        return
    number = _parse(values[name] or 0)
    if number is None or not math.isfinite(number) or number != int(number) or not lowest <= number <= highest:
        raise UserError(
            env._(
                "%(label)s must be a whole number from %(lowest)s to %(highest)s.",
                label=label,
                lowest=lowest,
                highest=highest,
            )
        )


def _parse(value):
    """As a number, or nothing."""
    if isinstance(value, int):
        return value
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None
