# Journeys of leads: two of them that let their audiences in at the same moment never let in one person twice.
from odoo import fields, models

# stands among the addresses of mailing.cap for everybody who enters a journey of leads
ENTRY_KEY = "journeys of leads"


class JourneyEngine(models.AbstractModel):
    _inherit = "journey.engine"

    def _insert_entries(self, journey, now, domain, since=None, happened=None):
        """An audience that leaves out who is in a running journey cannot see whom another worker lets in just now.
        Both write one row; the second one fails as PostgreSQL's repeatable read wants it, and looks again at its next
        tick, with the first one's participants in sight."""
        count = super()._insert_entries(journey, now, domain, since, happened)
        asks = journey.model_name == "crm.lead" and any(
            condition.field_expr == "is_in_running_journey" for condition in domain.iter_conditions()
        )
        if count and asks:
            self.env["mailing.cap"]._lock([ENTRY_KEY], fields.Datetime.now())
        return count
