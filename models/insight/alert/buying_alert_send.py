# Sending sales alerts: which groups get one now, to whom, and the mails in everybody's own language.
from dataclasses import dataclass, field
from datetime import timedelta

from markupsafe import escape

from odoo import api, fields, models
from odoo.tools import format_datetime

from .buying_alert_content import RECIPIENT, AlertContents

# named in the group's chatter; the log has all
MAX_NAMES = 20


@dataclass
class AlertRequest:
    """What is asked for one group: the visits of a journey's step that led to it (participant id, visit), the leads it
    came from, and the salespeople of the account or the leads."""

    visits: list = field(default_factory=list)
    leads: list = field(default_factory=list)
    salespeople: set = field(default_factory=set)


@dataclass(frozen=True)
class AlertRecipient:
    """An address, and what is known about who reads it. ``refusal`` says why nothing is sent there."""

    email: str
    name: str | None = None
    lang: str = "en_US"
    tz: str | None = None
    user_id: int | None = None
    refusal: str | None = None


class BuyingAlert(models.Model):
    _inherit = "buying.alert"

    @api.model
    def _send(self, action, requests):
        """Put the alerts into the outbox, one mail per recipient, and log them. Nothing is sent here, and everything
        belongs to the transaction of the caller, so that a crash neither loses nor doubles an alert.

        :param action: ``ir.actions.server`` of the kind *Send Sales Alert*, with system rights
        :param dict requests: ``{buying.group: AlertRequest}``; groups that the current user may read
        :return: ``(alerts, {group id: why it got none})``
        :rtype: tuple
        """
        refusals = self._get_refusals(action, requests)
        recipients = {}
        for group, found in action._get_alert_recipients(
            {group: request for group, request in requests.items() if group.id not in refusals}
        ).items():
            recipients[group] = [recipient for recipient in found if not recipient.refusal]
            if not recipients[group]:
                reasons = list(dict.fromkeys(recipient.refusal for recipient in found))
                refusals[group.id] = " ".join(reasons) or self.env._("There is nobody to send the sales alert to.")
        going = [group for group in requests if group.id not in refusals]
        alerts = self.sudo().create(
            [self._prepare_alert(action, group, requests[group], recipients[group]) for group in going]
        )
        if alerts:
            alerts._make_mails(action, self.env)
            groups = self.env["buying.group"].union(*going)
            # two steps that alert about one group at the same moment: the second one fails here and is tried again
            groups.sudo().alert_date = fields.Datetime.now()
            bodies = {alert.group_id.id: alert._get_note() for alert in alerts}
            groups.sudo()._message_log_batch(bodies=bodies, author_id=self.env.user.partner_id.id)
            self._plan_activities(action, {group: requests[group] for group in going}, recipients)
        return alerts, refusals

    @api.model
    def _get_refusals(self, action, requests):
        """``{group id: why no alert is sent now}``: one was sent in this visit, or too short a time ago."""
        refusals = {}
        if action.alert_again_days > 0:
            limit = fields.Datetime.now() - timedelta(days=action.alert_again_days)
            for group in requests:
                sent = group.sudo().alert_date
                if sent and sent > limit:
                    refusals[group.id] = self.env._(
                        "The last sales alert about this group was sent on %(date)s. The next one may follow after "
                        "%(days)s days.",
                        date=format_datetime(self.env, sent),
                        days=action.alert_again_days,
                    )
        visits = {visit: group for group, request in requests.items() for visit in request.visits}
        if visits:
            done = self.sudo().search([("participant_id", "in", [participant_id for participant_id, _visit in visits])])
            for alert in done:
                group = visits.get((alert.participant_id.id, alert.visit))
                if group == alert.group_id:
                    refusals[group.id] = self.env._("This sales alert was sent already.")
        return refusals

    @api.model
    def _prepare_alert(self, action, group, request, recipients):
        """Values of ``buying.alert``."""
        participant_id, visit = request.visits[0] if request.visits else (False, 0)
        node = action.journey_node_id if request.visits else action.journey_node_id.browse()
        return {
            "group_id": group.id,
            "date": fields.Datetime.now(),
            "origin": node.journey_id.name or self.env.user.name,
            "journey_id": node.journey_id.id,
            "participant_id": participant_id,
            "participant_ids": [fields.Command.set([participant_id for participant_id, _visit in request.visits])],
            "visit": visit,
            "lead_ids": [fields.Command.set(request.leads)],
            "recipient_ids": [
                fields.Command.create(
                    {
                        "email": recipient.email,
                        "name": recipient.name,
                        "lang": recipient.lang,
                        "tz": recipient.tz,
                        "user_id": recipient.user_id,
                    }
                )
                for recipient in recipients
            ],
        }

    def _get_note(self):
        """What the group's chatter says about the alert."""
        self.ensure_one()
        return self.env._(
            "Sales alert sent to %(addresses)s.", addresses=self._shorten(self.recipient_ids._get_names(), MAX_NAMES)
        )

    # Mails --------------------------------------------------------------------------------------------------------

    def _make_mails(self, action, env):
        """:param env: whose user's rights decide what the mails tell"""
        sender = env.user.email_formatted or env.company.email_formatted
        copy_to = ", ".join(action._get_alert_copies())
        common = {
            "email_from": action.alert_email_from or sender,
            "reply_to": action.alert_reply_to or action.alert_email_from or sender,
            "model": "buying.group",
            # not shown in the chatter, where one note tells of all of them
            "message_type": "user_notification",
            "auto_delete": False,
            "state": "outgoing",
            # sent once only, also if a worker is killed meanwhile
            "journey_outbox": "open",
            "headers": repr({"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF"}),
        }
        values = []
        for (lang, tz, is_named), alike in self.recipient_ids.grouped(lambda one: one._get_rendering()).items():
            texts = self._render(alike.alert_id.group_id.with_env(env), lang, tz, is_named)
            for recipient in alike:
                subject, body = texts[recipient.group_id.id]
                values.append(
                    common
                    | {
                        "subject": subject,
                        "body_html": body.replace(RECIPIENT, str(escape(recipient.name or ""))),
                        "email_to": recipient._get_email_to(),
                        # one copy is enough, however many recipients there are
                        "email_cc": copy_to if recipient == recipient.alert_id.recipient_ids[0] else False,
                        "res_id": recipient.group_id.id,
                        "alert_recipient_id": recipient.id,
                        "journey_id": recipient.alert_id.journey_id.id,
                    }
                )
        mails = self.env["mail.mail"].sudo().create(values)
        mails._wake_outbox()
        return mails

    @api.model
    def _render(self, groups, lang, tz=None, is_named=False):
        """The alert about these groups in a language, as the user of ``groups`` may see what it tells.

        :param str lang: code of a language
        :param str tz: time zone of dates
        :param bool is_named: whether the greeting has a place for the recipient's name, see ``RECIPIENT``
        :return: ``{group id: (subject, body)}``
        :rtype: dict
        """
        template = self.env.ref("crm_buying_journey.mail_template_sales_alert").sudo()
        groups = groups.with_context(lang=lang, tz=tz)
        contents = self.env["buying.alert.content"].with_env(groups.env)._collect(groups, RECIPIENT if is_named else "")
        # the template is ours and trusted; what it shows is read with the rights of the current user
        template = template.with_env(groups.env).with_context(alert_contents=AlertContents(contents))
        subjects = template._render_field("subject", groups.ids, set_lang=lang)
        bodies = template._render_field("body_html", groups.ids, set_lang=lang)
        # a line break in an imported name would keep the mail from leaving
        return {group.id: (" ".join(subjects[group.id].split()), bodies[group.id]) for group in groups}

    # Activities ---------------------------------------------------------------------------------------------------

    @api.model
    def _plan_activities(self, action, requests, recipients):
        """Plan an activity on each group for its salespeople, if wanted: not for those who may not open the group, and
        not twice while the first one is open."""
        if not action.alert_activity:
            return
        activity_type = action.alert_activity_type_id or self.env.ref("mail.mail_activity_data_call")
        groups = self.env["buying.group"].sudo().union(*requests)
        planned = {
            (activity.res_id, activity.user_id.id)
            for activity in self.env["mail.activity"]
            .sudo()
            .search(
                [
                    ("res_model", "=", "buying.group"),
                    ("res_id", "in", groups.ids),
                    ("activity_type_id", "=", activity_type.id),
                    ("automated", "=", True),
                ]
            )
        }
        deadline = fields.Date.add(fields.Date.context_today(self), days=max(action.alert_activity_days, 0))
        todo = {}
        for group, request in requests.items():
            for user in self.env["res.users"].sudo().browse(sorted(request.salespeople)):
                own = group.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)
                if (group.id, user.id) not in planned and own.has_access("read"):
                    # the alert itself tells who gets it; no second mail about the same
                    informed = any(recipient.user_id == user.id for recipient in recipients[group])
                    todo.setdefault((user, informed), []).append(group.id)
        for (user, informed), group_ids in todo.items():
            of_user = groups.browse(group_ids).with_context(mail_activity_quick_update=informed, lang=user.lang)
            of_user.activity_schedule(
                activity_type_id=activity_type.id,
                date_deadline=deadline,
                summary=of_user.env._("A sales alert came: call the group"),
                user_id=user.id,
            )
