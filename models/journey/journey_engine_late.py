# Whether the engine runs at all: a scheduled action that is switched off, or late.
from datetime import timedelta

from odoo import fields, models
from odoo.tools import format_datetime

# how long the scheduled action may be overdue: a long run keeps it busy for minutes, other actions for some more
LATE_RUN = timedelta(minutes=30)
# how long participants may be due: longer, since many of them take their time
LATE_STEP = timedelta(hours=1)


class JourneyEngine(models.AbstractModel):
    _inherit = "journey.engine"

    def _get_cron_warning(self):
        """What is wrong with the scheduled action, in the user's language; ``False`` if nothing is."""
        cron = self.env.ref("crm_buying_journey.ir_cron_journey_engine", raise_if_not_found=False)
        if not cron or not cron.sudo().active:
            return self.env._(
                "The scheduled action that moves participants is switched off. Ask an administrator to switch it on."
            )
        due = cron.sudo().nextcall
        if due < fields.Datetime.now() - LATE_RUN:
            return self.env._(
                "The scheduled action that moves participants is late: it should have run on %(date)s. "
                "Ask an administrator whether scheduled actions run on this server.",
                date=format_datetime(self.env, due),
            )
        return False

    def _get_late_since(self, journeys):
        """Since when somebody has been due, where that is too long; one look into the index per step.

        :return: ``{journey id: naive UTC}``
        :rtype: dict
        """
        if not journeys:
            return {}
        self.env["journey.participant"].flush_model()
        self.env.cr.execute(
            """
            SELECT node.journey_id, MIN(first.due_at)
              FROM journey_node node,
                   LATERAL (
                   SELECT participant.due_at
                     FROM journey_participant participant
                    WHERE participant.node_id = node.id AND participant.state = 'active' AND participant.due_at <= %s
                 ORDER BY participant.due_at
                    LIMIT 1) first
             WHERE node.journey_id = ANY(%s)
          GROUP BY node.journey_id
            """,
            [fields.Datetime.now() - LATE_STEP, journeys.ids],
        )
        return dict(self.env.cr.fetchall())
