# What happens to a group is noticed when the transaction ends: it became complete, or a role or member was lost.
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.actor import get_actor_id

BEFORE = "crm_buying_journey.watched"
LEFT = "crm_buying_journey.left"
ACTORS = "crm_buying_journey.actors"


class BuyingGroup(models.Model):
    """What counts is what the database says at the end; the host also looks whenever it sets a savepoint. Between, a
    group may be complete and incomplete as often as it likes, and what a savepoint takes back was never there.
    """

    _inherit = "buying.group"

    complete_date = fields.Datetime(
        "Complete Since",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="When every required role was filled; empty as long as one is not.",
    )

    def _compute_completeness(self):
        self._watch()
        return super()._compute_completeness()

    def _watch(self):
        """Remember what the database says of these groups before their first change in this transaction."""
        data = self.env.cr.precommit.data
        if BEFORE not in data:
            data[BEFORE] = {}
            self.env.cr.precommit.add(self.sudo().browse()._note_crossings)
        before, actors = data[BEFORE], data.setdefault(ACTORS, {})
        fresh = [group_id for group_id in self._origin.ids if group_id not in before]
        if fresh:
            before |= dict.fromkeys(fresh, (False, None))  # made in this very transaction
            before |= self._get_standing(fresh)
            for group_id in fresh:
                actors.setdefault(group_id, get_actor_id(self.env))

    def _get_standing(self, group_ids):
        """:return: ``{group id: (whether it is complete, ids of its missing roles; None if never counted)}``"""
        self.env.cr.execute(
            SQL(
                """
                SELECT id, completeness >= 100 AND required_role_count > 0,
                       CASE WHEN completeness IS NOT NULL THEN ARRAY(
                            SELECT role_id FROM buying_group_missing_role_rel WHERE group_id = buying_group.id) END
                  FROM buying_group WHERE id = ANY(%s)
                """,
                group_ids,
            )
        )
        return {group_id: (bool(complete), missing) for group_id, complete, missing in self.env.cr.fetchall()}

    def _note_crossings(self):
        """Before the commit, or a savepoint: what became complete, which required roles became empty, and who left."""
        data = self.env.cr.precommit.data
        self.env.flush_all()
        before, left = data.pop(BEFORE, {}), data.pop(LEFT, {})
        actors = data.pop(ACTORS, {})
        after = self._get_standing(list(before))
        notices, changed = [], {True: [], False: []}
        for group_id, (complete, missing) in after.items():
            was_complete, was_missing = before[group_id]
            base = {"group_id": group_id, "actor_id": actors.get(group_id, False)}
            if complete != was_complete:
                changed[complete].append(group_id)
                if complete:
                    notices.append(base | {"kind": "complete"})
            if was_missing is not None:
                notices += [
                    base | {"kind": "role_lost", "role_id": role_id}
                    for role_id in sorted(set(missing or ()) - set(was_missing))
                ]
            notices += [
                base | {"kind": "member_left", "partner_id": partner_id, "role_id": role_id}
                for (left_id, partner_id), role_id in left.items()
                if left_id == group_id
            ]
        for complete, ids in changed.items():
            if ids:
                self.env.cr.execute(
                    "UPDATE buying_group SET complete_date = %s WHERE id = ANY(%s)",
                    [fields.Datetime.now() if complete else None, ids],
                )
        self.invalidate_model(["complete_date"])
        gone = {notice["partner_id"] for notice in notices if "partner_id" in notice}
        gone -= set(self.env["res.partner"].browse(gone).exists().ids)
        self.env["buying.group.notice"]._note([notice for notice in notices if notice.get("partner_id") not in gone])
        self.env.flush_all()

    @api.model
    def _watch_members(self, changes, source):
        """Remember who left these groups, and whose doing it is.

        :param list changes: see ``buying.group.member._on_changed``
        """
        groups = self.browse({row.group_id.id for row, _before, _after in changes})
        groups._watch()
        data = self.env.cr.precommit.data
        left = data.setdefault(LEFT, {})
        actor_id = False if source == "journey" else get_actor_id(self.env)
        data.setdefault(ACTORS, {}).update(dict.fromkeys(groups.ids, actor_id))
        for row, (state, role), (new_state, _new_role) in changes:
            key = (row.group_id.id, row.partner_id.id)
            if (state, new_state) == ("in", "out"):
                left[key] = role.id
            else:
                left.pop(key, None)  # back in the same transaction
