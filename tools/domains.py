# Reading the domains that people type or build in the domain editor.
import ast

import psycopg2

from odoo.exceptions import UserError
from odoo.fields import Domain


def check_domain(env, model_name, text):
    """Like :func:`parse_domain`, for domains that are about to be stored: also asks the database.

    :raise UserError: the domain is invalid, or compares a field with a value that is none of its kind
    """
    domain = parse_domain(env, model_name, text)
    try:
        with env.cr.savepoint():
            env[model_name].sudo().search(domain, limit=1)
    except (psycopg2.DataError, psycopg2.ProgrammingError) as error:
        raise UserError(
            env._("The condition %(domain)s compares values of different kinds.", domain=text[:200])
        ) from error


def parse_domain(env, model_name, text):
    """Return the domain written in ``text``, checked against ``model_name``.

    :param env: environment whose language the error is written in
    :param str model_name: model the domain is for
    :param text: a domain as Odoo's domain editor writes it (a literal; relative dates such as ``"today -7d"`` are
        text inside it); empty or ``False`` means "every record"
    :rtype: Domain
    :raise UserError: the text is no literal, is no domain, or names a field that the model does not have
    """
    if not text or not text.strip():
        return Domain.TRUE
    try:
        # literal_eval: a condition never runs code, whoever wrote it
        domain = Domain(ast.literal_eval(text.strip()))
        # building the query is what finds unknown fields and operators
        env[model_name].sudo()._search(domain)
    except (ValueError, SyntaxError, TypeError, KeyError, AttributeError, RecursionError, MemoryError) as error:
        raise UserError(
            env._(
                "The condition %(domain)s is no valid filter on %(model)s: %(error)s",
                domain=text[:200],
                model=env["ir.model"]._get(model_name).name or model_name,
                error=str(error)[:200],
            )
        ) from error
    return domain


def get_ids(env, filters, key):
    """Return the ids that a page of the web client filters by; none if it does not.

    :param dict filters: as the page sent them
    :rtype: list[int]
    :raise UserError: they are no list of ids
    """
    ids = filters.get(key) or []
    if not isinstance(ids, list) or not all(type(record_id) is int for record_id in ids):
        raise UserError(env._("The filter %(name)s must be a list of record ids.", name=key))
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
    try:
        with env.cr.savepoint(flush=False):
            env[model_name].search(domain, limit=1)
    except psycopg2.Error:
        return


def check_own_company(records):
    """:raise UserError: the current user gives records to a company that they do not work in"""
    if not records.env.su and records.sudo().company_id - records.env.user.company_ids:
        raise UserError(records.env._("Choose one of your own companies."))
