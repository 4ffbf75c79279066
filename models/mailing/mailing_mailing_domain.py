# Mailings: a recipients' filter that does not work any more is told, and stops no other mailing.
from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.domains import check_domain, get_missing_fields, parse_domain


def get_parts(domain):
    """:return: the conditions that stand beside each other in a domain"""
    return domain.children if getattr(domain, "OPERATOR", None) == "&" else (domain,)


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

    def _get_lasting_domain(self, without=()):
        """What of the filter still has to hold when a recipient's mail leaves later than it was decided on; a model
        whose filters choose among recipients, or ask when they were mailed last, leaves that out.

        :param without: names of fields that are not asked again
        :rtype: Domain
        """
        return self._get_recipients_domain()

    def _find_lasting(self, res_ids=None):
        """:param res_ids: some recipients; all if left out
        :return: ids of those who match the filter still
        :rtype: set
        """
        self.ensure_one()
        domain = self._get_lasting_domain()
        if res_ids is not None:
            return self._find_matching(domain, res_ids)
        return set(self.env[self.mailing_model_real].search(domain).ids)

    def _find_matching(self, domain, res_ids):
        """Which of a few recipients match a domain.

        Each condition is asked by itself, of those whom the former ones left: by an index that takes a millisecond,
        while the database, asked for all of them in one statement, may choose to look at everybody first.

        :param Domain domain: on the mailing's model
        :param res_ids: ids of recipients
        :return: ids
        :rtype: set
        """
        Model = self.env[self.mailing_model_real]
        asks_for_archived = any(condition.field_expr == Model._active_name for condition in domain.iter_conditions())
        found = list(res_ids)
        for part in get_parts(domain):
            if asks_for_archived:  # as the whole does
                part &= Domain(Model._active_name, "in", [True, False])
            found = Model.search(part & Domain("id", "in", found)).ids
        return set(found)

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

    def _get_findings(self, record_ids=()):
        """A reason, stage or tag that was deleted after the filter was kept finds nobody, or leaves nobody out."""
        findings = super()._get_findings(record_ids)
        if not self.mailing_model_real or self.mailing_on_mailing_list or self.journey_node_id:
            return findings
        missing = get_missing_fields(self.env, self.mailing_model_real, self.mailing_domain)
        if missing:
            text = self.env._(
                "The recipients' filter names records that do not exist any more: %(fields)s", fields=", ".join(missing)
            )
            findings.append(("warning", text))
        return findings

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
