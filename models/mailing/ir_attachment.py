# Attachments of mails: what a mail holds is part of it.
from odoo import api, models

# what makes up a file; its name is part of what the recipient sees
CONTENT = {"name", "type", "url", "raw", "datas", "db_datas", "store_fname", "mimetype"}


class IrAttachment(models.Model):
    """Whoever may write mailings may write their attachments, too. What was approved with a published journey, or is
    being tested, would leave with another file, or without it, though the mail itself is closed to changes.
    """

    _inherit = "ir.attachment"

    def write(self, vals):
        if CONTENT & vals.keys():
            self._check_mails_editable()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_of_published_mails(self):
        self._check_mails_editable()

    def _check_mails_editable(self):
        """:raise UserError: a mail with one of these attachments, or pictures, stays as it is"""
        if self.env.su or not self.ids:
            return
        # a mailing that the user may not see protects its attachments, too
        Mailing = self.env["mailing.mailing"].sudo().with_context(active_test=False)
        mailings = Mailing.search([("attachment_ids", "in", self.ids)])
        pictures = self.sudo().filtered(lambda attachment: attachment.res_model == "mailing.mailing")
        mailings |= Mailing.browse(filter(None, pictures.mapped("res_id"))).exists()
        if mailings:
            self.env["mailing.mailing"].browse(mailings.ids)._check_content_editable()
