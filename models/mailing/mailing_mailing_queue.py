# Mailings: the host's mailing queue goes on after a collision with another worker.
import logging
import random
import time

from odoo import api, models
from odoo.modules import module

from ..journey.journey_engine import RETRYABLE

_logger = logging.getLogger(__name__)

# how often the queue takes a batch again that met another worker's mails to the same people
MAX_COLLISIONS = 20


class MailingMailing(models.Model):
    """Imported after all others that have a part in sending, and so called before them: whatever they write may
    collide."""

    _inherit = "mailing.mailing"

    @api.model
    def _process_mass_mailing_queue(self):
        return super(MailingMailing, self.with_context(mailing_queue=True))._process_mass_mailing_queue()

    def _action_send_mail(self, res_ids=None):
        """Under caps, two workers may want to write to one person at the same moment; the second one begins its batch
        again. What was composed before is committed, so the queue goes on with the rest. Elsewhere, the host repeats
        the whole request."""
        # the composer may ask the filter again for each batch; what it works out once, it keeps there
        mailings = self if res_ids else self.with_context(mailing_by_filter={})
        if not self.env.context.get("mailing_queue") or module.current_test:
            return super(MailingMailing, mailings)._action_send_mail(res_ids=res_ids)
        for mailing in mailings:
            for collision in range(MAX_COLLISIONS):
                try:
                    super(MailingMailing, mailing)._action_send_mail(res_ids=res_ids)
                    break
                except RETRYABLE as error:
                    self.env.cr.rollback()
                    if collision == MAX_COLLISIONS - 1:
                        raise
                    _logger.info("Mailing %s goes on after a collision: %s", mailing.id, error)
                    time.sleep(random.uniform(0, 0.1))
        return True
