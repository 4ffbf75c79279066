# Whom a sales alert goes to: addresses, users, a team and salespeople, each address once.
from odoo import models, tools

from ..alert.buying_alert_send import AlertRecipient

# what holds for somebody outside as well as for a mailing; topics and lists are no matter of an alert
OUTSIDE_REASONS = ("blacklisted", "bounced")


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    def _get_alert_recipients(self, requests):
        """The recipients of each group's alert: the salespeople first if they are to get it, then users, the team, and
        the addresses. Those with a ``refusal`` get nothing.

        An alert is work, no advertising. To users of this database it goes whatever they told us as readers of mails:
        neither the blacklist, nor an opt-out, nor bounces of their address as a contact keep work from them. Whoever is
        outside may be a partner's sales desk and may be nobody's employee: there the blacklist holds, which is for all
        mails, and so does the number of bounces. Opt-outs of topics and lists concern the mails of those only.

        A user who may not work in the group's company gets no alert about it.

        :param dict requests: ``{buying.group: AlertRequest}``
        :return: ``{buying.group: [AlertRecipient]}``, at most 500 each
        :rtype: dict
        """
        self.ensure_one()
        addresses = self._get_alert_addresses()
        named = self._get_alert_users()
        salespeople = self.env["res.users"].sudo()
        if self.alert_to_salesperson:
            salespeople = salespeople.browse(set().union(*(request.salespeople for request in requests.values())))
        users_of, people_of = self._find_by_address(addresses)
        refusals = self._get_outside_refusals([address for address in addresses if address not in users_of])
        result = {}
        for group, request in requests.items():
            users = salespeople.filtered(lambda user, ids=request.salespeople: user.id in ids) | named.sudo()
            found = {}
            for user in users:
                if user.email_normalized:
                    found.setdefault(user.email_normalized, self._get_user_recipient(user, group))
            for address in addresses:
                if user := users_of.get(address):
                    found.setdefault(address, self._get_user_recipient(user, group))
                else:
                    found.setdefault(
                        address, self._get_outside_recipient(address, people_of.get(address), refusals.get(address))
                    )
            result[group] = list(found.values())[:500]
        return result

    def _find_by_address(self, addresses):
        """Internal users and contacts with these addresses: ``({address: user}, {address: contact})``; of several, the
        first one."""
        if not addresses:
            return {}, {}
        domain = [("email_normalized", "in", addresses)]
        users = self.env["res.users"].sudo().search([*domain, ("share", "=", False)], order="id desc")
        people = self.env["res.partner"].sudo().search(domain, order="id desc")
        return (
            {user.email_normalized: user for user in users},
            {partner.email_normalized: partner for partner in people},
        )

    def _get_outside_refusals(self, addresses):
        """``{address: why nothing is sent there}``"""
        if not addresses:
            return {}
        Consent = self.env["mailing.consent"]
        labels = Consent._get_reason_labels()
        return {
            address: self.env._("%(address)s: %(reason)s.", address=address, reason=labels[reason])
            for address, reason in Consent.get_refusals(addresses).items()
            if reason in OUTSIDE_REASONS
        }

    def _get_user_recipient(self, user, group):
        company = group.sudo().company_id
        refusal = None
        if company and company not in user.company_ids:
            refusal = self.env._(
                "%(user)s may not work in the company %(company)s.", user=user.name, company=company.name
            )
        return AlertRecipient(
            user.email_normalized, user.name, self._get_installed_lang(user.lang), user.tz or None, user.id, refusal
        )

    def _get_outside_recipient(self, address, partner, refusal):
        if not partner:
            return AlertRecipient(address, None, self._get_installed_lang(None), None, None, refusal)
        name = partner.name if partner.name and not tools.email_normalize(partner.name) else None
        # a company's address has many readers
        name = None if partner.is_company else name
        return AlertRecipient(address, name, self._get_installed_lang(partner.lang), partner.tz or None, None, refusal)

    def _get_installed_lang(self, code):
        """The language, or that of the current user, if it is still switched on; else any that is."""
        return tools.misc.get_lang(self.env, code or self.env.user.lang or None).code
