# Merging contacts: what becomes of their memberships and groups.
from odoo import api, models

from .buying_group_member import RANK


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """The host repoints foreign keys row by row and deletes what would break a unique constraint, whichever row says
    more. So our own rows are brought in order before it looks at them: of two memberships of one person the one decided
    by the stronger source stays, and of two groups of one solution the one of the remaining account, with the members
    of both.
    """

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        partners = src_partners + dst_partner
        self._refuse_change_of_kind(src_partners, dst_partner)
        groups = self.env["buying.group"].sudo().with_context(active_test=False, lang=None)
        for alike in groups.search([("partner_id", "in", partners.ids)]).grouped("solution_id").values():
            stays = alike.filtered(lambda group: group.partner_id == dst_partner) or alike[-1]
            self._merge_buying_groups(alike - stays, stays)
        rows = self.env["buying.group.member"].sudo().search([("partner_id", "in", partners.ids)])
        for alike in rows.grouped("group_id").values():
            self._keep_strongest_membership(alike)
        affected = rows.exists().group_id
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env.invalidate_all()
        affected._recompute_completeness()
        return result

    def _refuse_change_of_kind(self, src_partners, dst_partner):
        """:raise UserError: an account would become a person, or a member a company"""
        gone = src_partners.sudo().filtered(lambda partner: partner.is_company != dst_partner.sudo().is_company)
        gone._refuse_change_of_kind(dst_partner.sudo().is_company)

    def _merge_buying_groups(self, groups, stays):
        """Move everything that hangs on these groups to the one that stays, and delete them. What the one that stays
        lacks (a stage, a status, being active) it takes over from them."""
        if not groups:
            return
        if not stays.active and any(group.active for group in groups):
            stays.write({"active": True})
        if not stays.status:
            stays.status = next((group.status for group in groups if group.status), False)
        if not stays.stage_id and (staged := groups.filtered("stage_id")[:1]):
            stays._take_stage_from(staged)
        rows = (groups + stays).with_context(active_test=False)._get_all_rows()
        for alike in rows.grouped("partner_id").values():
            self._keep_strongest_membership(alike).write({"group_id": stays.id})
        groups._on_merge(stays)
        self.env.flush_all()
        self._update_foreign_keys_generic("buying.group", groups, stays)
        self._update_reference_fields_generic("buying.group", groups, stays)
        self.env.invalidate_all()
        groups.unlink()
        stays._recompute_completeness()

    def _keep_strongest_membership(self, rows):
        """Of the rows of one person in one group keep the one decided by the strongest source. Of equal decisions the
        latest counts, but of rules the role that comes first in the template, as if they met one person."""
        strongest = max(
            rows,
            key=lambda row: (
                RANK[row.source],
                (row.state == "in", -row.sequence) if row.source == "system" else (True, 0),
                row.date,
                row.id,
            ),
        )
        if len(rows) > 1:
            note = self.env._(
                "Contacts were merged. %(name)s had several places here; the one that stays: %(place)s.",
                name=strongest.partner_id.name,
                place=strongest.role_id.name if strongest.state == "in" else self.env._("removed"),
            )
            strongest.group_id._message_log(body=note)
        (rows - strongest).unlink()
        return strongest
