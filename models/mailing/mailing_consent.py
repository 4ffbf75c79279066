# One verdict per address: who may not be written to, and why.
from typing import NamedTuple

from odoo import api, models, tools
from odoo.tools import SQL, Query
from odoo.tools.constants import PREFETCH_MAX

from .outbox_ledger import MAILED

# models whose addresses one statement finds; others are asked record by record
PLAIN_MODELS = {"res.partner": "email", "crm.lead": "email_from", "mailing.contact": "email"}
# a field that holds more than one address; the condition of partial indexes
SEVERAL = "%s ~ '@.*@'"
# addresses that core's gateway gives up: as many bounces as its automatic blacklist needs
BOUNCE_LIMIT = 5
# how a refusal is noted in a mailing's trace
FAILURE_TYPES = {
    "blacklisted": "mail_bl",
    "blacklisted_partner": "mail_bl",
    "opted_out": "mail_optout",
    "bounced": "mail_bounce",
    "invalid": "mail_email_invalid",
    "missing": "mail_email_missing",
    "duplicate": "mail_dup",
}


class Addresses(NamedTuple):
    """Normalized addresses of a recipient: its own, those of its contact, and those that a mail to it goes to."""

    own: tuple
    partner: tuple
    to: tuple
    # whether anything at all was entered as an address
    entered: bool


class MailingConsent(models.AbstractModel):
    """Says who may not be written to. Composing, preflights and audiences ask here, so that they all agree.

    Reasons:

    * ``blacklisted``: the address is on the host's blacklist (``blacklisted_partner``: not the recipient's own address
      is, but that of its contact)
    * ``opted_out``: the person left the mailing's topic, or all of the mailing's lists that have the address
    * ``bounced``: mails to the address came back as often as core's automatic blacklist needs (five times; parameter
      ``crm_buying_journey.bounce_limit``), as counted by core on contacts, leads and mailing contacts
    * ``invalid``: what was entered is no address, or one of this database's own aliases, which would answer itself
    * ``missing``: no address was entered
    * ``duplicate``: the address gets this mailing already, for another recipient

    Blacklist and bounces are left out where a mailing does without the host's exclusion list; opt-outs of a topic where
    it is operational. Nothing else overrides a refusal.

    These methods read with system rights and tell what people chose, so they cannot be called from outside; callers
    pass only recipients that their user may see.
    """

    _name = "mailing.consent"
    _description = "Consent to Mailings"

    @api.model
    def _get_reason_labels(self):
        """``{reason: what a user reads}``"""
        return {
            "blacklisted": self.env._("Blacklisted address"),
            "blacklisted_partner": self.env._("Contact with a blacklisted address"),
            "opted_out": self.env._("Opted out"),
            "bounced": self.env._("Bounced too often"),
            "invalid": self.env._("Invalid address"),
            "missing": self.env._("No address"),
            "duplicate": self.env._("Address gets the mail already"),
        }

    # Addresses ----------------------------------------------------------------------------------------------------

    @api.model
    @api.private
    def get_refusals(self, emails, mailing=None):
        """Which of these addresses may not be written to.

        :param emails: addresses as entered or normalized; empty ones are ignored
        :param mailing: the mailing they would get; without one, only what holds for every mailing is looked at
        :return: ``{normalized address: reason}``, only refused ones; an invalid one is named as it was given
        :rtype: dict[str, str]
        """
        result, addresses = {}, set()
        for email in emails:
            normalized = tools.email_normalize(email, strict=False) if email else False
            if normalized:
                addresses.add(normalized)
            elif email and email.strip():
                result[email.strip()] = "invalid"
        if addresses:
            # the first reason counts
            for reason, refused in reversed(list(self._get_refused(sorted(addresses), mailing))):
                result |= dict.fromkeys(refused, reason)
        return result

    @api.model
    def _get_refused(self, addresses, mailing):
        """``(reason, addresses)``, the gravest reason first; a few statements whatever the number of addresses

        :param list[str] addresses: normalized
        """
        mailing = mailing.sudo() if mailing else self.env["mailing.mailing"]
        use_exclusions = not mailing or mailing.use_exclusion_list
        if use_exclusions:
            yield "blacklisted", self._get_blacklisted(addresses)
        if mailing:
            yield "opted_out", self._get_opted_out(addresses, mailing)
        if use_exclusions:
            yield "bounced", self._get_bounced(addresses)
        yield "invalid", self.env["mail.alias.domain"].sudo()._find_aliases(addresses)

    def _fetch_addresses(self, query):
        self.env.cr.execute(query)
        return {email for (email,) in self.env.cr.fetchall()}

    @api.model
    def _get_blacklisted(self, addresses):
        self.env["mail.blacklist"].flush_model(["email", "active"])
        return self._fetch_addresses(
            SQL("SELECT email FROM mail_blacklist WHERE active AND email = ANY(%s)", list(addresses))
        )

    @api.model
    def _get_bounced(self, addresses):
        limit = self.env["ir.config_parameter"].sudo().get_param("crm_buying_journey.bounce_limit")
        limit = int(limit) if str(limit or "").isdecimal() else BOUNCE_LIMIT
        if not limit:
            return set()
        counted = []
        for model_name in PLAIN_MODELS:
            Model = self.env[model_name]
            Model.flush_model(["email_normalized", "message_bounce"])
            counted.append(
                SQL(
                    # the first condition is that of the partial index
                    "SELECT email_normalized FROM %s"
                    " WHERE message_bounce > 0 AND message_bounce >= %s AND email_normalized = ANY(%s)",
                    SQL.identifier(Model._table),
                    limit,
                    list(addresses),
                )
            )
        return self._fetch_addresses(SQL(" UNION ").join(counted))

    @api.model
    def _get_opted_out(self, addresses, mailing):
        """Who left the topic, who left all of the mailing's lists that hold the address, and, for journeys that write
        to mailing contacts, who left every list; and whoever the target model itself names."""
        refused = set()
        topic = mailing._get_topic()
        if topic and not mailing.is_operational:
            refused |= self._get_left_lists(addresses, topic)
        if mailing.mailing_model_name == "mailing.list":
            refused |= self._get_left_lists(addresses, mailing.contact_list_ids)
        elif mailing.journey_node_id and mailing.mailing_model_real == "mailing.contact":
            refused |= self._get_left_lists(addresses)
        elif hasattr(self.env[mailing.mailing_model_name], "_mailing_get_opt_out_list"):
            refused |= set(mailing._get_opt_out_list()) & set(addresses)
        return refused

    @api.model
    def _get_left_lists(self, addresses, lists=None):
        """As in core: whoever is in one of the lists still, maybe by another contact with the address, has not left."""
        self.env["mailing.subscription"].flush_model()
        self.env["mailing.contact"].flush_model(["email_normalized"])
        return self._fetch_addresses(
            SQL(
                """
                SELECT contact.email_normalized
                  FROM mailing_contact contact
                  JOIN mailing_subscription subscription ON subscription.contact_id = contact.id
                 WHERE contact.email_normalized = ANY(%s) AND %s
              GROUP BY contact.email_normalized
                HAVING bool_and(COALESCE(subscription.opt_out, FALSE))
                """,
                list(addresses),
                SQL("TRUE") if lists is None else SQL("subscription.list_id = ANY(%s)", lists.ids),
            )
        )

    # Recipients ---------------------------------------------------------------------------------------------------

    @api.model
    @api.private
    def get_record_refusals(self, mailing, query_or_ids):
        """Which recipients of a mailing may not be written to; both their own address and their contact's are looked
        at, whichever the mail goes to. Of several recipients with one address the first one in the given order gets the
        mail.

        :param mailing: the mailing; its model is that of the recipients
        :param query_or_ids: ids of recipients that the user may see, or a ``Query`` that finds them
        :return: ``{record id: reason}``, only refused ones
        :rtype: dict[int, str]
        """
        return self._judge_records(mailing, self._get_record_addresses(mailing.mailing_model_real, query_or_ids))

    @api.model
    def _judge_records(self, mailing, found):
        """:param dict found: ``{record id: Addresses}``"""
        refusals = self.get_refusals(
            {address for addresses in found.values() for part in addresses[:3] for address in part}, mailing
        )
        done = self._get_done_addresses(mailing, {address for addresses in found.values() for address in addresses.to})
        result = {}
        for record_id, addresses in found.items():
            reason = self._judge(addresses, refusals)
            # one of two addresses in a field is enough: the mail goes to both
            if not reason and not done.isdisjoint(addresses.to):
                reason = "duplicate"
            if reason:
                result[record_id] = reason
            else:
                done.update(addresses.to)
        return result

    @api.model
    def _judge(self, addresses, refusals):
        """The reason why nothing goes to a recipient with these addresses; ``None``: nothing is in the way"""
        if not addresses.to:
            return "invalid" if addresses.entered else "missing"
        for address in addresses.own:
            if refusals.get(address) in ("blacklisted", "opted_out"):
                return refusals[address]
        for address in addresses.partner:
            if refusals.get(address) == "blacklisted":
                return "blacklisted_partner"
            if refusals.get(address) == "opted_out":
                return "opted_out"
        return next((refusals[address] for address in addresses.to if address in refusals), None)

    @api.model
    def _get_done_addresses(self, mailing, addresses):
        """Which of these addresses a one-off mailing has written to already; a journey's step knows its own visits.

        A trace names the first address of its recipient only, so those that have several are looked up by themselves.
        """
        if mailing.journey_node_id or not mailing.ids or not addresses:
            return set()
        self.env["mailing.trace"].flush_model(["email", "mass_mailing_id", "trace_status", "failure_type"])
        mailed = SQL("trace.mass_mailing_id = %s AND %s AND trace.is_test_trace IS NOT TRUE", mailing.id, SQL(MAILED))
        done = self._fetch_addresses(
            SQL(
                "SELECT trace.email FROM mailing_trace trace WHERE trace.email = ANY(%s) AND %s",
                list(addresses),
                mailed,
            )
        )
        if mailing.mailing_model_real in PLAIN_MODELS:
            several = self._get_several_addresses(mailing.mailing_model_real)
            ids = [record_id for record_id, own in several.items() if not own.isdisjoint(addresses)]
            rows = self.env.execute_query(
                SQL("SELECT trace.res_id FROM mailing_trace trace WHERE trace.res_id = ANY(%s) AND %s", ids, mailed)
            )
            done.update(*(several[record_id] for (record_id,) in rows))
        return done

    @api.model
    def _get_several_addresses(self, model_name):
        """Addresses of those records of a model whose field, or whose contact's, holds more than one; they are few.

        :return: ``{record id: addresses}``
        :rtype: dict[int, set]
        """
        Model = self.env[model_name]
        column = PLAIN_MODELS[model_name]
        Model.flush_model([column])
        queries = [
            SQL(
                "SELECT id, %s FROM %s WHERE %s",
                SQL.identifier(column),
                SQL.identifier(Model._table),
                SQL(SEVERAL % column),
            )
        ]
        if model_name == "crm.lead":
            self.env["res.partner"].flush_model(["email"])
            queries.append(
                SQL(
                    """SELECT lead.id, contact.email FROM crm_lead lead
                         JOIN (SELECT id, email FROM res_partner WHERE %s) contact ON contact.id = lead.partner_id""",
                    SQL(SEVERAL % "email"),
                )
            )
        found = {}
        for record_id, text in self.env.execute_query(SQL(" UNION ALL ").join(queries)):
            found.setdefault(record_id, set()).update(tools.email_normalize_all(text))
        return found

    @api.model
    def _get_record_addresses(self, model_name, query_or_ids):
        """Addresses of recipients, in the given order.

        :return: ``{record id: Addresses}``
        :rtype: dict
        """
        Model = self.env[model_name].sudo().with_context(active_test=False)
        if model_name in PLAIN_MODELS:
            rows = self._fetch_plain(Model, query_or_ids)
        else:
            rows = self._read_others(Model, query_or_ids)
        found = {
            record_id: (_split(own_text, own), _split(partner_text, partner), bool(own_text or partner_text))
            for record_id, own, own_text, partner, partner_text in rows
        }
        ours = set(
            self.env["mail.alias.domain"]
            .sudo()
            ._find_aliases(sorted({address for own, partner, _entered in found.values() for address in own + partner}))
        )
        ours.add(self.env.ref("base.partner_root").sudo().email_normalized)
        result = {}
        for record_id, (own, partner, entered) in found.items():
            # as core chooses: the contact if it has an address, else the record's own
            to = tuple(a for a in partner if a not in ours) or tuple(a for a in own if a not in ours)
            result[record_id] = Addresses(own, partner, to, entered)
        return result

    def _fetch_plain(self, Model, query_or_ids):
        """Rows of ``(id, own normalized, own text, contact's normalized, contact's text)`` by one statement"""
        Model.flush_model([PLAIN_MODELS[Model._name], "email_normalized"])
        has_partner = Model._name == "crm.lead"
        if has_partner:
            Model.flush_model(["partner_id"])
            self.env["res.partner"].flush_model(["email", "email_normalized"])
        if isinstance(query_or_ids, Query):
            wanted = SQL("(SELECT id, row_number() OVER () AS place FROM (%s) AS found(id))", query_or_ids.select())
        else:
            wanted = SQL("unnest(%s::int[]) WITH ORDINALITY", list(query_or_ids))
        self.env.cr.execute(
            SQL(
                """
                SELECT record.id, record.email_normalized, record.%s, %s
                  FROM %s AS wanted(id, place)
                  JOIN %s record ON record.id = wanted.id
                  %s
              ORDER BY wanted.place
                """,
                SQL.identifier(PLAIN_MODELS[Model._name]),
                SQL("partner.email_normalized, partner.email" if has_partner else "NULL, NULL"),
                wanted,
                SQL.identifier(Model._table),
                SQL("LEFT JOIN res_partner partner ON partner.id = record.partner_id" if has_partner else ""),
            )
        )
        return self.env.cr.fetchall()

    def _read_others(self, Model, query_or_ids):
        """The same for any model, by asking core in batches."""
        result = []
        ids = list(query_or_ids)
        for batch in tools.split_every(PREFETCH_MAX, ids):
            records = Model.browse(batch).exists()
            recipients = records._message_get_default_recipients()
            for record in records:
                to = recipients[record.id]
                partner = Model.env["res.partner"].browse(to["partner_ids"])[:1]
                own = to["email_to"] or ("email_normalized" in record._fields and record.email_normalized) or ""
                result.append(
                    (
                        record.id,
                        tools.email_normalize(own, strict=False) if own else False,
                        own,
                        partner.email_normalized,
                        partner.email,
                    )
                )
            records.invalidate_recordset()
        return result


def _split(text, normalized):
    """All addresses in a field: core writes to each of them, so each must agree."""
    if not normalized:
        return ()
    if text and text.count("@") > 1:
        return tuple(dict.fromkeys(tools.email_normalize_all(text))) or (normalized,)
    return (normalized,)
