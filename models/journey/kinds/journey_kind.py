# The engine's small interface to the kinds of nodes.
from dataclasses import dataclass
from datetime import datetime

from odoo import models


@dataclass(frozen=True)
class Move:
    """Go on by the edge of this outcome; without such an edge the participant has completed the journey.

    Where several edges share an outcome, as the paths of a split do, ``edge_id`` says which one. ``state`` (``done``,
    ``skipped`` or ``failed``) and ``reason`` go into the trace.
    """

    outcome: str | None = "next"
    state: str = "done"
    reason: str | None = None
    edge_id: int | None = None


@dataclass(frozen=True)
class Later:
    """Stay and be looked at again at ``at`` (naive UTC); ``None``: until something wakes the participant."""

    at: datetime | None
    reason: str | None = None
    state = "waiting"
    outcome = None


@dataclass(frozen=True)
class Leave:
    """Leave the journey before its end."""

    reason: str
    state: str = "skipped"
    participant_state: str = "exited"
    outcome = None


class JourneyKind(models.AbstractModel):
    """Base of all kinds. A kind is an abstract model ``journey.kind.<name>`` that inherits from this one; defining it
    is all it takes to make the kind available, also from another addon.
    """

    _name = "journey.kind"
    _description = "Kind of Journey Step"

    # place in the list of kinds
    _sequence = 100
    # ways out, besides 'error'; the first is the main one; none means nothing can follow
    _outcomes = ("next",)
    # whether participants rest on such a node; a circle of steps needs one that does
    _pauses = False

    # whether only one worker at a time may process such a node
    _alone = False

    # how many participants are processed in one transaction: fewer where each takes long or much memory
    _batch_size = 1000

    def _get_batch_size(self, node, most):
        """How many participants of this node to process in one transaction, ``most`` at most."""
        return min(self._batch_size, most)

    def _get_label(self):
        """Name of the kind in the user's language."""
        raise NotImplementedError

    def _get_summary(self, node):
        """What the node does, in one line, in the user's language."""
        return self._get_label()

    def _get_errors(self, node):
        """What keeps this node from being published.

        :rtype: list[str]
        """
        return []

    def _get_shape_errors(self, node):
        """What is wrong with the connections around this node, besides ways out that its kind does not have.

        :rtype: list[str]
        """
        return []

    def _on_create(self, node):
        """Called when a node of this kind was created."""

    def _on_copy(self, node, copied):
        """Called when ``node`` was copied to ``copied``: copy what the node owns."""

    def _on_publish(self, node):
        """Called when the version of the node goes live."""

    def _process(self, node, participants):
        """Carry out the step for a whole batch.

        Runs inside a savepoint; an exception makes the engine find the culprit. Must not commit and must not send.

        :param node: the node, in the environment of the journey's responsible user, with system rights on itself
        :param participants: the batch, never empty; ``fetch`` the fields that the kind needs, or all are read
        :return: ``{participant id: Move, Later or Leave}`` for every participant
        """
        raise NotImplementedError

    # Help for kinds -----------------------------------------------------------------------------------------------

    def _get_records(self, node, participants):
        """The participants' records that still exist and that the responsible user may read.

        Archived ones count only if the audience asks for them by naming ``active``, as one of lost leads does: what
        was archived on the way gets no more mails.

        :return: ``{participant id: record}``; a participant without a record is left out
        """
        active_test = not node.journey_id._asks_for_archived()
        Model = node.sudo(False).env[node.model_name].with_context(active_test=active_test)
        participants.fetch(["res_id"])
        found = Model.search([("id", "in", participants.mapped("res_id"))]).with_context(active_test=True)
        records = {record.id: record for record in found}
        return {
            participant.id: records[participant.res_id] for participant in participants if participant.res_id in records
        }

    def _get_people(self, node, records):
        """The people of each record: members of a group, contacts of an account, the contact of a lead.

        :param records: records of the journey's model
        :return: ``{record id: res.partner}``, narrowed to the node's roles
        :rtype: dict
        """
        Partner = records.env["res.partner"]
        if records._name == "buying.group":
            domain = [("group_id", "in", records.ids), ("state", "=", "in"), ("partner_id.active", "=", True)]
            if node.role_ids:
                domain.append(("role_id", "in", node.role_ids.ids))
            members = records.env["buying.group.member"].search(domain).grouped("group_id")
            return {record.id: members[record].partner_id if record in members else Partner for record in records}
        if records._name == "res.partner":
            people = records._get_account_people()
        else:
            people = {
                record.id: record.partner_id.filtered("active") if "partner_id" in record._fields else Partner
                for record in records
            }
        if node.role_ids:
            in_role = (
                records.env["buying.group.member"]
                .search(
                    [
                        ("partner_id", "in", Partner.union(*people.values()).ids),
                        ("state", "=", "in"),
                        ("role_id", "in", node.role_ids.ids),
                    ]
                )
                .partner_id
            )
            people = {record_id: persons & in_role for record_id, persons in people.items()}
        return people

    def _gone(self):
        """Result for a participant whose record was deleted or is out of sight."""
        return Leave(self.env._("The record was deleted or archived, or the responsible user may not read it."))
