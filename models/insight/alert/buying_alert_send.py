# Sending sales alerts: which groups get one now, to whom, and the mails in everybody's own language.
from dataclasses import dataclass, field
from datetime import timedelta

from markupsafe import escape

from odoo import api, fields, models
from odoo.tools import format_datetime

from .buying_alert_content import RECIPIENT, AlertContents, AlertEnvelope

# named in the group's chatter; the log has all
MAX_NAMES = 20
# so many lines say who got no alert, and why
MAX_LINES = 50
# and so many of them are told where the log is not
TOLD_REASONS = 2


@dataclass
class AlertRequest:
    """What is asked for one group: the visits of a journey's step that led to it (participant id, visit), the leads it
    came from, and the salespeople of the account or the leads."""

    visits: list = field(default_factory=list)
    leads: list = field(default_factory=list)
    salespeople: set = field(default_factory=set)


@dataclass(frozen=True)
class AlertRecipient:
    """An address, and what is known about who reads it. ``refusal`` says why nothing is sent there; ``is_copy``, that
    the mail is for information only."""

    email: str
    name: str | None = None
    lang: str = "en_US"
    tz: str | None = None
    user_id: int | None = None
    refusal: str | None = None
    is_copy: bool = False


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
        shared = self._find_shared(action, requests)
        if shared:
            self._share(action, shared, requests)
        requests = {group: request for group, request in requests.items() if group not in shared}
        refusals = self._get_refusals(action, requests)
        recipients, left_out = {}, {}
        for group, found in action._get_alert_recipients(
            {group: request for group, request in requests.items() if group.id not in refusals}
        ).items():
            recipients[group] = [recipient for recipient in found if not recipient.refusal]
            reasons = list(dict.fromkeys(recipient.refusal for recipient in found if recipient.refusal))
            if all(recipient.is_copy for recipient in recipients[group]):
                # copies of what nobody gets would be alarms that nobody answers
                refusals[group.id] = " ".join(reasons) or self.env._("There is nobody to send the sales alert to.")
            left_out[group] = self._tell_lines(reasons)
        going = [group for group in requests if group.id not in refusals]
        openers = self._find_openers({group: recipients[group] for group in going})
        # only the system writes the log of alerts
        alerts = self.sudo().create(
            [
                self._prepare_alert(action, group, requests[group], recipients[group], left_out[group], openers)
                for group in going
            ]
        )
        if alerts:
            alerts._make_mails(action, self.env)
            groups = self.env["buying.group"].union(*going)
            # two steps that alert about one group at the same moment: the second one fails here and is tried again
            # ours to write, also where the responsible user may only read the group
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
            # whether the log has it already, also where the responsible user may not read it
            done = self.sudo().search([("participant_id", "in", [participant_id for participant_id, _visit in visits])])
            for alert in done:
                group = visits.get((alert.participant_id.id, alert.visit))
                if group == alert.group_id:
                    refusals[group.id] = self.env._("This sales alert was sent already.")
        return refusals

    @api.model
    def _find_openers(self, recipients):
        """Which users may open the groups that they are told about.

        :param dict recipients: ``{buying.group: [AlertRecipient]}``
        :return: ``{(user id, group id)}``
        :rtype: set
        """
        groups_of = {}
        for group, found in recipients.items():
            for recipient in found:
                if recipient.user_id:
                    groups_of.setdefault(recipient.user_id, []).append(group.id)
        openers = set()
        Recipient, Group = self.env["buying.alert.recipient"], self.env["buying.group"]
        # rules of the host are each user's own: one look for each user, however many groups there are
        for user in self.env["res.users"].sudo().browse(groups_of):  # asked for with their rights, not shown
            openers |= {(user.id, group.id) for group in Recipient._may_open(user, Group.browse(groups_of[user.id]))}
        return openers

    @api.model
    def _tell_lines(self, lines):
        """One line each; of very many the first ones, and how many more there are.

        :rtype: str
        """
        if len(lines) <= MAX_LINES:
            return "\n".join(lines)
        more = self.env._("And %(count)s more.", count=len(lines) - MAX_LINES)
        return "\n".join([*lines[:MAX_LINES], more])

    @api.model
    def _prepare_alert(self, action, group, request, recipients, left_out, openers):
        """Values of ``buying.alert``."""
        participant_id, visit = request.visits[0] if request.visits else (False, 0)
        node = action.journey_node_id if request.visits else action.journey_node_id.browse()
        return {
            "group_id": group.id,
            "date": fields.Datetime.now(),
            "origin": node.journey_id.name or self.env.user.name,
            "journey_id": node.journey_id.id,
            "node_id": node.id,
            "participant_id": participant_id,
            "participant_ids": [fields.Command.set([participant_id for participant_id, _visit in request.visits])],
            "visit": visit,
            "lead_ids": [fields.Command.set(request.leads)],
            "left_out": left_out or False,
            "recipient_ids": [
                fields.Command.create(self._prepare_recipient(group, recipient, openers)) for recipient in recipients
            ],
        }

    @api.model
    def _prepare_recipient(self, group, recipient, openers):
        """Values of ``buying.alert.recipient``, but for the alert."""
        sent_as = "outside"
        if recipient.user_id:
            sent_as = "reader" if (recipient.user_id, group.id) in openers else "user"
        return {
            "email": recipient.email,
            "name": recipient.name,
            "lang": recipient.lang,
            "tz": recipient.tz,
            "user_id": recipient.user_id,
            "is_copy": recipient.is_copy,
            "sent_as": sent_as,
        }

    def _get_note(self):
        """What the group's chatter says about the alert."""
        self.ensure_one()
        names = self._shorten(self._get_addressees()._get_names(), MAX_NAMES)
        parts = [self.env._("Sales alert sent to %(addresses)s.", addresses=names)]
        if copied := self._get_copied():
            parts.append(self.env._("Copy to %(addresses)s.", addresses=self._shorten(copied._get_names(), MAX_NAMES)))
        if self.left_out:
            parts.append(self._get_left_out_text())
        return " ".join(parts)

    def _get_left_out_text(self):
        """That somebody got no alert, and the first reasons; all are in ``left_out``.

        :rtype: str
        """
        self.ensure_one()
        reasons = (self.left_out or "").split("\n")
        if len(reasons) <= TOLD_REASONS:
            return self.env._("Not everybody got the sales alert: %(reasons)s", reasons=" ".join(reasons))
        return self.env._(
            "Not everybody got the sales alert: %(reasons)s The log of the alert has more.",
            reasons=" ".join(reasons[:TOLD_REASONS]),
        )

    # Mails --------------------------------------------------------------------------------------------------------

    def _make_mails(self, action, env, recipients=None):
        """:param env: whose user's rights decide what the mails tell
        :param recipients: ``buying.alert.recipient`` of these alerts who get a mail; all if left out
        """
        sender = env.user.email_formatted or env.company.email_formatted
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
        envelopes = {
            alert.group_id.id: AlertEnvelope(
                tuple(alert._get_addressees()._get_names()), tuple(alert._get_copied()._get_names())
            )
            for alert in self
        }
        recipients = self.recipient_ids if recipients is None else recipients
        values = []
        for rendering, alike in recipients.grouped(lambda one: one._get_rendering()).items():
            texts = self._render(alike.alert_id.group_id.with_env(env), *rendering, envelopes=envelopes)
            for recipient in alike:
                subject, body = texts[recipient.group_id.id]
                values.append(
                    common
                    | {
                        "subject": subject,
                        "body_html": body.replace(RECIPIENT, str(escape(recipient.name or ""))),
                        "email_to": recipient._get_email_to(),
                        "res_id": recipient.group_id.id,
                        "alert_recipient_id": recipient.id,
                        "journey_id": recipient.alert_id.journey_id.id,
                    }
                )
        # mails are made for users who may make none, as the host does for its own
        mails = self.env["mail.mail"].sudo().create(values)
        mails._wake_outbox()
        return mails

    @api.model
    def _render(self, groups, lang, tz=None, is_named=False, is_copy=False, envelopes=None):
        """The alert about these groups in a language, as the user of ``groups`` may see what it tells.

        :param str lang: code of a language
        :param str tz: time zone of dates
        :param bool is_named: whether the greeting has a place for the recipient's name, see ``RECIPIENT``
        :param bool is_copy: for whom is in copy
        :param dict envelopes: ``{group id: AlertEnvelope}``
        :return: ``{group id: (subject, body)}``
        :rtype: dict
        """
        template = self.env.ref("crm_buying_journey.mail_template_sales_alert").sudo()
        groups = groups.with_context(lang=lang, tz=tz)
        contents = (
            self.env["buying.alert.content"]
            .with_env(groups.env)
            ._collect(groups, RECIPIENT if is_named else "", envelopes, is_copy)
        )
        # the template is ours and trusted; what it shows is read with the rights of the current user
        template = template.with_env(groups.env).with_context(alert_contents=AlertContents(contents))
        subjects = template._render_field("subject", groups.ids, set_lang=lang)
        bodies = template._render_field("body_html", groups.ids, set_lang=lang)
        # a line break in an imported name would keep the mail from leaving
        subjects = {group_id: " ".join(subject.split()) for group_id, subject in subjects.items()}
        if is_copy:
            subjects = {
                group_id: groups.env._("Copy: %(subject)s", subject=subject) for group_id, subject in subjects.items()
            }
        return {group.id: (subjects[group.id], bodies[group.id]) for group in groups}

    # Activities ---------------------------------------------------------------------------------------------------

    @api.model
    def _plan_activities(self, action, requests, recipients):
        """Plan an activity on each group for its salespeople, if wanted: not for those who may not open the group, and
        not twice while the first one is open."""
        if not action.alert_activity:
            return
        activity_type = action.alert_activity_type_id or self.env.ref("mail.mail_activity_data_call")
        # activities are planned for colleagues whose own the current user may not read
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
        wanted, todo = {}, {}
        for group, request in requests.items():
            for user_id in request.salespeople:
                if (group.id, user_id) not in planned:
                    wanted.setdefault(user_id, []).append(group.id)
        # rules of the host are each user's own: one look for each user, however many groups there are
        for user in self.env["res.users"].sudo().browse(sorted(wanted)):
            for group in self.env["buying.alert.recipient"]._may_open(user, groups.browse(wanted[user.id])):
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
