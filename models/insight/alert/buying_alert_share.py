# Records of one group that come to a step one after the other, as leads do, share an alert.
from datetime import timedelta

from odoo import api, fields, models

from .buying_alert_send import MAX_LINES

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
        # the engine chose these visits; whose they are is compared, not shown
        participants = self.env["journey.participant"].sudo()
        visits = [visit for group in wanting.values() for visit in requests[group].visits]
        # read for all of them at once
        (participants.browse(participant_id for participant_id, _visit in visits) | recent.participant_ids).fetch(
            ["res_id"]
        )
        recent.recipient_ids.mail_ids.fetch(["state"])
        shared = {}
        for alert in recent.sorted("id"):
            group = wanting[alert.group_id.id]
            coming = participants.browse(participant_id for participant_id, _visit in requests[group].visits)
            # the same record again, in a circle or a new entry, is a new alert; and what was cancelled, or failed,
            # tells nobody
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
                log_exceptions=False,  # two workers meet every now and then: no error
            )
        return shared

    @api.model
    def _share(self, action, shared, requests):
        """Let further records join alerts, and tell those recipients who have not got them.

        :param dict shared: ``{buying.group: buying.alert}``, from :meth:`_find_shared`
        :param dict requests: ``{buying.group: AlertRequest}``: what leads to the alerts besides
        """
        requests = {group: requests[group] for group in shared}
        going, found = {}, {}
        for group, everybody in action._get_alert_recipients(requests).items():
            alert = shared[group]
            going[group] = [one for one in everybody if not one.refusal and not one.is_copy]
            # who only has a copy has not got the alert
            known = set(alert._get_addressees().mapped("email"))
            found[group] = [one for one in going[group] if one.email not in known]
            alert._note_joining(requests[group], [one.refusal for one in everybody if one.refusal])
        openers = self._find_openers(found)
        # only the system writes the log of alerts
        fresh = (
            self.env["buying.alert.recipient"]
            .sudo()
            .create(
                [
                    self._prepare_recipient(group, one, openers) | {"alert_id": shared[group].id}
                    for group, recipients in found.items()
                    for one in recipients
                ]
            )
        )
        self._plan_activities(action, requests, going)
        if fresh:
            fresh.alert_id._make_mails(action, self.env, fresh)
            bodies = {
                alert.group_id.id: self.env._(
                    "Sales alert also sent to %(addresses)s.", addresses=self._shorten(added._get_names())
                )
                for alert, added in fresh.grouped("alert_id").items()
            }
            # ours to write, also where the responsible user may only read the group
            fresh.group_id._message_log_batch(bodies=bodies, author_id=self.env.user.partner_id.id)

    def _note_joining(self, request, refusals):
        """Note which records joined, and who gets no alert of them.

        :param AlertRequest request: what leads to the alert besides
        :param list refusals: why somebody gets none
        """
        values = {
            "participant_ids": [fields.Command.link(participant_id) for participant_id, _visit in request.visits],
            "lead_ids": [fields.Command.link(lead_id) for lead_id in request.leads],
        }
        told = (self.left_out or "").splitlines()
        more = [refusal for refusal in dict.fromkeys(refusals) if refusal not in told]
        if more and len(told) <= MAX_LINES:  # else the last line says that there are more
            values["left_out"] = self._tell_lines(told + more)
        self.write(values)
