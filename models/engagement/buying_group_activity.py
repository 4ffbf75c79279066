# Stage changes of buying groups, noted as activities.
from odoo import models


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    def _on_stage_changed(self, changes, source):
        """One activity per group, made at once; ``old_value`` and ``new_value`` are the stages' names, or empty."""
        result = super()._on_stage_changed(changes, source)
        # the system's own log, whoever moved the group
        Activity = self.env["engagement.activity"].sudo()
        stage_changed = self.env["engagement.activity.type"]._get_by_code("stage_changed")
        Activity.create(
            [
                {
                    "type_id": stage_changed.id,
                    "group_id": group.id,
                    "account_id": group.partner_id.id,
                    "date": group.stage_date,
                    "subject": new.name,
                    "old_value": old.name,
                    "new_value": new.name,
                }
                for group, old, new in changes
            ]
        )
        return result
