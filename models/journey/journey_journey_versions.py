# Editing a published journey: a draft version beside the live one, and what becomes of those inside.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.modules import module
from odoo.tools import SQL

from .journey_engine import RETRYABLE

EDITABLE = ("live", "paused")


class JourneyJourney(models.Model):
    """A live or paused journey may have a draft version as well, made by :meth:`action_edit`. Publishing it sends new
    entries to it. Those inside go on with the version they entered; if asked, those whose step is in the new version,
    too, stand on it there, and keep the time at which they go on. Whom another worker is moving just then, or whose
    people are on the paths of a split, follows as soon as that is over: the engine sees to it while the new version
    ``takes_over``. That goes on if another version is published meanwhile: whoever was to move to a version moves to
    it, and on to the latest one if those inside are asked to move to that as well.
    """

    _inherit = "journey.journey"

    former_version_note = fields.Char(
        compute="_compute_former_version_note",
        help="Whose figures the steps show, if there were other versions before.",
    )

    @api.depends("current_version_id", "draft_version_id")
    @api.depends_context("lang")
    def _compute_former_version_note(self):
        """The figures of the steps begin anew with each version; without a word they would seem lost."""
        self.former_version_note = False
        later = self.filtered(lambda journey: journey.current_version_id.number > 1 and not journey.draft_version_id)
        inside = dict(
            self.env["journey.participant"]._read_group(
                [
                    ("journey_id", "in", later.ids),
                    ("state", "=", "active"),
                    ("version_id", "not in", later.current_version_id.ids),
                ],
                ["journey_id"],
                ["__count"],
            )
        )
        for journey in later:
            journey.former_version_note = self.env._(
                "The figures are those of version %(number)s. Inside a former version now: %(count)s.",
                number=journey.current_version_id.number,
                count=inside.get(journey, 0),
            )

    def action_view_former(self):
        """Button: what happened at the steps of former versions."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.journey_trace_action")
        return action | {
            "name": self.env._("Former Versions"),
            "domain": [("journey_id", "=", self.id), ("node_id.version_id", "!=", self.current_version_id.id)],
            "context": {"search_default_group_node": 1, "search_default_group_state": 1},
        }

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
                self._take_over(version)

    def _take_over(self, version):
        """Let those inside move to ``version``, at once if nobody holds them."""
        self.flush_recordset()
        version.sudo().takes_over = True
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                self._move_participants(version)
        except RETRYABLE:
            # a busy worker changes rows all the time: publishing must not depend on a moment without one
            if module.current_test:
                raise
        if self._has_movable(version):
            self.env["journey.engine"]._trigger()
        else:
            version.sudo().takes_over = False

    def _move_participants(self, version, limit=None):
        """Let those inside older versions stand on the same step of ``version``, in one statement; whose step is gone
        stays on the older version, and whose people are on paths of that one's split stays until they meet again, or
        they would begin all paths anew.

        :param int limit: move so many at most
        :return: how many moved
        """
        self.env["journey.participant"].flush_model()
        self.env["journey.node"].flush_model()
        self.env.cr.execute(
            SQL(
                """
            UPDATE journey_participant participant
               SET version_id = %s, node_id = movable.target_id, write_date = %s, write_uid = %s
              FROM (
                   SELECT participant.id, target.id AS target_id
                          %s AND participant.people_edge_id IS NULL
                    LIMIT %s
           FOR NO KEY UPDATE OF participant SKIP LOCKED) movable
             WHERE participant.id = movable.id
                """,
                version.id,
                fields.Datetime.now(),
                self.env.uid,
                self._get_movable(version),
                limit,
            ),
            log_exceptions=False,
        )
        count = self.env.cr.rowcount
        self.env["journey.participant"].invalidate_model()
        return count

    def _get_movable(self, version):
        """Rows of ``participant`` inside older versions, with their ``target`` in ``version``."""
        return SQL(
            """
            FROM journey_participant participant
            JOIN journey_version own ON own.id = participant.version_id AND own.number < %s
            JOIN journey_node source ON source.id = participant.node_id
            JOIN journey_node target ON target.origin_key = source.origin_key AND target.kind = source.kind
             AND target.version_id = %s
           WHERE participant.journey_id = %s AND participant.state = 'active'
            """,
            version.number,
            version.id,
            self.id,
        )

    def _has_movable(self, version):
        self.env["journey.participant"].flush_model()
        self.env.cr.execute(SQL("SELECT EXISTS (SELECT %s)", self._get_movable(version)))
        return self.env.cr.fetchone()[0]

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
