# Names: for copies, for messages, and names that say nothing.
from odoo.exceptions import UserError

SHOWN = 10


def name_of_copy(record):
    """Return a name for a copy of this record that no other record of its model has, whatever the case.

    :rtype: str
    """
    env, name, number = record.env, record.env._("%(name)s (copy)", name=record.name), 1
    everything = record.sudo().with_context(active_test=False)
    while everything.search_count([("name", "=ilike", _literally(name))], limit=1):
        number += 1
        name = env._("%(name)s (copy %(number)s)", name=record.name, number=number)
    return name


def _literally(text):
    """The pattern that matches exactly this text."""
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def names_for(env, records):
    """Return the names of records for a message, only of those that the current user may read; the others are counted.

    :param env: environment of the user who gets the message
    :rtype: list[str]
    """
    visible = records.sudo(False).with_env(env)._filtered_access("read")
    names = visible[:SHOWN].mapped("display_name")
    hidden = len(records) - len(names)
    return names + ([env._("%(count)s more", count=hidden)] if hidden else [])


def check_name(records):
    """:raise UserError: a record has a name of nothing but spaces"""
    if any(not (record.name or "").strip() for record in records):
        raise UserError(records.env._("Enter a name."))
