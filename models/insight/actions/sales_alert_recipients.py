# Whom a sales alert goes to: addresses, users, a team and salespeople, each address once.
from dataclasses import replace

from odoo import models, tools

from ..alert.buying_alert_send import AlertRecipient
from .sales_alert import MAX_RECIPIENTS

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

        A user who may not work in the group's company gets no alert about it. If there are more than 500, the first
        ones in this order get it, users by name within each kind, and each of the others has a refusal that says so.
        Whoever is to get a copy and is no recipient comes last, with ``is_copy``; the same rules hold.

        :param dict requests: ``{buying.group: AlertRequest}``
        :return: ``{buying.group: [AlertRecipient]}``; at most 500 without a refusal each, copies aside
        :rtype: dict
        """
        self.ensure_one()
        addresses, copies = self._get_alert_addresses(), self._get_alert_copies()
        named = self._sort_users(self.alert_user_ids) | self._sort_users(self.alert_team_id.member_ids)
        salespeople = self.env["res.users"].sudo()  # an alert goes to them, whoever may read users
        if self.alert_to_salesperson:
            salespeople = salespeople.browse(set().union(*(request.salespeople for request in requests.values())))
        everybody = list(dict.fromkeys([*addresses, *copies]))
        users_of, people_of = self._find_by_address(everybody)
        refusals = self._get_outside_refusals([address for address in everybody if address not in users_of])

        def get_recipient(address, group):
            if user := users_of.get(address):
                return self._get_user_recipient(user, group)
            return self._get_outside_recipient(address, people_of.get(address), refusals.get(address))

        result = {}
        for group, request in requests.items():
            users = self._sort_users(salespeople.filtered(lambda user, ids=request.salespeople: user.id in ids))
            found = {}
            for user in users | named:
                found.setdefault(user.email_normalized or user, self._get_user_recipient(user, group))
            for address in addresses:
                if address not in found:
                    found[address] = get_recipient(address, group)
            recipients = self._limit_recipients(list(found.values()))
            going = {recipient.email for recipient in recipients if not recipient.refusal}
            result[group] = recipients + [
                replace(get_recipient(address, group), is_copy=True) for address in copies if address not in going
            ]
        return result

    def _sort_users(self, users):
        """The active ones, by name: the same order each time, whatever the database says first."""
        # an alert goes to them, whoever may read users
        return users.sudo().filtered("active").sorted(lambda user: ((user.name or "").casefold(), user.id))

    def _limit_recipients(self, recipients):
        """Give those a refusal who come after the first 500 that get the alert."""
        limited, count = [], 0
        for recipient in recipients:
            if not recipient.refusal:
                count += 1
                if count > MAX_RECIPIENTS:
                    refusal = self.env._(
                        "%(name)s: only the first %(count)s recipients get a sales alert.",
                        name=recipient.name or recipient.email,
                        count=MAX_RECIPIENTS,
                    )
                    recipient = replace(recipient, refusal=refusal)
            limited.append(recipient)
        return limited

    def _find_by_address(self, addresses):
        """Internal users and contacts with these addresses: ``({address: user}, {address: contact})``; of several, the
        first one, and of users an active one. Archived users are found as well, so that nothing goes to them."""
        if not addresses:
            return {}, {}
        domain = [("email_normalized", "in", addresses)]
        # who is behind an address is asked to write to them, not to show it
        Users = self.env["res.users"].sudo().with_context(active_test=False)
        users = Users.search([*domain, ("share", "=", False)], order="active, id desc")
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
        company = group.sudo().company_id  # whether it is one of the user's companies, the sender need not see
        refusal = None
        if not user.active:
            refusal = self.env._("%(user)s is not active any more.", user=user.name)
        elif not user.email_normalized:
            refusal = self.env._("%(user)s has no email address.", user=user.name)
        elif company and company not in user.company_ids:
            refusal = self.env._(
                "%(user)s may not work in the company %(company)s.", user=user.name, company=company.name
            )
        return AlertRecipient(
            user.email_normalized or "",
            user.name,
            self._get_installed_lang(user.lang),
            user.tz or None,
            user.id,
            refusal,
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
