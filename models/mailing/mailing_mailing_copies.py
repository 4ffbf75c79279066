# Mailings: who is copied, how many mails that makes, and the switch that allows it.
from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.tools import SQL, str2bool

from ...tools.addresses import to_ascii, to_unicode
from .mailing_consent import BOUNCE_LIMIT

PARAMETER = "crm_buying_journey.cc_recipients"
# recipients looked at together when copies are counted
BATCH = 1000


class MailingMailing(models.Model):
    _inherit = "mailing.mailing"

    cc_enabled = fields.Boolean(compute="_compute_cc_enabled")
    cc_shared = fields.Boolean(compute="_compute_cc_shared")
    copy_limit = fields.Integer(
        "Copies per Address",
        default=lambda self: self._get_default_copy_limit(),
        help="How many copies of this mailing one address may get at most, e.g. a salesperson of many recipients. "
        "0: as many as there are recipients.",
    )

    _copy_limit_positive = models.Constraint("CHECK(copy_limit >= 0)", "The copies per address cannot be negative.")

    @api.depends_context("uid")
    def _compute_cc_enabled(self):
        self.cc_enabled = self._is_cc_enabled()

    @api.depends("cc_slot_ids.mode")
    def _compute_cc_shared(self):
        for mailing in self:
            mailing.cc_shared = "shared" in mailing.cc_slot_ids.mapped("mode")

    @api.constrains("mailing_model_id")
    def _check_cc_paths(self):
        self.cc_slot_ids._check_path()

    # The switch ----------------------------------------------------------------------------------------------------

    @api.model
    def _is_cc_enabled(self):
        """Whether CC recipients are switched on in the settings; they are off unless somebody does so."""
        return str2bool(self.env["ir.config_parameter"].sudo().get_param(PARAMETER) or "False", False)

    @api.model
    def _check_cc_enabled(self):
        """:raise UserError: CC recipients are switched off"""
        if not self._is_cc_enabled():
            raise UserError(
                self.env._(
                    "CC recipients are switched off. An administrator can switch them on in the settings of Buying "
                    "Journeys."
                )
            )

    def _check_cc_ready(self):
        """:raise UserError: a mailing copies somebody although CC recipients are switched off"""
        if self.cc_slot_ids:
            self._check_cc_enabled()

    def action_launch(self):
        self._check_cc_ready()
        return super().action_launch()

    def action_schedule(self):
        self._check_cc_ready()
        return super().action_schedule()

    @api.model
    def _get_default_copy_limit(self):
        value = self.env["ir.config_parameter"].sudo().get_param("crm_buying_journey.copy_limit") or "0"
        return int(value) if value.isdecimal() else 0

    # Who is copied -------------------------------------------------------------------------------------------------

    def _plan_copies(self, records, primaries, copied):
        """What each slot means for each recipient, with a fixed number of queries for all of them.

        :param records: recipients who will get a mail
        :param dict primaries: ``{record id: normalized addresses of the recipient}``
        :param dict copied: ``{address: copies of this mailing so far}``; those planned now are added
        :return: ``{record id: [(slot, partner, formatted address, normalized address, reason or False)]}``
        :rtype: dict
        """
        self.ensure_one()
        slots = self.cc_slot_ids
        enabled = self._is_cc_enabled()
        resolved = {slot: slot._resolve(records) if enabled else {} for slot in slots}
        normalize = {}
        for of_slot in resolved.values():
            for _partner, address, _reason in of_slot.values():
                if address and address not in normalize:
                    normalize[address] = tools.email_normalize(address)
        refusals = self._get_copy_refusals(set(normalize.values()))
        limit = self.copy_limit
        plan = {}
        for record_id in records.ids:
            taken = dict.fromkeys((to_ascii(address) for address in primaries.get(record_id, ())), "primary")
            rows = plan[record_id] = []
            for slot in slots:
                if not enabled:
                    rows.append((slot, self.env["res.partner"], "", False, "disabled"))
                    continue
                partner, address, reason = resolved[slot][record_id]
                normalized = normalize.get(address, False)
                if not reason:
                    reason = taken.get(normalized) or refusals.get(normalized) or False
                if not reason and limit and copied.get(normalized, 0) >= limit:
                    reason = "ceiling"
                if not reason:
                    taken[normalized] = "duplicate"
                    copied[normalized] = copied.get(normalized, 0) + 1
                rows.append((slot, partner, address, normalized, reason))
        return plan

    def _get_copy_refusals(self, emails):
        """Who of these may not be copied.

        :param set emails: normalized addresses
        :return: ``{address: reason}``, reasons of ``mailing.trace.copy``
        :rtype: dict
        """
        given = {email for email in emails if email}
        if not given:
            return {}
        # people may have refused by either form of their address
        emails = given | {to_unicode(email) for email in given}
        reasons = set(self.env["mailing.trace.copy"]._fields["reason"].get_values(self.env))
        refusals = self.env["mailing.consent"].get_refusals(emails, self)
        result = {email: reason if reason in reasons else "refused" for email, reason in refusals.items()}
        if self.use_exclusion_list:
            # nobody counts the bounces of an address that stands in a field only
            result = dict.fromkeys(self._get_bounced_copies(emails), "bounced") | result
        # a refusal counts for senders who may not read the list, too
        wants_none = self.env["mailing.copy.optout"].sudo().search_fetch([("email", "in", list(emails))], ["email"])
        result = dict.fromkeys(wants_none.mapped("email"), "opted_out") | result
        either = {email: result.get(email) or result.get(to_unicode(email)) for email in given}
        return {email: reason for email, reason in either.items() if reason}

    def _get_bounced_copies(self, emails):
        """Addresses among these whose copies came back as often as the consent allows."""
        limit = self.env["ir.config_parameter"].sudo().get_param("crm_buying_journey.bounce_limit")
        limit = int(limit) if str(limit or "").isdecimal() else BOUNCE_LIMIT
        if not limit:
            return []
        rows = (
            self.env["mailing.trace.copy"]
            .sudo()
            ._read_group(
                [("email", "in", list(emails)), ("state", "=", "bounced")], ["email"], having=[("__count", ">=", limit)]
            )
        )
        return [email for (email,) in rows]

    def _count_copies(self, emails=None):
        """How many copies of this mailing addresses got or will get.

        :param emails: normalized addresses; all if left out
        :return: ``{address: number}``
        :rtype: dict
        """
        self.env["mailing.trace.copy"].flush_model()
        self.env.cr.execute(
            SQL(
                "SELECT email, COUNT(*) FROM mailing_trace_copy"
                " WHERE mailing_id = ANY(%s) AND state NOT IN ('skipped', 'cancelled') AND email IS NOT NULL %s"
                " GROUP BY email",
                self._get_siblings().ids,
                SQL("AND email = ANY(%s)", list(emails)) if emails is not None else SQL(),
            )
        )
        return dict(self.env.cr.fetchall())

    def _get_siblings(self):
        """Mailings that are one to those who are copied: this one, and the other arms of its A/B test."""
        return self

    def _get_copy_forecast(self, recipients=None):
        """How many mails copies make of this mailing, counted as sending would: nobody is copied twice in a mail,
        blocked addresses get nothing, and the ceiling holds.

        :param recipients: records that will get the mail, or their ids; by default all whom the mailing would write to
        :return: ``recipients``, ``copies``, ``mails`` (both together), ``empty`` (places of a slot that stay empty),
            ``reasons`` ({reason: places}), ``top_email`` and ``top_count`` (who gets the most copies)
        :rtype: dict
        """
        self.ensure_one()
        if recipients is None:
            recipients = self._get_remaining_recipients()
        Model = self.env[self.mailing_model_real]
        ids = list(recipients.ids if isinstance(recipients, models.BaseModel) else recipients)
        result = {"recipients": len(ids), "copies": 0, "empty": 0, "reasons": {}, "top_email": False, "top_count": 0}
        if self.cc_slot_ids and ids:
            before = self._count_copies() if self.copy_limit else {}
            copied = dict(before)
            for batch_ids in tools.split_every(BATCH, ids):
                records = Model.browse(batch_ids)
                plan = self._plan_copies(records, self._get_primary_addresses(records), copied)
                for rows in plan.values():
                    for *_slot, reason in rows:
                        if reason:
                            result["empty"] += 1
                            result["reasons"][reason] = result["reasons"].get(reason, 0) + 1
                        else:
                            result["copies"] += 1
            if copied:
                top = max(copied, key=lambda email: (copied[email], email))
                result.update(top_email=top, top_count=copied[top])
        result["mails"] = result["recipients"] + result["copies"]
        return result

    @api.model
    def _get_primary_addresses(self, records):
        """``{record id: normalized addresses that the mail goes to}``, as the composer finds them"""
        recipients = records._message_get_default_recipients()
        partners = self.env["res.partner"].browse(
            {partner_id for values in recipients.values() for partner_id in values.get("partner_ids") or ()}
        )
        # the recipients were chosen; their records need not be readable for who sends
        email_of = {partner.id: partner.email or "" for partner in partners.sudo()}
        return {
            record_id: {
                address
                for text in [values.get("email_to") or "", *map(email_of.get, values.get("partner_ids") or ())]
                for address in tools.mail.email_normalize_all(text)
            }
            for record_id, values in recipients.items()
        }

    def _get_copy_sentence(self, forecast):
        """The forecast in words.

        :param dict forecast: as ``_get_copy_forecast`` returns it
        :rtype: str
        """
        numbers = {
            key: self.env["ir.qweb.field.integer"].value_to_html(value, {})
            for key, value in forecast.items()
            if isinstance(value, int)
        }
        sentence = self.env._(
            "%(recipients)s recipients + %(copies)s copies = %(mails)s mails, %(empty)s slots empty", **numbers
        )
        if forecast["top_count"] > 1:
            sentence = self.env._(
                "%(sentence)s. %(email)s gets the most copies: %(top_count)s.",
                sentence=sentence,
                email=forecast["top_email"],
                top_count=numbers["top_count"],
            )
        return sentence

    def action_count_copies(self):
        """Say how many mails and copies this mailing would make now."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Mails and copies"),
                "message": self._get_copy_sentence(self._get_copy_forecast()),
                "sticky": True,
            },
        }

    # Afterwards ----------------------------------------------------------------------------------------------------

    def action_retry_failed(self):
        """Core throws failed mails and their traces away and makes them anew, which would copy people again who got
        their tracked copy already. Where there are copies, the failed mails go back to the outbox instead."""
        # whoever may send the mailing may not write its copies
        Copy = self.env["mailing.trace.copy"].sudo()
        copying = self.filtered(
            lambda mailing: (
                not mailing.journey_node_id
                and Copy.search_count([("mailing_id", "=", mailing.id), ("mode", "=", "tracked")], limit=1)
            )
        )
        Copy.search([("mailing_id", "in", self.ids), ("state", "=", "failed")])._set_retried()
        if copying:
            copying._send_failed_again()
        others = self - copying
        return super(MailingMailing, others).action_retry_failed() if others else None
