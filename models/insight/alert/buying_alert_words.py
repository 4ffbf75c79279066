# The words of the sales alert's template.
from odoo import api, models


class BuyingAlertContent(models.AbstractModel):
    _inherit = "buying.alert.content"

    @api.model
    def _get_words(self):
        """The words of the template by which it can be in any language, and be changed for all of them at once.

        :rtype: dict[str, str]
        """
        return {
            "group": self.env._("Buying group"),
            "name": self.env._("Name"),
            "account": self.env._("Account"),
            "engagement_days": self.env._("Engagement (30 days)"),
            "completeness": self.env._("Completeness"),
            "solution": self.env._("Solution"),
            "status": self.env._("Status"),
            "highlights": self.env._("Highlights"),
            "top_engaged": self.env._("Top engaged members"),
            "topics": self.env._("Topics of interest"),
            "missing": self.env._("Missing roles"),
            "intent": self.env._("Intent level"),
            "summary": self.env._("Summary"),
            "moments": self.env._("Key interesting moments"),
            "view_all": self.env._("View all in the buying group"),
            "members": self.env._("Members"),
            "no_members": self.env._("Nobody is a member yet."),
            "title": self.env._("Job title"),
            "role": self.env._("Role"),
            "engagement": self.env._("Engagement"),
            "last_moment": self.env._("Last interesting moment"),
            "activities": self.env._("Latest activities"),
            "email": self.env._("Email"),
            "phone": self.env._("Phone"),
            "none": self.env._("None yet"),
            "no_email": self.env._("No email address"),
            "no_phone": self.env._("No phone number"),
            "accept": self.env._("Accept"),
            "not_ready": self.env._("Not ready"),
            "open": self.env._("Open the buying group"),
        }
