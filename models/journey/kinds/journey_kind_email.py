# Email: put the node's mailing into the outbox.
from lxml import html

from odoo import models, tools
from odoo.exceptions import UserError

from .journey_kind import Later, Move


class JourneyKindEmail(models.AbstractModel):
    """Composes the node's mailing for the participants or their people. The mails wait in state ``outgoing`` for the
    host's mail queue: nothing is sent inside the engine's transaction, so a crash neither loses nor doubles a mail.

    Core's composer does the work (designer, tracking, blacklist, opt-out); it is driven directly, since sending the
    mailing itself commits in between and refuses a second visit of the same address.
    """

    _name = "journey.kind.email"
    _inherit = "journey.kind"
    _description = "Journey Step: Email"

    _sequence = 10
    # two workers at once could not see that the other writes to the same person
    _alone = True
    # a mail takes milliseconds and its body in memory; and the cost of composing grows with the batch
    _batch_size = 200

    def _get_label(self):
        return self.env._("Email")

    def _get_summary(self, node):
        return self.env._("Send “%(subject)s”", subject=node.mailing_id.subject or "…")

    def _on_create(self, node):
        """Each email node owns a mailing; people of groups have no mailing of their own model."""
        if node.model_name == "buying.group":
            node.people = "people"
        if node.mailing_id:
            return
        if not (self.env.user.email_formatted or self.env.company.email_formatted):
            raise UserError(self.env._("Enter your email address in your preferences first: mails need a sender."))
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": node.name,
                "mailing_type": "mail",
                "mailing_model_id": self.env["ir.model"]._get_id(self._get_target_model(node)),
                "email_from": self.env.user.email_formatted or self.env.company.email_formatted,
                "user_id": node.journey_id.user_id.id,
            }
        )
        node.mailing_id = mailing

    def _on_copy(self, node, copied):
        # the mail that the copy was made with goes
        mailing = node.mailing_id
        copied.mailing_id = mailing.copy({"subject": mailing.subject, "use_exclusion_list": mailing.use_exclusion_list})

    def _on_publish(self, node):
        """A mailing of a live journey is never in a state that the mailing queue would send by itself."""
        node.mailing_id.write({"state": "done"})

    def _get_mailings(self, node):
        """The mails that the node may send: one, unless another file lets it choose."""
        return node.mailing_id

    def _get_target_model(self, node):
        return "res.partner" if node.people == "people" else node.model_name

    def _get_errors(self, node):
        mailing = node.mailing_id
        if not mailing:
            return [self.env._("The mail is missing.")]
        errors = []
        if not mailing.subject:
            errors.append(self.env._("The mail has no subject."))
        if not self._has_content(mailing.body_html):
            errors.append(self.env._("The mail has no content yet."))
        if mailing.mailing_model_real != self._get_target_model(node):
            errors.append(self.env._("The mail is written for other recipients than the step sends to."))
        if not node.journey_id._as_responsible().env["mailing.mailing"].has_access("read"):
            errors.append(self.env._("%(user)s may not send mailings.", user=node.journey_id.user_id.name))
        return errors

    def _has_content(self, body):
        """Whether a mail says anything: a text that is not only the unsubscribe link, or a picture."""
        if tools.is_html_empty(body):
            return False
        tree = html.fromstring(f"<div>{body}</div>")
        for link in tree.xpath("//a[contains(@href, '/unsubscribe_from_list') or contains(@href, '/view')]"):
            link.drop_tree()
        return bool("".join(tree.itertext()).strip() or tree.xpath("//img | //*[@t-out or @t-field or @t-esc]"))

    def _process(self, node, participants):
        records = self._get_records(node, participants)
        result = {participant.id: self._gone() for participant in participants if participant.id not in records}
        if not records:
            return result
        targets = self._get_targets(node, records)
        visits = {}
        for participant in participants.filtered(lambda participant: participant.id in targets):
            for target_id in targets[participant.id].ids:
                # somebody who is in two groups gets the mail once
                visits.setdefault(target_id, (participant.id, participant.visit))
        mailed = self._get_mailed_elsewhere(node, visits)
        visits = {target_id: visit for target_id, visit in visits.items() if target_id not in mailed}
        held, refused = self._hold_back(node, participants, visits)
        going = {target_id: visit for target_id, visit in visits.items() if target_id not in held | refused}
        self._compose(node, going)
        reasons = self._get_reasons(node, going) | {
            target_id: reason for target_id, reason in refused.items() if reason
        }
        for participant in participants.filtered(lambda participant: participant.id in targets):
            own = [tid for tid in targets[participant.id].ids if visits.get(tid, (None,))[0] == participant.id]
            if not targets[participant.id]:
                result[participant.id] = Move(state="skipped", reason=self.env._("There are no people to write to."))
            elif not own:
                result[participant.id] = Move(
                    state="skipped", reason=self.env._("Everybody got this mail already, through another participant.")
                )
            elif any(tid in held for tid in own):
                result[participant.id] = self._hold(min(held[tid] for tid in own if tid in held))
            elif all(tid in reasons for tid in own):
                result[participant.id] = Move(state="skipped", reason=reasons[own[0]])
            else:
                mailed = sum(target_id not in reasons for target_id in own)
                result[participant.id] = Move(reason=self.env._("Recipients mailed: %(count)s", count=mailed))
        return result

    def _hold_back(self, node, participants, visits):
        """Who gets no mail now, by the rules of mails.

        :param dict visits: ``{recipient id: (participant id, visit)}``
        :return: ``{recipient id: when to try again}``, and ``{recipient id: why nothing goes to it, or None if this
            visit has mailed it already}``
        :rtype: tuple
        """
        return {}, {}

    def _hold(self, at):
        """Result for a participant with a recipient whose mail must wait until ``at``."""
        return Later(at, self.env._("The mail is held until the quiet hours are over."))

    def _get_targets(self, node, records):
        """``{participant id: recipients}``, records of the mailing's model"""
        if node.people != "people":
            return records
        everybody = next(iter(records.values())).union(*records.values())
        people = self._get_people(node, everybody)
        return {participant_id: people[record.id] for participant_id, record in records.items()}

    def _get_mailed_elsewhere(self, node, visits):
        """Recipients whom this step has mailed for another participant already, in whichever version of it."""
        if node.people != "people" or not visits:
            return set()
        traces = (
            self.env["mailing.trace"]
            .sudo()
            .search_fetch(
                [
                    ("mass_mailing_id", "in", self._get_mailings(node._get_same_steps()).ids),
                    ("res_id", "in", list(visits)),
                    # a mail that was interrupted may have reached its recipient
                    "|",
                    ("trace_status", "not in", ("cancel", "error")),
                    ("failure_type", "=", "mail_uncertain"),
                ],
                ["res_id", "journey_participant_id"],
            )
        )
        return {trace.res_id for trace in traces if trace.journey_participant_id.id != visits[trace.res_id][0]}

    def _compose(self, node, visits, mailing=None):
        """Create mails in state outgoing and their mailing traces, without committing.

        :param dict visits: ``{recipient id: (participant id, visit)}``
        :param mailing: one of :meth:`_get_mailings`; the node's own unless given
        """
        if not visits:
            return
        mailing = (mailing or node.mailing_id).sudo(False)
        if mailing.mailing_model_real != self._get_target_model(node):
            raise UserError(self.env._("The mail is written for other recipients than the step sends to."))
        composer = (
            mailing.env["mail.compose.message"]
            .with_context(
                active_ids=list(visits),
                default_composition_mode="mass_mail",
                journey_visits=visits,
                **mailing._get_mass_mailing_context(),
            )
            .create(
                {
                    "auto_delete": not mailing.keep_archives,
                    "auto_delete_keep_log": mailing.reply_to_mode == "update",
                    "author_id": mailing.user_id.partner_id.id or mailing.env.user.partner_id.id,
                    "attachment_ids": [(4, attachment.id) for attachment in mailing.attachment_ids],
                    "body": mailing._prepend_preview(mailing.body_html or "", mailing.preview),
                    "composition_mode": "mass_mail",
                    "email_from": mailing.email_from,
                    "force_send": False,
                    "mail_server_id": mailing.mail_server_id.id,
                    "mass_mailing_id": mailing.id,
                    "model": mailing.mailing_model_real,
                    "reply_to_force_new": mailing.reply_to_mode == "new",
                    "subject": mailing.subject,
                    "template_id": False,
                    "use_exclusion_list": mailing.use_exclusion_list,
                    **({"reply_to": mailing.reply_to} if mailing.reply_to_mode == "new" else {}),
                }
            )
        )
        composer._action_send_mail(auto_commit=False)
        self.env["mail.mail"]._wake_outbox()

    def _get_reasons(self, node, visits):
        """Why no mail goes to a recipient: ``{recipient id: reason}``, only for those who get none."""
        traces = (
            self.env["mailing.trace"]
            .sudo()
            .search(
                [
                    ("mass_mailing_id", "in", self._get_mailings(node).ids),
                    ("res_id", "in", list(visits)),
                    ("journey_participant_id", "in", list({visit[0] for visit in visits.values()})),
                ]
            )
        )
        labels = dict(traces._fields["failure_type"]._description_selection(self.env))
        traced = {}
        for trace in traces:
            if visits[trace.res_id] == (trace.journey_participant_id.id, trace.journey_visit):
                traced[trace.res_id] = trace
        reasons = {}
        for target_id in visits:
            trace = traced.get(target_id)
            if not trace:
                reasons[target_id] = self.env._("No mail could be made.")
            elif trace.trace_status in ("cancel", "error"):
                reasons[target_id] = labels.get(trace.failure_type) or self.env._("The mail was cancelled.")
        return reasons
