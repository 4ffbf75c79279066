# Tokens of links, as they come back from the internet.
from odoo import tools


def is_same_token(token, given):
    """Whether a token is the right one, compared in constant time; whatever stands in an address may be given.

    :param str token: the right one
    :param str given: the one of the address, maybe with letters that no token has
    :rtype: bool
    """
    return tools.consteq(token.encode(), (given or "").encode(errors="replace"))
