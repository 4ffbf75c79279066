# The engine lets those inside older versions of a journey go on with a later one, where publishing asked for it.
from odoo import models
from odoo.modules import module

from .journey_engine import RETRYABLE

MOVED_AT_ONCE = 1000


class JourneyEngine(models.AbstractModel):
    _inherit = "journey.engine"

    def _take_over(self):
        """Move whom publishing could not, since other workers held them, in small transactions: a long one would meet
        a row that another worker changed meanwhile. Nobody is moved while no version ``takes_over``, which costs a
        glance at an index. Of several versions that do, the latest comes first: it takes whomever it can."""
        for version in self.env["journey.version"].search([("takes_over", "=", True)]):
            journey = version.journey_id
            try:
                with self.env.cr.savepoint():
                    moved = journey._move_participants(version, limit=MOVED_AT_ONCE)
                while moved == MOVED_AT_ONCE:
                    self._commit()
                    with self.env.cr.savepoint():
                        moved = journey._move_participants(version, limit=MOVED_AT_ONCE)
                self._commit()
                # a new transaction sees what the other workers did meanwhile; those whom they hold come next time
                if not journey._has_movable(version):
                    version.takes_over = False
                    version.flush_recordset()
            except RETRYABLE:
                if module.current_test:
                    raise
                self.env.cr.rollback()
            self._commit()
