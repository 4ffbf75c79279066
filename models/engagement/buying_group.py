# The engagement of groups, and the log of what changes about them.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# what the computation of scores alone writes
SCORES = {"engagement", "engagement_band"}


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    engagement = fields.Float(
        default=0.0,
        readonly=True,
        copy=False,
        index=True,
        aggregator="avg",
        help="How engaged the members are, compared with the most engaged group, from 0 to 100.",
    )

    engagement_band = fields.Selection(
        selection=lambda self: self._get_bands(),
        compute="_compute_engagement_band",
        store=True,
        index=True,
        help="The engagement, rounded to whole percents, in four bands.",
    )

    @api.depends("engagement")
    def _compute_engagement_band(self):
        """The computation of scores writes the band by itself, since it passes the ORM by."""
        for group in self:
            group.engagement_band = self._get_band(group.engagement)

    @api.model
    def default_get(self, field_names):
        # neither the context nor somebody's own defaults say how engaged a group is
        values = super().default_get([name for name in field_names if name not in SCORES])
        return values | ({"engagement": 0.0} if "engagement" in field_names else {})

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(vals.get(name) for vals in vals_list for name in SCORES):
            self._refuse_engagement()
        return super().create(vals_list)

    def write(self, vals):
        if SCORES & vals.keys() and not self.env.su:
            self._refuse_engagement()
        before = {group: group.status or "" for group in self} if "status" in vals else {}
        result = super().write(vals)
        changed = {group: old for group, old in before.items() if (group.status or "") != old}
        self._log_changes("status_changed", [(group, old, group.status) for group, old in changed.items()])
        if "active" in vals:  # an archived group has no score
            self._score_new()
        return result

    def _refuse_engagement(self):
        raise UserError(self.env._("Engagement scores follow from what happened. Nobody can set them by hand."))

    def _score_new(self):
        """Score these groups now from their members, without waiting for the night.

        Scaled by the maximum of the last computation, so that it costs two statements however many groups there are.
        """
        self.env["engagement.score.computation"]._score_groups_now(self)

    def _log_changes(self, code, changes):
        """Record changes of groups.

        :param str code: of the activity type
        :param list changes: ``(group, old value, new value)``
        """
        if not changes:
            return
        Type = self.env["engagement.activity.type"].sudo()
        base = {"type_id": Type._get_by_code(code).id, "date": fields.Datetime.now()}
        self.env["engagement.activity"].sudo().create(
            [
                base
                | {
                    "group_id": group.id,
                    "account_id": group.partner_id.id,
                    "subject": group.name,
                    "old_value": old,
                    "new_value": new,
                }
                for group, old, new in changes
            ]
        )

    def _on_merge(self, stays):
        result = super()._on_merge(stays)
        self.env["engagement.score"]._merge_history("group_id", self, stays)
        return result

    def _on_people_archived(self, people, archived):
        """Archived people do not count for the score either."""
        result = super()._on_people_archived(people, archived)
        self._score_new()
        return result

    def _on_stage_changed(self, changes, source):
        result = super()._on_stage_changed(changes, source)
        self._log_changes("stage_changed", [(group, old.name, new.name) for group, old, new in changes])
        return result

    def _compute_completeness(self):
        """Remember what the database says before the first change; the log compares with it before the commit."""
        data = self.env.cr.precommit.data
        before = data.setdefault("crm_buying_journey.completeness", {})
        if fresh := [group_id for group_id in self._origin.ids if group_id not in before]:
            if not before:
                self.env.cr.precommit.add(self._log_completeness)
            self.env.cr.execute("SELECT id, completeness FROM buying_group WHERE id = ANY(%s)", [fresh])
            before |= dict(self.env.cr.fetchall())
        return super()._compute_completeness()

    def _log_completeness(self):
        """Log whose completeness changed by a whole percent in this transaction, with one query for all groups."""
        before = self.env.cr.precommit.data.pop("crm_buying_journey.completeness", {})
        known = {group_id: old for group_id, old in before.items() if old is not None}  # a new group was not at 0
        if not known:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL("SELECT id, completeness FROM buying_group WHERE id = ANY(%s)", list(known)),
        )
        changes = []
        for group_id, completeness in self.env.cr.fetchall():
            old, new = int(known[group_id] + 0.5), int((completeness or 0) + 0.5)
            if old != new:
                changes.append((self.env["buying.group"].sudo().browse(group_id), str(old), str(new)))
        self._log_changes("completeness_changed", changes)
        self.env.flush_all()

    def action_explain_engagement(self):
        """Button: show how the score came about."""
        self.ensure_one()
        return self.env["engagement.explanation"]._explain_group(self)
