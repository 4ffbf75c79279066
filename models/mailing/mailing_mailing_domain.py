# Mailings: a recipients' filter that does not work any more is told, and stops no other mailing.
from odoo import api, models
from odoo.exceptions import UserError

from ...tools.domains import check_domain, parse_domain


class MailingMailing(models.Model):
    """A filter may name a field that was removed after it was kept. The form then says so instead of failing, sending
    is refused, and the scheduled action puts such a mailing back to draft and tells its responsible user.
    """

    _inherit = "mailing.mailing"

    def _get_recipients_domain(self):
        """:raise UserError: the filter does not work"""
        domain = super()._get_recipients_domain()
        if self.mailing_model_real:
            parse_domain(self.env, self.mailing_model_real, repr(list(domain)))
        return domain

    def _get_domain_problem(self):
        """:return: what is wrong with the filter; ``False`` if nothing is"""
        self.ensure_one()
        if not self.mailing_model_real or self.mailing_on_mailing_list:
            return False
        try:
            check_domain(self.env, self.mailing_model_real, repr(self._parse_mailing_domain()))
        except UserError as error:
            return str(error)
        return False

    def _compute_total(self):
        broken = self.filtered(lambda mailing: mailing._get_domain_problem())
        broken.total = 0
        return super(MailingMailing, self - broken)._compute_total()

    @api.depends("mailing_domain", "mailing_model_id")
    def _compute_warning_message(self):
        result = super()._compute_warning_message()
        for mailing in self:
            if mailing.state in ("draft", "in_queue") and (problem := mailing._get_domain_problem()):
                mailing.warning_message = problem
        return result

    @api.model
    def _process_mass_mailing_queue(self):
        for mailing in self.search([("state", "in", ("in_queue", "sending"))]):
            if problem := mailing._get_domain_problem():
                mailing.state = "draft"
                mailing.message_post(
                    body=self.env._("The mailing was not sent and is a draft again. %(problem)s", problem=problem),
                    partner_ids=mailing.user_id.partner_id.ids,
                )
        return super()._process_mass_mailing_queue()
