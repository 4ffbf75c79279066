# What the form of a group shows at a glance: who matters most, and how far each role is filled.
from odoo import api, fields, models

CARDS = 3


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    members_highlight = fields.Json(
        compute="_compute_members_highlight",
        help="Up to three decision makers and three other members with the highest engagement.",
    )
    role_progress = fields.Json(
        compute="_compute_role_progress", help="How many members each role of the template has and needs."
    )

    @api.depends(
        "member_ids.engagement", "member_ids.role_id", "member_ids.partner_id.name", "member_ids.partner_id.function"
    )
    def _compute_members_highlight(self):
        """``{"decision_makers": [card, …], "others": [card, …]}``, the most engaged first.

        A card is ``{"id": member, "partner_id", "name", "function", "role", "engagement"}``. Decision makers are shown
        with any score, others only if they have one (Adobe Journey Optimizer B2B Edition, members highlight).
        """
        decision_maker = self.env.ref("crm_buying_journey.buying_role_decision_maker", raise_if_not_found=False)
        # all groups' people at once: the host would read them group by group
        self.member_ids.partner_id._origin.fetch(["name", "function"])
        for group in self:
            members = group.member_ids.filtered("partner_id")
            members = members.sorted(lambda member: (-member.engagement, member.partner_id.name or ""))
            chiefs = members.filtered(lambda member: decision_maker and member.role_id == decision_maker)
            others = (members - chiefs).filtered("engagement")
            group.members_highlight = {
                "decision_makers": [group._get_card(member) for member in chiefs[:CARDS]],
                "others": [group._get_card(member) for member in others[:CARDS]],
            }

    @api.model
    def _get_card(self, member):
        return {
            "id": member._origin.id,
            "partner_id": member.partner_id._origin.id,
            "name": member.partner_id.name or "",
            "function": member.partner_id.function or "",
            "role": member.role_id.name or "",
            "engagement": member.engagement,
        }

    @api.depends("member_ids.role_id", "template_id.line_ids.members_required", "template_id.line_ids.is_required")
    def _compute_role_progress(self):
        """``[{"role_id", "name", "count", "needed", "state"}, …]``, required roles first, each in template order.

        State is ``complete``, ``partial`` or ``missing`` for a required role, ``optional`` for any other.
        """
        for group in self:
            counts = {}
            for member in group.member_ids:
                counts[member.role_id._origin.id] = counts.get(member.role_id._origin.id, 0) + 1
            # whoever sees the group may see what it asks for, be the template another company's
            lines = group.sudo().template_id.line_ids.sorted(
                lambda line: (not line.is_required, line.sequence, line.id)
            )
            group.role_progress = [
                group._get_role_chip(line.with_env(self.env).sudo(), counts.get(line.role_id.id, 0)) for line in lines
            ]

    @api.model
    def _get_role_chip(self, line, count):
        needed = max(line.members_required, 1)
        state = "complete" if count >= needed else "partial" if count else "missing"
        return {
            "role_id": line.role_id.id,
            "name": line.role_id.name,
            "count": count,
            "needed": needed,
            "state": state if line.is_required else "optional",
        }
