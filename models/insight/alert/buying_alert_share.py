# Records of one group that come to a step one after the other, as leads do, share an alert.
from datetime import timedelta

from odoo import api, fields, models

# so long an alert that nobody answered yet takes further records of its group in; a backlog is done by then
SHARED_FOR = timedelta(hours=1)


class BuyingAlert(models.Model):
    """A step handles few records in one transaction, and leads of one group may come in several. Whoever comes to the
    same step while its alert about the group is fresh and unanswered joins it: sales is told once, the answer is heard
    for all of them, and only salespeople who have not got the alert get a mail.
    """

    _inherit = "buying.alert"

    @api.model
    def _find_shared(self, action, requests):
        """The alerts that these requests join.

        :param dict requests: ``{buying.group: AlertRequest}``
        :return: ``{buying.group: buying.alert}``; those without one are missing
        :rtype: dict
        """
        node = action.journey_node_id
        wanting = {group.id: group for group, request in requests.items() if request.visits}
        if not node or not wanting:
            return {}
        # the log of alerts is the system's
        recent = self.sudo().search(
            [
                ("node_id", "=", node.id),
                ("group_id", "in", list(wanting)),
                ("state", "=", "sent"),
                ("date", ">", fields.Datetime.now() - SHARED_FOR),
            ]
        )
        if not recent:
            return {}
        participants = self.env["journey.participant"].sudo()
        shared = {}
        for alert in recent.sorted("id"):
            group = wanting[alert.group_id.id]
            coming = participants.browse(participant_id for participant_id, _visit in requests[group].visits)
            # the same record again, in a circle or a new entry, is a new alert; and what was cancelled, or
            # failed, tells nobody
            again = set(coming.mapped("res_id")) & set(alert.participant_ids.mapped("res_id"))
            states = set(alert._get_addressees().mail_ids.mapped("state"))
            if not again and states - {"cancel", "exception"}:
                shared[group] = alert
        if shared:
            # whoever answers at this moment fails, or we do, and is tried again by the engine or the host: an answer
            # must be heard for all who share the alert
            self.env.cr.execute(
                "UPDATE buying_alert SET write_date = write_date WHERE id = ANY(%s)",
                [[alert.id for alert in shared.values()]],
            )
        return shared

    def _share(self, action, request, env):
        """Let further records join this alert, and tell those recipients who have not got it.

        :param AlertRequest request: what leads to the alert besides
        :param env: whose user's rights decide what the mails tell
        """
        self.ensure_one()
        group = self.group_id.with_env(env)
        # who only has a copy has not got the alert
        known = set(self._get_addressees().mapped("email"))
        everybody = action._get_alert_recipients({group: request})[group]
        going = [recipient for recipient in everybody if not recipient.refusal and not recipient.is_copy]
        found = [recipient for recipient in going if recipient.email not in known]
        told = (self.left_out or "").split("\n")
        refused = dict.fromkeys(one.refusal for one in everybody if one.refusal and one.refusal not in told)
        openers = self._find_openers({group: found})
        fresh = self.env["buying.alert.recipient"].create(
            [self._prepare_recipient(group, recipient, openers) | {"alert_id": self.id} for recipient in found]
        )
        self.write(
            {
                "participant_ids": [fields.Command.link(participant_id) for participant_id, _visit in request.visits],
                "lead_ids": [fields.Command.link(lead_id) for lead_id in request.leads],
                "left_out": self._tell_lines([*filter(None, told), *refused]) or False,
            }
        )
        env["buying.alert"]._plan_activities(action, {group: request}, {group: going})
        if fresh:
            self._make_mails(action, env, fresh)
            names = self._shorten(fresh._get_names())
            group.sudo()._message_log(
                body=self.env._("Sales alert also sent to %(addresses)s.", addresses=names),
                author_id=env.user.partner_id.id,
            )
