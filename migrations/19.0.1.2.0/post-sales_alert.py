# The sales alert tells more, and its template has one body for all languages: renew it where nobody has changed it.
import logging

from odoo import SUPERUSER_ID, api
from odoo.tools import convert_file

_logger = logging.getLogger(__name__)


def migrate(cr, _version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    template = env.ref("crm_buying_journey.mail_template_sales_alert", raise_if_not_found=False)
    if not template:
        return
    if template.write_uid.id != SUPERUSER_ID:
        _logger.info("Somebody changed the template of the sales alert: it stays. Reset it to get the new one.")
        return
    convert_file(env, "crm_buying_journey", "data/mail_template_data.xml", {}, mode="init", noupdate=True)
    env.flush_all()
    # translations of the former body would be shown instead of the new one
    cr.execute(
        "UPDATE mail_template SET body_html = jsonb_build_object('en_US', body_html -> 'en_US') WHERE id = %s",
        [template.id],
    )
    env.invalidate_all()
