# Editing a published journey: a draft version beside the live one, and what becomes of those inside.
from odoo import fields, models
from odoo.exceptions import UserError

EDITABLE = ("live", "paused")


class JourneyJourney(models.Model):
    """A live or paused journey may have a draft version as well, made by :meth:`action_edit`. Publishing it sends new
    entries to it. Those inside go on with the version they entered; if asked, those whose step is in the new version,
    too, stand on it there, and keep the time at which they go on.
    """

    _inherit = "journey.journey"

    def action_edit(self):
        """Button: copy the live version, with its mails and actions, into a draft that may be changed.

        :return: ``True``; nothing happens to a journey that has a draft already
        :raise UserError: a journey is neither live nor paused, or a step needs rights that the user lacks
        """
        self.check_access("write")
        for journey in self:
            if journey.state == "draft" or (journey.draft_version_id and journey.state in EDITABLE):
                continue
            if journey.state not in EDITABLE:
                raise UserError(
                    self.env._(
                        "%(journey)s is over or lets nobody in any more. Duplicate it instead.", journey=journey.name
                    )
                )
            # two users at once would make two drafts
            self.env.cr.execute("SELECT draft_version_id FROM journey_journey WHERE id = %s FOR UPDATE", [journey.id])
            number = max(journey.version_ids.mapped("number")) + 1
            version = self.env["journey.version"].sudo().create({"journey_id": journey.id, "number": number})
            journey.current_version_id._copy_graph_to(version.with_env(self.env))
            journey.sudo().draft_version_id = version
        return True

    def action_discard_draft(self):
        """Button: drop the draft version of a published journey, with its mails and actions."""
        self.check_access("write")
        for journey in self.filtered(lambda journey: journey.state != "draft" and journey.draft_version_id):
            draft = journey.draft_version_id
            draft.node_ids.unlink()
            journey.sudo().draft_version_id = False
            draft.sudo().unlink()
        return True

    def _go_live(self, move_participants=False):
        """Make the draft version the live one.

        :param bool move_participants: whether those inside move on to it
        """
        self.ensure_one()
        former, version = self.current_version_id, self.draft_version_id
        version._freeze()
        values = {"current_version_id": version.id, "draft_version_id": False}
        if self.state == "draft":
            values |= {"state": "live", "published_at": fields.Datetime.now()}
        self.sudo().write(values)
        if former:
            former.sudo().state = "replaced"
            if move_participants:
                self._move_participants(version)

    def _move_participants(self, version):
        """Let those inside older versions stand on the same step of ``version``, in one statement; whose step is gone
        stays on the older version.

        :return: how many moved
        """
        self.env["journey.participant"].flush_model()
        self.env["journey.node"].flush_model()
        self.env.cr.execute(
            """
            UPDATE journey_participant participant
               SET version_id = target.version_id, node_id = target.id, write_date = %s, write_uid = %s
              FROM journey_node source
              JOIN journey_node target ON target.origin_key = source.origin_key AND target.kind = source.kind
             WHERE source.id = participant.node_id AND target.version_id = %s
               AND participant.journey_id = %s AND participant.state = 'active' AND participant.version_id != %s
            """,
            [fields.Datetime.now(), self.env.uid, version.id, self.id, version.id],
        )
        count = self.env.cr.rowcount
        self.env["journey.participant"].invalidate_model()
        return count

    def _count_movable(self):
        """``(inside, of them on a step that the draft version has, too)``"""
        self.ensure_one()
        kept = {(node.origin_key, node.kind) for node in self.draft_version_id.node_ids}
        inside = movable = 0
        for node, count in self.env["journey.participant"]._read_group(
            [("journey_id", "=", self.id), ("state", "=", "active")], ["node_id"], ["__count"]
        ):
            inside += count
            movable += count if (node.origin_key, node.kind) in kept else 0
        return inside, movable
