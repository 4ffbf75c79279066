# Reading the domains that people type or build in the domain editor.
import ast

from odoo.exceptions import UserError
from odoo.fields import Domain


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
