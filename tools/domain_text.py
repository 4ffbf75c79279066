# A condition in words: names of fields, operators and values instead of a raw filter.
from datetime import date, datetime

from odoo.fields import Domain
from odoo.tools import format_date, format_datetime, format_list

SHOWN_VALUES = 8


def domain_to_text(env, model_name, domain):
    """A condition in the language of ``env``, with the names of fields and values that its user may read.

    :param Domain domain: as :func:`~.domains.parse_domain` returns it
    :rtype: str
    """
    domain = Domain(domain)
    if domain.is_true():
        return env._("everybody")
    if domain.is_false():
        return env._("nobody")
    if hasattr(domain, "children"):
        inner = [_nest(env, model_name, child) for child in domain.children]
        return format_list(env, inner, "or" if domain.OPERATOR == "|" else "standard")
    if hasattr(domain, "child"):
        return env._("not (%(condition)s)", condition=domain_to_text(env, model_name, domain.child))
    return _condition_to_text(env, model_name, domain.field_expr, domain.operator, domain.value)


def _nest(env, model_name, domain):
    text = domain_to_text(env, model_name, domain)
    return f"({text})" if hasattr(domain, "children") else text


def _condition_to_text(env, model_name, path, operator, value):
    if path == "id" and operator in ("in", "=", "not in", "!="):
        field_label, field, Model = env["ir.model"]._get(model_name).name, None, env[model_name]
    else:
        field_label, field, Model = _read_path(env, model_name, path)
    if operator in ("any", "not any", "any!", "not any!"):
        comodel = field.comodel_name if field is not None and field.comodel_name else model_name
        inner = domain_to_text(env, comodel, value) if isinstance(value, (list, tuple, Domain)) else str(value)
        if operator.startswith("not"):
            return env._("%(field)s: none with %(condition)s", field=field_label, condition=inner)
        return env._("%(field)s: at least one with %(condition)s", field=field_label, condition=inner)
    values = list(value) if isinstance(value, (list, tuple, set, frozenset)) or hasattr(value, "__iter__") else [value]
    if isinstance(value, str):
        values = [value]
    positive = operator in ("=", "in", "=?")
    if operator in ("=", "!=", "in", "not in") and field is not None and field.type == "boolean" and len(values) == 1:
        yes = bool(values[0]) == positive
        return env._("%(field)s: yes", field=field_label) if yes else env._("%(field)s: no", field=field_label)
    if operator in ("=", "!=", "in", "not in") and values in ([False], [None]):
        if positive:
            return env._("%(field)s is not set", field=field_label)
        return env._("%(field)s is set", field=field_label)
    facts = {"field": field_label, "value": _values_to_text(env, Model, field, values)}
    sentences = {
        "=": lambda: env._("%(field)s is %(value)s", **facts),
        "!=": lambda: env._("%(field)s is not %(value)s", **facts),
        "<": lambda: env._("%(field)s is less than %(value)s", **facts),
        "<=": lambda: env._("%(field)s is at most %(value)s", **facts),
        ">": lambda: env._("%(field)s is more than %(value)s", **facts),
        ">=": lambda: env._("%(field)s is at least %(value)s", **facts),
        "like": lambda: env._("%(field)s contains %(value)s", **facts),
        "not like": lambda: env._("%(field)s does not contain %(value)s", **facts),
        "=like": lambda: env._("%(field)s matches %(value)s", **facts),
        "not =like": lambda: env._("%(field)s does not match %(value)s", **facts),
        "child_of": lambda: env._("%(field)s is %(value)s or below", **facts),
        "parent_of": lambda: env._("%(field)s is %(value)s or above", **facts),
    }
    if field is not None and field.type in ("date", "datetime"):
        sentences |= {
            "<": lambda: env._("%(field)s is before %(value)s", **facts),
            "<=": lambda: env._("%(field)s is not after %(value)s", **facts),
            ">": lambda: env._("%(field)s is after %(value)s", **facts),
            ">=": lambda: env._("%(field)s is not before %(value)s", **facts),
        }
    key = {"in": "=", "not in": "!=", "=?": "=", "<>": "!=", "==": "="}.get(operator, operator)
    key = key.replace("ilike", "like")
    return sentences[key]() if key in sentences else f"{field_label} {operator} {facts['value']}"


def _read_path(env, model_name, path):
    """:return: ``(labels of the fields of the path, the last field or None, the model of its values or None)``"""
    Model, labels, field = env[model_name], [], None
    for name in path.split("."):
        field = Model._fields.get(name) if Model is not None else None
        if field is None:  # a part of a date or a property
            labels.append(name)
            continue
        labels.append(field.get_description(env, ["string"])["string"])
        if field.comodel_name:
            Model = env[field.comodel_name]
        else:
            Model = None
    return " › ".join(labels), field, Model


def _values_to_text(env, Model, field, values):
    shown = values[:SHOWN_VALUES]
    if Model is not None and all(type(value) is int for value in shown):
        # what the reader may not see stays a number of records
        readable = Model.with_context(active_test=False).search([("id", "in", shown)]) if shown else Model
        texts = readable.mapped("display_name")
        hidden = len(values) - len(readable)
    else:
        selection = dict(field._description_selection(env)) if field is not None and field.type == "selection" else {}
        texts = [_value_to_text(env, selection, field, value) for value in shown]
        hidden = len(values) - len(shown)
    if hidden:
        texts.append(env._("%(count)s more", count=hidden) if texts else env._("%(count)s hidden", count=hidden))
    return format_list(env, texts, "or") if texts else env._("nothing")


def _value_to_text(env, selection, field, value):
    if (value in (False, None) and not isinstance(value, (int, float))) or value is False:
        return env._("not set")
    if value in selection:
        return selection[value]
    if isinstance(value, datetime) or (isinstance(value, str) and field is not None and field.type == "datetime"):
        return _format(format_datetime, env, value)
    if isinstance(value, date) or (isinstance(value, str) and field is not None and field.type == "date"):
        return _format(format_date, env, value)
    return f"“{value}”" if isinstance(value, str) else str(value)


def _format(formatter, env, value):
    try:
        return formatter(env, value)
    except ValueError:  # relative ones, such as "today -7d"
        return str(value)
