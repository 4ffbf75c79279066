# Rehearsals: walking a journey, or counting its audience, in a savepoint that is rolled back.
import re
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import clean_context, format_datetime

from ...tools.callbacks import keep_callbacks
from .journey_node_action import HARMLESS_IN_TESTS
from .kinds.journey_kind import Later, Leave, Move

MAX_ROUNDS = 50
BATCH_SIZE = 1000
TRACKED_LINK = re.compile(r"https?://[^\s\"'<>]*?/r/(\w+)(?:/m/\d+)?")


class JourneyRehearsal(models.AbstractModel):
    """Does what the engine does without leaving a trace: everything happens in a savepoint that is rolled back, and
    what was to happen after the commit (notifications, web calls) is forgotten.

    Actions that reach beyond the database before the commit (code, SMS, web calls) are not run.
    """

    _name = "journey.rehearsal"
    _description = "Journey Rehearsal"

    @contextmanager
    def _undone(self):
        """Undo whatever is done inside."""
        with keep_callbacks(self.env.cr, always=True), self.env.cr.savepoint() as savepoint:
            yield
            savepoint.rollback()
        self.env.invalidate_all()

    # Test run -----------------------------------------------------------------------------------------------------

    @api.model
    def _walk(self, journey, records, chosen="next", answers=None):
        """Send records through the shown version at once, with the rights of the current user.

        :param str chosen: the outcome that steps take which wait for something that may happen or not
        :param dict answers: ``{id of such a step: (outcome, id of the path or None)}``, where it differs
        :return: ``(steps, mails)``: dicts per record and step, and values of the mails as they would go out
        :rtype: tuple[list[dict], list[dict]]
        """
        return self.with_context(clean_context(self.env.context))._walk_there_and_back(
            journey, records, chosen, answers or {}
        )

    def _walk_there_and_back(self, journey, records, chosen, answers):
        with self._undone():
            self.env.flush_all()
            self.env.cr.execute("SELECT COALESCE(MAX(id), 0) FROM mail_mail")
            last_mail_id = self.env.cr.fetchone()[0]
            participants = self._place(journey, records)
            for _round in range(MAX_ROUNDS):
                active = participants.filtered(lambda participant: participant.state == "active")
                if not active:
                    break
                for node, here in active.grouped("node_id").items():
                    self._step(node, here, *answers.get(node.id, (chosen, None)))
            return self._tell(participants), self._read_mails(last_mail_id)

    def _place(self, journey, records):
        """Put the records on the first step; whoever is inside already is out of the way meanwhile."""
        version = journey.sudo().shown_version_id
        start = version._get_start_node()
        if not start:
            raise UserError(self.env._("%(journey)s has no first step.", journey=journey.name))
        Participant = self.env["journey.participant"].sudo()
        inside = [
            ("journey_id", "=", journey.id),
            ("res_model", "=", records._name),
            ("res_id", "in", records.ids),
            ("state", "=", "active"),
        ]
        present = Participant.search(inside)
        present.write({"state": "exited", "due_at": False})
        present.flush_recordset()  # before the others come, or the database sees both inside
        return Participant.create(
            [
                {
                    "journey_id": journey.id,
                    "version_id": version.id,
                    "node_id": start.id,
                    "res_model": record._name,
                    "res_id": record.id,
                    "due_at": fields.Datetime.now(),
                }
                for record in records
            ]
        )

    def _step(self, node, participants, chosen, edge_id=None):
        """Let one step process its participants; nobody waits."""
        engine = self.env["journey.engine"].sudo()
        kind = node._get_kind()
        if self._is_unsafe(node):
            what = self.env._("Not run in a test: %(summary)s", summary=node.summary)
            results, errors = {participant.id: Move(reason=what) for participant in participants}, {}
        else:
            results, errors = engine._process(node.with_env(self.env).sudo(), participants)
        outcome = chosen if chosen in kind._outcomes else (kind._outcomes or (None,))[0]
        for participant_id, result in results.items():
            if isinstance(result, Later):
                until = format_datetime(self.env, result.at) if result.at else "…"
                results[participant_id] = Move(
                    outcome,
                    reason=self.env._("Would wait until %(date)s", date=until),
                    edge_id=edge_id if outcome == "branch" else None,
                )
        has_error_path = "error" in node.out_edge_ids.mapped("outcome")
        for participant_id, error in errors.items():
            results[participant_id] = (
                Move("error", state="failed", reason=error)
                if has_error_path
                else Leave(error, state="failed", participant_state="failed")
            )
        engine._write_results(node, participants, results, {})

    def _is_unsafe(self, node):
        """Whether the step runs an action whose effect a rollback would not undo."""
        action = node.action_server_id.sudo()
        return (
            node.kind == "action"
            and action
            and action.state not in action._get_step_actions().keys() | (HARMLESS_IN_TESTS)
        )

    def _tell(self, participants):
        """The path that each participant took, in order."""
        return [
            {
                "record_name": participant.record_name,
                "visit": trace.visit,
                "node_name": trace.node_id.name,
                "summary": trace.node_id.summary,
                "state": trace.state,
                "outcome": trace.outcome_name,
                "reason": trace.reason,
            }
            for participant in participants.with_env(self.env).sudo()
            for trace in participant.trace_ids.sorted("visit")
        ]

    def _read_mails(self, last_mail_id):
        """What the mails that were made say, and to whom they would go."""
        mails = self.env["mail.mail"].sudo().search([("id", ">", last_mail_id), ("state", "=", "outgoing")], order="id")
        return [
            {
                "recipients": ", ".join(filter(None, [mail.email_to, *mail.recipient_ids.mapped("email_formatted")])),
                "email_cc": mail.email_cc,
                "email_from": mail.email_from,
                "reply_to": mail.reply_to,
                "subject": mail.subject,
                "body_html": self._restore_links(mail.body_html or ""),
                "attachment_ids": mail.attachment_ids.ids,
            }
            for mail in mails
        ]

    def _restore_links(self, body):
        """Links that count clicks are undone with everything else: put the addresses back."""
        codes = set(TRACKED_LINK.findall(body))
        found = self.env["link.tracker.code"].sudo().search([("code", "in", list(codes))])
        url_of = {code.code: code.link_id.url for code in found}
        return TRACKED_LINK.sub(lambda match: url_of.get(match[1], match[0]), body)

    # Dry run ------------------------------------------------------------------------------------------------------

    @api.model
    def _count_audience(self, journey):
        """How many would enter now, and which path of the first split they would take. Set-based: one statement lets
        all in, and the split decides batch by batch.

        :return: ``{"entering": count, "split": journey.node, maybe empty, "paths": [(label, count)]}``
        :rtype: dict
        """
        engine = self.with_context(clean_context(self.env.context)).sudo().env["journey.engine"]
        journey = journey.with_env(engine.env)
        with self._undone():
            self.env.cr.execute("SELECT COALESCE(MAX(id), 0) FROM journey_participant")
            last_id = self.env.cr.fetchone()[0]
            journey.current_version_id = journey.shown_version_id
            entering = engine._enrol_one(journey, fields.Datetime.now())
            node = journey.shown_version_id._get_start_node()
            seen = node.browse()
            # what waits or listens is passed by its main way: who knows what will happen
            while (
                node and node not in seen and ("branch" not in node._get_kind()._outcomes or node._get_kind()._pauses)
            ):
                seen |= node
                node = node.next_id
            split = node - seen
            counts = self._count_paths(engine, journey, split, last_id) if split else {}
        labels = dict(self.env["journey.edge"]._fields["outcome"]._description_selection(self.env))
        paths = [
            (
                edge.name or (edge.target_id.name if edge.outcome == "branch" else labels[edge.outcome]),
                counts.pop(edge.id, 0),
            )
            for edge in split.out_edge_ids.sorted("sequence")
        ]
        paths += [(labels.get(rest, rest or self.env._("Leave here")), count) for rest, count in counts.items()]
        return {"entering": entering, "split": split, "paths": paths}

    def _count_paths(self, engine, journey, split, last_id):
        """``{edge id, or outcome without an edge: count}``"""
        node = split.with_env(journey._as_responsible().env).sudo()
        edge_of = {edge.outcome: edge.id for edge in node.out_edge_ids if edge.outcome != "branch"}
        counts = {}
        entered = [("journey_id", "=", journey.id), ("id", ">", last_id)]
        while batch := engine.env["journey.participant"].search(entered, limit=BATCH_SIZE, order="id"):
            entered[-1] = ("id", ">", batch[-1].id)
            results, errors = engine._process(node, batch)
            for participant in batch:
                result = results.get(participant.id)
                edge_id = getattr(result, "edge_id", None) or edge_of.get(getattr(result, "outcome", None))
                key = "error" if participant.id in errors else edge_id or getattr(result, "outcome", None)
                counts[key] = counts.get(key, 0) + 1
        return counts
