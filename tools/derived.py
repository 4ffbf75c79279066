# Stored fields that follow from another field: a caller could give them all the same, by value or by context.


def without_derived(vals, names):
    """Values without those of ``names``."""
    return {name: value for name, value in vals.items() if name not in names}


def without_derived_defaults(context, names):
    """A context without defaults of ``names``."""
    return {key: value for key, value in context.items() if key.removeprefix("default_") not in names}
