# Who answers for a group hears what sales answered to an alert about it.
from odoo import models


class BuyingAlert(models.Model):
    _inherit = "buying.alert"

    def _on_answered(self, user):
        result = super()._on_answered(user)
        self._notify_of_answer(user)
        return result

    def _notify_of_answer(self, user):
        """Tell the salesperson of the account and those who follow the group, but not who answered.

        :param user: ``res.users`` who answered, maybe empty
        """
        alert_of = {alert.group_id: alert for alert in self}

        def get_line(group):
            alert = alert_of[group].with_env(group.env)
            text = alert._get_answer_text()
            if alert.reason:
                return group.env._("%(answer)s Reason: %(reason)s", answer=text, reason=alert.reason)
            return text

        groups = self.env["buying.group"].union(*alert_of)
        groups._notify_responsible(
            "crm_buying_journey.buying_group_subtype_alert_answered",
            get_line,
            dict.fromkeys(groups.ids, user.id) if user else {},
        )
