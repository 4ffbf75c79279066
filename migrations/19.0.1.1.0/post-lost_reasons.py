# Lost reasons got a kind of cause: those that come with the host are given theirs, as a new installation does.
from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Give the host's reasons their kinds, so that leads lost for them are proposed."""
    api.Environment(cr, SUPERUSER_ID, {})["crm.lost.reason"]._prefill_kinds()
