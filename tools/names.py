# Names for copies of records whose names must be unique.


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
