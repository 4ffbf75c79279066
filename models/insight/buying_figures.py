# What all pages of the dashboard share: filters, the period, and the form of a chart.
import datetime as dt

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date, format_list

from ...tools.domains import get_ids

# filters by accounts and groups, and the field of a buying group that each concerns
FILTERS = {
    "solution_ids": "solution_id",
    "stage_ids": "stage_id",
    "user_ids": "user_id",
    "industry_ids": "partner_id.industry_id",
    "country_ids": "partner_id.country_id",
    "state_ids": "partner_id.state_id",
}
# models of the records that a page may filter by
FILTER_MODELS = {
    "solution_ids": "buying.solution",
    "stage_ids": "buying.stage",
    "user_ids": "res.users",
    "industry_ids": "res.partner.industry",
    "country_ids": "res.country",
    "state_ids": "res.country.state",
    "role_ids": "buying.role",
    "type_ids": "engagement.activity.type",
    "journey_ids": "journey.journey",
    "mailing_ids": "mailing.mailing",
}
# how many names a printed page tells of one filter
NAMES = 5
# a row for each month of the period, and dates with which can be reckoned
EARLIEST, LATEST, MAX_PERIOD_DAYS = dt.date(1970, 1, 1), dt.date(2100, 12, 31), 3660
# up to so many days, charts over time have a point for each week, else for each month
MAX_DAYS_BY_WEEK = 190


class BuyingFigures(models.AbstractModel):
    """Figures that the current user may see; nothing is stored. Each page of the dashboard is a model that inherits
    this one and has ``get_data(filters)``.

    Each chart is a dictionary, the same for all kinds of charts, so that it can be drawn, shown as a table and saved as
    CSV alike:

    * ``model``, ``domain``: what "View list" shows
    * ``series``: labels of the columns
    * ``rows``: ``{"label": text, "values": [number, …], "domains": [domain or False, …]}``; a domain finds, on
      ``model``, exactly the records that the number beside it counts. ``False`` where no records stand for a number,
      e.g. for a rate
    * ``models``: where the columns count records of different models: the model of each column
    * ``context``, also in a row, and ``contexts``, one for each column: what lists of ``model`` need to know, if
      anything; a number's list is told all three

    The number of statements does not depend on the number of records counted.
    """

    _name = "buying.figures"
    _description = "Figures of a Dashboard Page"

    # Groups -------------------------------------------------------------------------------------------------------

    @api.model
    def _get_group_state(self, total):
        """What a page says where there are no figures.

        :param int total: groups that the filters leave
        :return: ``total``, ``any_group`` (may the user see one, whatever the filters) and ``hidden_groups`` (if not:
            are there any in the user's companies)
        :rtype: dict
        """
        Group = self.env["buying.group"]
        any_group = bool(total or Group.search_count([], limit=1))
        companies = [("company_id", "in", [*self.env.companies.ids, False])]
        hidden = not any_group and bool(Group.sudo().search_count(companies, limit=1))
        return {"total": total, "any_group": any_group, "hidden_groups": hidden}

    # Filters ------------------------------------------------------------------------------------------------------

    @api.model
    def _get_domain(self, filters, prefix=""):
        """:param str prefix: the way to the group, e.g. ``group_id.`` for a domain on members"""
        domain = Domain.TRUE
        for key, field_name in FILTERS.items():
            if ids := get_ids(self.env, filters, key):
                domain &= Domain(prefix + field_name, "in", ids)
        if filters.get("mine"):
            domain &= Domain(f"{prefix}user_id", "=", self.env.uid)
        return domain

    @api.model
    def _get_member_domain(self, filters):
        return (
            Domain("state", "=", "in")
            & Domain("partner_id.active", "=", True)
            & Domain("group_id.active", "=", True)
            & self._get_domain(filters, "group_id.")
        )

    @api.model
    def _get_period(self, filters, **default):
        """First and last day of the charts over time.

        :param default: how long the period is if nothing is said, e.g. ``days=30``; a year if left out
        """
        today = fields.Date.context_today(self)
        try:
            date_to = fields.Date.to_date(filters.get("date_to")) or today
            date_from = fields.Date.to_date(filters.get("date_from")) or fields.Date.subtract(
                date_to, **(default or {"years": 1})
            )
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise UserError(self.env._("The period of the dashboard is not made of two dates.")) from error
        if date_from > date_to:
            raise UserError(self.env._("The period of the dashboard ends before it begins."))
        if not EARLIEST <= date_from <= date_to <= LATEST or (date_to - date_from).days > MAX_PERIOD_DAYS:
            raise UserError(
                self.env._("The period of the dashboard must lie between 1970 and 2100, and be ten years long at most.")
            )
        return date_from, date_to

    @api.model
    def _to_utc(self, day):
        """When a day begins for the user, as naive UTC."""
        return self.env.tz.localize(dt.datetime.combine(day, dt.time())).astimezone(pytz.utc).replace(tzinfo=None)

    @api.model
    def _get_moments(self, date_from, date_to):
        """When the period begins, and when it is over: now at the latest.

        :rtype: tuple[datetime, datetime]
        """
        first, until = self._to_utc(date_from), self._to_utc(date_to + dt.timedelta(days=1))
        # moments are whole seconds: what happened in this very one is over, too
        now = fields.Datetime.now() + dt.timedelta(seconds=1)
        return first, min(until, max(now, first))

    @api.model
    def _within(self, field_name, date_from, date_to):
        """Condition: the moment lies in the period."""
        return Domain(field_name, ">=", self._to_utc(date_from)) & Domain(
            field_name, "<", self._to_utc(date_to + dt.timedelta(days=1))
        )

    @api.model
    def _get_steps(self, date_from, date_to):
        """The weeks, or for long periods months, that make up the period; the first and the last may be cut.

        :return: ``[(label, first day, last day)]``
        :rtype: list[tuple]
        """
        weekly = (date_to - date_from).days <= MAX_DAYS_BY_WEEK
        steps, day = [], date_from
        while day <= date_to:
            if weekly:
                last = day + dt.timedelta(days=6 - day.weekday())
                label = format_date(self.env, day, date_format="d MMM")
            else:
                last = fields.Date.end_of(day, "month")
                label = format_date(self.env, day, date_format="LLL yyyy")
            last = min(last, date_to)
            steps.append((label, day, last))
            day = last + dt.timedelta(days=1)
        return steps

    @api.model
    def _describe(self, filters, date_from, date_to):
        """The filters in words, for what is printed: ``[{"label", "text"}]``; the period comes first."""
        period = self.env._(
            "%(first)s to %(last)s", first=format_date(self.env, date_from), last=format_date(self.env, date_to)
        )
        result = [{"label": self.env._("Period"), "text": period}]
        labels = {
            "solution_ids": self.env._("Solution"),
            "stage_ids": self.env._("Stage"),
            "user_ids": self.env._("Salesperson"),
            "industry_ids": self.env._("Industry"),
            "country_ids": self.env._("Country"),
            "state_ids": self.env._("Region"),
            "role_ids": self.env._("Role"),
            "type_ids": self.env._("Activity"),
            "journey_ids": self.env._("Journey"),
            "mailing_ids": self.env._("Mail"),
        }
        for key, label in labels.items():
            if ids := get_ids(self.env, filters, key):
                # a filter may name what this user may not read: it finds nothing then, and is told by no name
                records = self.env[FILTER_MODELS[key]].with_context(active_test=False).search([("id", "in", ids)])
                names = records[:NAMES].mapped("display_name")
                if len(ids) > len(names):
                    names.append(self.env._("%(count)s more", count=len(ids) - len(names)))
                result.append({"label": label, "text": format_list(self.env, names)})
        if filters.get("mine"):
            result.append({"label": self.env._("Accounts"), "text": self.env._("My accounts")})
        return result

    @api.model
    def _get_intents(self, field_name, records):
        """What these groups or accounts are most interested in, in words; those of whom nothing is known are left out.

        :param str field_name: ``group_id`` or ``partner_id``
        :return: ``{record id: sentence}``
        """
        Builtin = self.env["buying.summary.builtin"]
        found = self.env["buying.intent"].search([(field_name, "in", records.ids)], order="strength desc, id")
        sentences = {}
        for intent in found:
            if intent[field_name].id not in sentences:
                facts = {"topic": intent.topic_id.name, "level": intent.level}
                sentences[intent[field_name].id] = Builtin._tell_intent(facts)
        return sentences

    # Forms --------------------------------------------------------------------------------------------------------

    @api.model
    def _row(self, label, cells, **values):
        return {
            "label": label,
            "values": [value for value, _domain in cells],
            "domains": [domain is not False and self._as_list(domain) for _value, domain in cells],
            **values,
        }

    @api.model
    def _chart(self, model_name, domain, series, rows, **values):
        return {
            "model": model_name,
            "domain": domain is not False and self._as_list(domain),
            "series": series,
            "rows": rows,
            **values,
        }

    @api.model
    def _as_list(self, domain):
        """A domain as the web client takes it: dates as text, conditions on other models as lists."""

        def as_text(condition):
            value = condition.value
            if isinstance(value, dt.datetime):
                value = fields.Datetime.to_string(value)
            elif isinstance(value, Domain):
                value = value.map_conditions(as_text)
            else:
                return condition
            return Domain(condition.field_expr, condition.operator, value)

        return list(domain.map_conditions(as_text))
