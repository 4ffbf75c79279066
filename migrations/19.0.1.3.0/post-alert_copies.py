# Who is in copy of a sales alert gets a mail without links to answer: renew the template where nobody has changed it.
import logging

from odoo import SUPERUSER_ID, api
from odoo.tools import convert_file

_logger = logging.getLogger(__name__)


def migrate(cr, _version):
    # those that wait in the outbox would still go to the copies, too; they leave without them
    cr.execute("UPDATE mail_mail SET email_cc = NULL WHERE alert_recipient_id IS NOT NULL AND state = 'outgoing'")
    env = api.Environment(cr, SUPERUSER_ID, {})
    template = env.ref("crm_buying_journey.mail_template_sales_alert", raise_if_not_found=False)
    if not template:
        return
    if template.write_uid.id != SUPERUSER_ID:
        _logger.info(
            "Somebody changed the template of the sales alert: it stays. The buttons of a copy open the group."
        )
        return
    convert_file(env, "crm_buying_journey", "data/mail_template_data.xml", {}, mode="init", noupdate=True)
