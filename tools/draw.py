# Drawing lots that can be drawn again: the place of a record in an experiment depends on both of them alone.
import hashlib

from odoo.tools import SQL

# lots are whole numbers below this
LOTS = 1_000_000


def draw(key, res_model, res_id):
    """The lot of a record: evenly spread, the same whenever it is asked, independent between keys.

    :param str key: the experiment's own key
    :rtype: int
    """
    digest = hashlib.sha256(f"{key},{res_model},{res_id}".encode()).hexdigest()
    # 60 bits: PostgreSQL's bigint has to hold them
    return int(digest[:15], 16) % LOTS


def sql_digest(key, res_model, res_id):
    """What :func:`draw` reads the lot from, in the database; fit for putting records in a random order.

    :param SQL res_id: expression of the record's id
    :rtype: SQL
    """
    return SQL("encode(sha256(convert_to(%s || (%s)::text, 'UTF8')), 'hex')", f"{key},{res_model},", res_id)


def sql_draw(key, res_model, res_id):
    """:func:`draw` in the database.

    :rtype: SQL
    """
    return SQL("(('x' || left(%s, 15))::bit(60)::bigint %% %s)", sql_digest(key, res_model, res_id), LOTS)
