# Waking up: an activity makes those due who listen for it.
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from .journey_engine import RUNNING

# an activity's id is drawn an instant before its transaction shows
SETTLE = timedelta(minutes=1)


class JourneyEngine(models.AbstractModel):
    """Each listening step has a mark: the activity up to which everybody was woken. The log is read from there on, in
    one statement per step, from the activities to the participants: nobody who rests costs anything.

    Ids are drawn before transactions end, so a lower id may show after a higher one. Therefore the mark is moved only
    when all transactions of the time when it was seen have ended; until then the same activities are read again,
    which wakes nobody twice, since whoever was woken has moved on.
    """

    _inherit = "journey.engine"

    def _advance(self, limit=None):
        self._wake()
        return super()._advance(limit)

    def _wake(self):
        """Make due who waits for an activity that has come.

        :return: how many participants were woken
        """
        self.env.flush_all()
        self.env.cr.execute("SELECT COALESCE(MAX(id), 0) FROM engagement_activity")
        newest = self.env.cr.fetchone()[0]
        self.env.cr.execute(
            """
            SELECT node.id
              FROM journey_node node
              JOIN journey_journey journey ON journey.id = node.journey_id AND journey.state IN %s
             WHERE node.kind = 'listen' AND COALESCE(node.listen_mark, 0) < %s
               AND EXISTS (
                   SELECT FROM journey_participant participant
                    WHERE participant.node_id = node.id AND participant.state = 'active')
          ORDER BY node.id
            """,
            [RUNNING, newest],
        )
        woken = 0
        for node in self.env["journey.node"].browse(row[0] for row in self.env.cr.fetchall()):
            with self._unless_taken():  # if somebody moves these participants just now, the mark stays, too
                woken += self._wake_node(node, newest)
            self._commit()
        return woken

    def _wake_node(self, node, newest):
        """:return: how many participants of this step were woken"""
        mark = node.listen_mark
        if not mark:
            # the step is new: what was recorded before the first arrival is of no interest
            self.env.cr.execute(
                "SELECT MIN(COALESCE(arrived_after, 0)) FROM journey_participant"
                " WHERE node_id = %s AND state = 'active'",
                [node.id],
            )
            mark = self.env.cr.fetchone()[0] or 0
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """
            WITH RECURSIVE hit AS MATERIALIZED (
                SELECT activity.id, activity.partner_id, activity.group_id, activity.date,
                       activity.res_model, activity.res_id
                  FROM engagement_activity activity
                 WHERE activity.id > %(mark)s AND activity.is_automatic IS NOT TRUE
                   AND activity.type_id IN (
                       SELECT type_id FROM journey_node_activity_type_rel WHERE node_id = %(node)s)
            ), %(concerned)s
            UPDATE journey_participant sleeper
               SET due_at = %(now)s
             WHERE sleeper.id IN (
                   SELECT participant.id
                     FROM concerned
                     JOIN hit ON hit.id = concerned.activity_id
                     JOIN journey_participant participant
                       ON participant.res_model = %(model)s AND participant.res_id = concerned.res_id
                    WHERE participant.node_id = %(node)s AND participant.state = 'active'
                      AND participant.journey_id = %(journey)s
                      AND hit.date >= COALESCE(participant.arrived_at, participant.entered_at)
                      AND hit.id > COALESCE(participant.arrived_after, 0))
               AND (sleeper.due_at IS NULL OR sleeper.due_at > %(now)s)
                """,
                mark=mark,
                node=node.id,
                journey=node.journey_id.id,
                model=node.model_name,
                concerned=self._get_concerned_sql(node),
                now=now,
            )
        )
        woken = self.env.cr.rowcount
        self.env["journey.participant"].invalidate_model(["due_at"])
        self._move_mark(node, newest, now)
        return woken

    def _get_concerned_sql(self, node):
        """Tables that lead from ``hit`` to the table ``concerned (activity_id, res_id)``. What a kind checks again with
        the rights of the responsible user; see ``journey.kind._get_activities_sql``."""
        own = SQL("SELECT id AS activity_id, res_id FROM hit WHERE res_model = %s", node.model_name)
        if node.model_name == "buying.group":
            return SQL(
                """concerned AS (
                %s
             UNION
                SELECT hit.id, hit.group_id FROM hit WHERE hit.group_id IS NOT NULL
             UNION
                SELECT hit.id, member.group_id
                  FROM hit JOIN buying_group_member member ON member.partner_id = hit.partner_id AND member.state = 'in'
                 WHERE hit.group_id IS NULL
             UNION
                SELECT hit.id, owned.id FROM hit JOIN buying_group owned ON owned.partner_id = hit.partner_id
                 WHERE hit.group_id IS NULL
            )""",
                own,
            )
        if node.model_name == "res.partner":
            return SQL(
                """above AS (
                SELECT hit.id AS activity_id, hit.partner_id, TRUE AS is_account
                  FROM hit WHERE hit.partner_id IS NOT NULL
             UNION
                SELECT above.activity_id, partner.parent_id, parent.is_company
                  FROM above
                  JOIN res_partner partner ON partner.id = above.partner_id
                  JOIN res_partner parent ON parent.id = partner.parent_id
            ), concerned AS (
                %s
             UNION
                SELECT activity_id, partner_id FROM above WHERE is_account
             UNION
                SELECT hit.id, affiliated.account_id
                  FROM hit JOIN res_partner_affiliated_account_rel affiliated
                    ON affiliated.partner_id = hit.partner_id
             UNION
                SELECT hit.id, owned.partner_id FROM hit JOIN buying_group owned ON owned.id = hit.group_id
            )""",
                own,
            )
        field = self.env[node.model_name]._fields.get("partner_id")
        if not field or not field.store or field.comodel_name != "res.partner":
            return SQL("concerned AS (%s)", own)
        return SQL(
            """concerned AS (
            %s
         UNION
            SELECT hit.id, record.id FROM hit JOIN %s record ON record.partner_id = hit.partner_id
         UNION
            SELECT hit.id, trace.res_id
              FROM hit JOIN mailing_trace trace ON hit.res_model = 'mailing.trace' AND trace.id = hit.res_id
             WHERE trace.model = %s
        )""",
            own,
            SQL.identifier(self.env[node.model_name]._table),
            node.model_name,
        )

    def _move_mark(self, node, newest, now):
        """Remember how far the log was read; writes only when there is something new."""
        if not node.listen_seen:
            self.env.cr.execute(
                """
                UPDATE journey_node
                   SET listen_seen = %s, listen_seen_at = %s,
                       listen_seen_xid = pg_snapshot_xmax(pg_current_snapshot())::text
                 WHERE id = %s
                """,
                [newest, now, node.id],
            )
        else:
            self.env.cr.execute(
                """
                UPDATE journey_node
                   SET listen_mark = listen_seen, listen_seen = NULL
                 WHERE id = %s AND listen_seen_at <= %s
                   AND pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= listen_seen_xid::bigint
                """,
                [node.id, now - SETTLE],
            )
        node.invalidate_recordset(["listen_mark", "listen_seen", "listen_seen_xid", "listen_seen_at"])
