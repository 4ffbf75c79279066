# Quiet hours: when a mail may leave, by the recipient's clock.
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zlib import crc32
from zoneinfo import available_timezones

import pytz

from odoo import api, fields, models

from ...tools.moments import to_local, to_utc

PARAMETER = "crm_buying_journey.quiet_%s"
# minutes over which mails that were held go out
SPREAD = 60
# countries with several zones: the zone of the capital or, where that is remote, of most people
MAIN_ZONES = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "ES": "Europe/Madrid",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}


class Quiet(NamedTuple):
    """Hours of the day, e.g. 21.5, between which no mail leaves, also over midnight; equal ones mean none."""

    start: float
    end: float
    weekend: bool

    def holds(self, local):
        """Whether no mail leaves at this local moment."""
        if self.weekend and local.weekday() >= 5:
            return True
        hours = local.hour + local.minute / 60 + local.second / 3600
        if self.start <= self.end:
            return self.start <= hours < self.end
        return hours >= self.start or hours < self.end

    def get_release(self, moment, tz):
        """When a mail that is ready at ``moment`` may leave.

        :param datetime moment: naive UTC
        :param str tz: the recipient's time zone
        :return: naive UTC; ``None``: now
        """
        local = to_local(moment, tz)
        if not self.holds(local):
            return None
        minutes = round(self.end * 60) % (24 * 60)
        opening = time(minutes // 60, minutes % 60) if self.start != self.end else time()
        for offset in range(9):
            day = local.date() + timedelta(days=offset)
            # at midnight, too: a weekend may end there
            for at in sorted({time(), opening}):
                slot = to_utc(datetime.combine(day, at, tzinfo=local.tzinfo))
                if slot > moment and not self.holds(to_local(slot, tz)):
                    return slot
        return None  # nothing but quiet: it would never leave

    def get_open_minutes(self):
        """How long a day is open."""
        return round(((self.start - self.end) % 24 or 24) * 60)


class MailingQuiet(models.AbstractModel):
    """Quiet hours are general (settings) or a journey's own. A recipient's time zone is that of its contact, else the
    main one of its country, else that of the journey or its company.
    """

    _name = "mailing.quiet"
    _description = "Quiet Hours of Mails"

    @api.model
    def _get_general(self):
        """:return: the quiet hours of the settings, or ``None``"""
        get_param = self.env["ir.config_parameter"].sudo().get_param
        if get_param(PARAMETER % "on") not in ("True", "1"):
            return None
        return self._make(
            float(get_param(PARAMETER % "from") or 0),
            float(get_param(PARAMETER % "to") or 0),
            get_param(PARAMETER % "weekend") in ("True", "1"),
        )

    @api.model
    def _make(self, start, end, weekend):
        """:return: quiet hours, or ``None`` if there are none"""
        quiet = Quiet(start % 24, end % 24, weekend)
        return quiet if quiet.weekend or quiet.start != quiet.end else None

    @api.model
    def _get_spread(self, quiet):
        """Minutes over which held mails are spread, never into the next quiet hours."""
        text = self.env["ir.config_parameter"].sudo().get_param(PARAMETER % "spread")
        spread = int(text) if str(text or "").isdecimal() else SPREAD
        return min(spread, max(quiet.get_open_minutes() - 1, 0))

    @api.model
    def _get_releases(self, quiet, recipients, fallback, seed):
        """When mails to these recipients may leave, those that must wait only. They are spread evenly, and each one
        keeps its moment however often it is asked for.

        :param recipients: records of the mailing's model
        :param str fallback: name of the time zone of those who have none
        :param seed: what tells this mail from others
        :return: ``{record id: naive UTC}``
        :rtype: dict
        """
        now = fields.Datetime.now()
        seconds = self._get_spread(quiet) * 60
        releases, result = {}, {}
        for record_id, tz in self._get_timezones(recipients, fallback).items():
            if tz not in releases:
                releases[tz] = quiet.get_release(now, tz)
            if releases[tz]:
                delay = crc32(f"{seed}-{record_id}".encode()) % seconds if seconds else 0
                result[record_id] = releases[tz] + timedelta(seconds=delay)
        return result

    @api.model
    def _get_timezones(self, recipients, fallback):
        """``{record id: name of the time zone}``"""
        known = available_timezones()
        zones = {}
        result = {}
        # only country and time zone are read, and not shown
        for record in recipients.sudo():
            partner = record if record._name == "res.partner" else record.env["res.partner"]
            if not partner and "partner_id" in record._fields and record.partner_id._name == "res.partner":
                partner = record.partner_id
            country = partner.country_id
            if not country and "country_id" in record._fields:
                country = record.country_id
            if country.code not in zones:
                zones[country.code] = self._get_country_timezone(country.code)
            tz = partner.tz or zones[country.code] or fallback
            result[record.id] = tz if tz in known else "UTC"
        return result

    @api.model
    def _get_country_timezone(self, code):
        return MAIN_ZONES.get(code) or next(iter(pytz.country_timezones.get(code or "", ())), None)

    @api.model
    def _get_company_timezone(self, company):
        """The time zone of a company: its contact's, else that of its country."""
        # a company's address is no secret, but its contact may be hidden by a rule
        partner = company.sudo().partner_id
        return partner.tz or self._get_country_timezone(partner.country_id.code) or "UTC"
