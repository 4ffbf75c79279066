# A buying group in one line of the digest.
from odoo import models


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    def _get_digest_facts(self):
        """How the group stands, e.g. “Engagement 87, 67 % complete, stage Interest. Missing: Champion”.

        :rtype: str
        """
        self.ensure_one()
        values = {
            "engagement": int(self.engagement + 0.5),
            "completeness": self._get_completeness_text(),
            "stage": self.stage_id.name or "",
        }
        if self.stage_id:
            text = self.env._("Engagement %(engagement)s, complete %(completeness)s, stage %(stage)s.", **values)
        else:
            text = self.env._("Engagement %(engagement)s, complete %(completeness)s.", **values)
        if self.missing_role_ids:
            missing = self.env._("Missing: %(roles)s.", roles=", ".join(self.missing_role_ids.mapped("name")))
            return f"{text} {missing}"
        return text
