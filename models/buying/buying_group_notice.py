# What is still to be told about buying groups.
from datetime import timedelta

from odoo import api, fields, models
from odoo.modules import module

# so long are notices kept, so that a change and its correction, or many changes, make one message
DELAY = timedelta(minutes=2)
# a job that builds groups is awaited, so that all it did is told at once; but not for ever
PATIENCE = timedelta(hours=2)
AT_ONCE = 20_000


class BuyingGroupNotice(models.Model):
    """A notice waits here until the scheduled action tells the responsible people, who get one message about all that
    waits for them. What is not true any more by then is not told: a group that lacks a role again, a role that
    somebody fills again, a member who is back.

    Written when the transaction ends in which something happened, see ``buying.group._watch``; deleted in the one that
    makes the messages. So nothing is told twice, however many workers there are.
    """

    _name = "buying.group.notice"
    _description = "Notice about a Buying Group"
    _order = "id"
    _rec_name = "group_id"

    group_id = fields.Many2one("buying.group", "Buying Group", required=True, index=True, ondelete="cascade")
    kind = fields.Selection(
        [("complete", "Group complete"), ("role_lost", "Required role empty"), ("member_left", "Member left")],
        required=True,
    )
    role_id = fields.Many2one("buying.role", ondelete="cascade")
    partner_id = fields.Many2one("res.partner", "Person", index="btree_not_null", ondelete="cascade")
    actor_id = fields.Many2one("res.users", "Done By", ondelete="set null", help="Empty: by a rule or a journey.")

    @api.model
    def _note(self, vals_list):
        """Keep these notices and have the scheduled action look at them in a moment."""
        if not vals_list:
            return
        self.sudo().create(vals_list)
        self._trigger_soon()

    @api.model
    def _trigger_soon(self, delay=DELAY):
        """Wake the scheduled action after ``delay``, unless it wakes by then anyway."""
        cron = self.env.ref("crm_buying_journey.ir_cron_buying_group_notice", raise_if_not_found=False)
        if not cron:
            return
        now = fields.Datetime.now()
        known = [("cron_id", "=", cron.id), ("call_at", ">", now), ("call_at", "<=", now + delay)]
        if not self.env["ir.cron.trigger"].sudo().search_count(known, limit=1):
            cron.sudo()._trigger(now + delay)

    @api.model
    def _cron_tell(self):
        """Tell everything that waits."""
        while True:
            busy = self.env["buying.group.job"].sudo().search_count([("state", "=", "running")], limit=1)
            domain = [("create_date", "<", fields.Datetime.now() - PATIENCE)] if busy else []
            if busy and self.search_count([], limit=1):
                self._trigger_soon(5 * DELAY)
            notices = self.search(domain, limit=AT_ONCE).try_lock_for_update()
            if not notices:
                return
            count = len(notices)
            notices._tell()
            if module.current_test:
                return
            if not self.env["ir.cron"]._commit_progress(count, remaining=self.search_count(domain, limit=1)):
                return

    def _tell(self):
        """Make the messages about these notices, and delete the notices."""
        true = self._filter_true()
        complete = true.filtered(lambda notice: notice.kind == "complete")
        complete.group_id._notify_responsible(
            "crm_buying_journey.buying_group_subtype_complete",
            lambda group: group.env._("Every required role is filled."),
            complete._get_actors(),
        )
        lost = (true - complete).grouped("group_id")
        (true - complete).group_id._notify_responsible(
            "crm_buying_journey.buying_group_subtype_role_lost",
            lambda group: lost[group]._get_loss_text(group.env),
            (true - complete)._get_actors(),
        )
        self.unlink()

    def _filter_true(self):
        """The notices that still hold; a fixed number of statements."""
        rows = self.env["buying.group.member"].search(
            [("group_id", "in", self.group_id.ids), ("partner_id", "in", self.partner_id.ids), ("state", "=", "in")]
        )
        present = {(row.group_id, row.partner_id) for row in rows}

        def holds(notice):
            group = notice.group_id
            if notice.kind == "complete":
                return group.required_role_count and group.completeness >= 100
            if notice.kind == "role_lost":
                return notice.role_id in group.missing_role_ids
            return (group, notice.partner_id) not in present

        return self.filtered(lambda notice: notice.group_id.active and holds(notice))

    def _get_actors(self):
        """``{group id: id of the user who did all that is told of it}``"""
        actors = {}
        for notice in self:
            actors.setdefault(notice.group_id.id, set()).add(notice.actor_id.id)
        return {group_id: ids.pop() for group_id, ids in actors.items() if len(ids) == 1}

    def _get_loss_text(self, env):
        """Who left and which roles are empty, in the language of ``env``."""
        notices = self.with_env(env)
        lines = [
            env._("%(name)s left (%(role)s).", name=notice.partner_id.name or "?", role=notice.role_id.name)
            if notice.role_id
            else env._("%(name)s left.", name=notice.partner_id.name or "?")
            for notice in notices
            if notice.kind == "member_left"
        ]
        lines += [
            env._("Nobody has the required role %(role)s any more.", role=notice.role_id.name)
            for notice in notices
            if notice.kind == "role_lost"
        ]
        return " ".join(dict.fromkeys(lines))
