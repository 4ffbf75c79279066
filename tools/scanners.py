# The one place that says which opens and clicks no person can have made: virus scanners read mails and follow links.
from odoo.tools import SQL

# opening or clicking within so many seconds after the mail was sent is too fast for a person
SECONDS = 2
SECONDS_PARAMETER = "crm_buying_journey.scanner_seconds"
# so many clicks on one mail within this time are a machine's that follows all links
BURST_CLICKS = 3
BURST_SECONDS = 1


def get_seconds(env):
    """The seconds that count as too fast: the system parameter, or 2; 0 turns all rules of time off.

    :rtype: int
    """
    value = env["ir.config_parameter"].sudo().get_param(SECONDS_PARAMETER)
    return int(value) if str(value or "").isdecimal() else SECONDS


def sql_too_fast(date, sent, seconds):
    """Whether something happened too fast after the mail was sent.

    :param SQL date: when it happened
    :param SQL sent: when the mail was sent
    :rtype: SQL
    """
    return SQL("(%s - %s BETWEEN interval '0' AND %s * interval '1 second')", date, sent, seconds)


def sql_burst(mail, date):
    """How many clicks on the same mail surround this one: a window for a SELECT over clicks.

    :param SQL mail: what tells the mails apart
    :param SQL date: when the click happened
    :rtype: SQL
    """
    return SQL(
        "COUNT(*) OVER (PARTITION BY %(mail)s ORDER BY %(date)s RANGE BETWEEN %(span)s * interval '1 second' PRECEDING"
        " AND %(span)s * interval '1 second' FOLLOWING)",
        mail=mail,
        date=date,
        span=BURST_SECONDS,
    )
