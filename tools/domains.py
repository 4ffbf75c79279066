# Reading the domains that people type or build in the domain editor.
import ast
import math

import psycopg2

from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

MAX_ID = 2**31 - 1
MAX_IDS = 1000


def check_domain(env, model_name, text):
    """Like :func:`parse_domain`, for domains that are about to be stored: also asks the database.

    :raise UserError: the domain is invalid, or compares a field with a value that is none of its kind
    """
    domain = parse_domain(env, model_name, text)
    try:
        _execute(env, lambda: env[model_name].sudo()._search(domain, limit=1).select())
    except UserError as error:
        raise UserError(
            env._("The condition %(domain)s does not work. %(error)s", domain=_shorten(text), error=str(error))
        ) from error


def get_missing_fields(env, model_name, text):
    """Which fields of a condition name records that do not exist any more, as one kept earlier may.

    :return: labels of the fields, sorted; none if the condition does not work at all
    :rtype: list[str]
    """
    try:
        domain = Domain(ast.literal_eval((text or "[]").strip()))
    except (ValueError, SyntaxError, TypeError):
        return []
    missing = set()
    for condition in domain.iter_conditions():
        field = env[model_name]._fields.get(condition.field_expr)
        if field is None or field.type not in ("many2one", "many2many", "one2many"):
            continue
        values = condition.value if isinstance(condition.value, (list, tuple, set)) else [condition.value]
        ids = {value for value in values if type(value) is int and 0 < value <= MAX_ID}
        if ids - set(env[field.comodel_name].sudo().browse(ids).exists().ids):
            missing.add(field._description_string(env))
    return sorted(missing)


def count_records(model, domain):
    """How many records match a condition that somebody typed; what the database says of it ends up in words.

    :param model: empty recordset, in the environment whose rights count
    :raise UserError: the database refuses the condition
    :raise AccessError: the user may not read these records
    """
    model.env.flush_all()
    return _execute(model.env, lambda: model._search(domain).select(SQL("COUNT(*)")))[0][0]


def _execute(env, get_query):
    """Run a statement that may be refused. The host would log an error about what is only somebody's typing mistake.

    A savepoint that flushes would, on a broken condition, also empty the cache with what is being edited in a form.

    :raise UserError: it was refused
    """
    try:
        with env.cr.savepoint(flush=False):
            env.cr.execute(get_query(), log_exceptions=False)
            return env.cr.fetchall()
    except psycopg2.errors.TransactionRollbackError:
        raise  # somebody else's change: the host tries the whole request again
    except (psycopg2.DataError, psycopg2.ProgrammingError) as error:
        raise UserError(env._("It compares values of different kinds.")) from error
    except (psycopg2.Error, ValueError, TypeError, OverflowError) as error:
        raise UserError(env._("The database refuses it: %(error)s", error=_shorten(str(error)))) from error


def parse_domain(env, model_name, text):
    """Return the domain written in ``text``, checked against ``model_name``.

    :param env: environment whose language the error is written in
    :param str model_name: model the domain is for
    :param text: a domain as Odoo's domain editor writes it (a literal; relative dates such as ``"today -7d"`` are
        text inside it); empty or ``False`` means "every record"
    :rtype: Domain
    :raise UserError: the text is no literal, is no domain, names a field that the model does not have, or holds what
        the database cannot store
    """
    if not text or (isinstance(text, str) and not text.strip()):
        return Domain.TRUE
    try:
        # literal_eval: a condition never runs code, whoever wrote it
        literal = ast.literal_eval(text.strip())
        _refuse_unstorable(env, literal)
        domain = Domain(literal)
        # building the query is what finds unknown fields and operators
        env[model_name].sudo()._search(domain)
    except (
        ValueError,  # also what cannot be written as UTF-8
        SyntaxError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
        MemoryError,
    ) as error:
        raise UserError(
            env._(
                "The condition %(domain)s is no valid filter on %(model)s: %(error)s",
                domain=_shorten(text),
                model=env["ir.model"]._get(model_name).name or model_name,
                error=_shorten(str(error)),
            )
        ) from error
    return domain


def _refuse_unstorable(env, value):
    """:raise ValueError: something in this literal is no value that a database knows"""
    if isinstance(value, (list, tuple, set)):
        for item in value:
            _refuse_unstorable(env, item)
    elif isinstance(value, str) and ("\0" in value or not _is_utf8(value)):
        raise ValueError(env._("a text holds characters that cannot be stored."))
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(env._("a number is too large."))


def _is_utf8(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shorten(text):
    """The beginning of a text, without what no screen can show."""
    return str(text)[:200].replace("\0", "").encode(errors="replace").decode()


def get_filters(env, filters):
    """Return the filters that a page of the web client sent.

    :param filters: as the page sent them; ``None`` for none
    :rtype: dict
    :raise UserError: they are no dictionary
    """
    if filters is None or filters is False:
        return {}
    if not isinstance(filters, dict):
        raise UserError(env._("The filters must be a dictionary of names and values."))
    return filters


def get_ids(env, filters, key, limit=MAX_IDS):
    """Return the ids that a page of the web client filters by; none if it does not.

    :param dict filters: as the page sent them
    :param limit: how many ids there may be, since each number on a page repeats them in its domain; ``None`` for any
    :rtype: list[int]
    :raise UserError: they are no list of ids, or too many
    """
    ids = filters.get(key) or []
    if not isinstance(ids, list) or not all(type(record_id) is int and 0 < record_id <= MAX_ID for record_id in ids):
        raise UserError(env._("The filter %(name)s must be a list of record ids.", name=key))
    if limit and len(ids) > limit:
        raise UserError(
            env._(
                "The filter %(name)s holds %(count)s records. Choose %(limit)s at most.",
                name=key,
                count=len(ids),
                limit=limit,
            )
        )
    return ids


def check_readable(env, model_name, text):
    """Nobody learns by a condition, which others may carry out with more rights, what they may not read themselves. A
    condition that does not work at all is none of this check's business.

    :raise AccessError: the condition names a field or model that the current user may not read
    """
    try:
        domain = parse_domain(env, model_name, text)
    except UserError:
        return
    query = env[model_name]._search(domain, limit=1)
    try:
        _execute(env, query.select)
    except UserError:
        return


def check_own_company(records):
    """:raise UserError: the current user gives records to a company that they do not work in"""
    if not records.env.su and records.sudo().company_id - records.env.user.company_ids:
        raise UserError(records.env._("Choose one of your own companies."))
