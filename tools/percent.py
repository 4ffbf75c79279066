# Numbers in percent, as the reader's language writes them.
import babel.numbers

from odoo.tools import babel_locale_parse, formatLang
from odoo.tools.misc import get_lang


def format_percent(env, number, digits=0):
    """A number in percent: 33% in English and Chinese, 33 % with a space that does not break in French and Norwegian,
    %33 in Turkish. The web client's ``formatPercent`` does the same.

    :param number: e.g. 33 for 33 %; a text, such as a range, is taken as it is
    :param int digits: how many decimals are shown
    :rtype: str
    """
    text = number if isinstance(number, str) else formatLang(env, number, digits=digits)
    zero = babel.numbers.format_percent(0, locale=babel_locale_parse(get_lang(env).code))
    return zero.replace("0", text, 1)
