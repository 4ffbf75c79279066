# Wizard: the audience of lost leads as a domain, and how many leads each guard rail takes away.
import ast
import itertools
from collections import defaultdict
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL

from ..models.crm.crm_lead_guards import COLUMNS, NEVER
from ..tools.domains import check_domain, get_missing_fields

# what does not change the audience
NO_CHOICES = ("name", "filter_name", "offer_url", "restore_on", "line_ids", "counted_domain", "mailed_count")
LOST = Domain("active", "=", False) & Domain("won_status", "=", "lost")


class CrmLeadReactivate(models.TransientModel):
    _inherit = "crm.lead.reactivate"

    # The domain ---------------------------------------------------------------------------------------------------

    @api.depends(lambda self: [name for name, field in self._fields.items() if self._is_choice(field)])
    @api.depends_context("uid", "tz", "allowed_company_ids")
    def _compute_domain(self):
        for wizard in self:
            wizard.problem = False
            try:
                wizard._check_choice()
                wizard.domain = repr(list(wizard._get_domain()))
            except UserError as error:
                wizard.domain, wizard.problem = "[(0, '=', 1)]", str(error)
            wizard.problem = wizard.problem or wizard._get_missing_records()

    def _is_choice(self, field):
        return field.store and field.name not in (*NO_CHOICES, *models.MAGIC_COLUMNS)

    def _check_choice(self):
        """:raise UserError: what was chosen contradicts itself, or the further condition does not work (any more)"""
        self.ensure_one()
        if self.date_from and self.date_to and self.date_to < self.date_from:
            raise UserError(self.env._("The period ends before it begins."))
        if self.reason_mode in ("include", "exclude") and not self.reason_ids:
            raise UserError(self.env._("Choose the lost reasons."))
        if self.revenue_max and self.revenue_max < self.revenue_min:
            raise UserError(self.env._("The highest expected revenue lies below the lowest."))
        if any(day and not 1900 <= day.year <= 9000 for day in (self.date_from, self.date_to)):
            raise UserError(self.env._("Choose a period between the years 1900 and 9000."))
        if min(self.order_days, self.mailing_days, self.contact_days) < 0:
            raise UserError(self.env._("Days cannot be negative."))
        check_domain(self.env, "crm.lead", self.extra_domain)

    def _get_missing_records(self):
        """:return: a warning if the further condition names records that are gone, as a filter kept earlier may"""
        missing = get_missing_fields(self.env, "crm.lead", self.extra_domain)
        if not missing:
            return False
        return self.env._(
            "The further condition names records that do not exist any more: %(fields)s. Look at it again.",
            fields=", ".join(missing),
        )

    def _get_domain(self, guards=None, person=True):
        """The audience as an ordinary domain on leads.

        :param guards: names of the guard rails to apply; all that are on by default
        :param person: also apply the choice between several leads of one person
        :rtype: Domain
        """
        self.ensure_one()
        domain = self._get_matched_domain()
        for guard in self._get_active_guards() if guards is None else guards:
            domain &= self._get_guard_domains()[guard]
        if person and self.person_choice != "all":
            domain &= Domain("lead_of_person", "=", self.person_choice)
        return domain

    def _get_matched_domain(self):
        """What was chosen, without guard rails."""
        domain = LOST
        if self.lead_ids:
            domain &= Domain("id", "in", self.lead_ids.ids)
        domain &= self._get_period_domain() & self._get_reason_domain()
        for name in ("stage_ids", "team_ids", "user_ids", "country_ids"):
            if self[name]:
                domain &= Domain(name.replace("_ids", "_id"), "in", self[name].ids)
        if self.tag_ids:
            domain &= Domain("tag_ids", "in", self.tag_ids.ids)
        if self.revenue_min:
            domain &= Domain("expected_revenue", ">=", self.revenue_min)
        if self.revenue_max:
            domain &= Domain("expected_revenue", "<=", self.revenue_max)
        if self.contact_days:
            domain &= Domain("days_since_contact", ">=", self.contact_days)
        extra = (self.extra_domain or "").strip()
        if extra:
            domain &= Domain(ast.literal_eval(extra))
        return domain & self._get_own_domain()

    def _get_period_domain(self):
        field = "date_closed" if self.date_kind == "lost" else "create_date"
        domain = Domain.TRUE
        if self.date_from:
            domain &= Domain(field, ">=", self._to_utc(self.date_from))
        if self.date_to:
            domain &= Domain(field, "<", self._to_utc(self.date_to + timedelta(days=1)))
        return domain

    def _to_utc(self, date):
        """:return: the first instant of a day in the user's time zone, as text, which a domain can hold"""
        zone = pytz.timezone(self.env.user.tz or "UTC")
        local = zone.localize(datetime.combine(date, time.min))
        return fields.Datetime.to_string(local.astimezone(pytz.utc).replace(tzinfo=None))

    def _get_reason_domain(self):
        without = Domain("lost_reason_id", "=", False)
        if self.reason_mode == "any":
            return Domain.TRUE if self.without_reason == "in" else ~without
        if self.reason_mode == "worth":
            domain = Domain("lost_reason_id.worth_reactivating", "=", True)
        elif self.reason_mode == "include":
            domain = Domain("lost_reason_id", "in", self.reason_ids._origin.ids)
        elif self.later_reasons == "in":
            domain = Domain("lost_reason_id", "not in", self.reason_ids._origin.ids)
            return domain if self.without_reason == "in" else domain & ~without
        else:
            Reason = self.env["crm.lost.reason"].with_context(active_test=False)
            others = Reason.search([("id", "not in", self.reason_ids._origin.ids)], order="id")
            domain = Domain("lost_reason_id", "in", others.ids)
        return domain | without if self.without_reason == "in" else domain

    def _get_own_domain(self):
        """What the user may read, in words of the domain: the host sends scheduled mailings with system rights."""
        rules = self.env["ir.rule"]._compute_domain("crm.lead", "read")
        one_company = self.env["res.company"].sudo().search_count([], limit=2) < 2

        def simplify(condition):
            if condition.field_expr == "company_id" and one_company:
                return Domain.TRUE
            values = condition.value
            if condition.operator == "in" and isinstance(values, (list, tuple, set)) and False in values:
                # the domain editor knows no list with "not set" in it
                return Domain(condition.field_expr, "=", False) | Domain(
                    condition.field_expr, "in", [value for value in values if value]
                )
            return condition

        domain = Domain(rules).map_conditions(simplify)
        try:
            ast.literal_eval(repr(list(domain)))
        except (ValueError, SyntaxError) as error:
            raise UserError(
                self.env._("Your access rules for leads cannot be written as a filter. Ask an administrator.")
            ) from error
        return domain

    # Guard rails --------------------------------------------------------------------------------------------------

    @api.model
    def _get_guard_fields(self):
        """``{guard rail: field of leads}`` in the order in which they are applied and counted; ``None`` for the field
        stands for a guard that has no set of keys."""
        return {
            "address": None,
            "blacklisted": "is_refusing_mail",
            "opted_out": "opted_out_topic_ids",
            "bounced": "is_bouncing",
            "live_lead": "has_live_lead",
            "journey": "is_in_running_journey",
            "order": "days_since_order",
            "mailing": "days_since_mailing",
        }

    def _get_active_guards(self):
        guards = [guard for guard in self._get_guard_fields() if self[f"guard_{guard}"]]
        return [guard for guard in guards if guard != "opted_out" or self.topic_id]

    def _get_guard_domains(self):
        """``{guard rail: domain that it asks for}``"""
        return {
            "address": Domain("has_mail_address", "=", True),
            "blacklisted": Domain("is_refusing_mail", "=", False),
            "opted_out": Domain("opted_out_topic_ids", "not in", self.topic_id.ids),
            "bounced": Domain("is_bouncing", "=", False),
            "live_lead": Domain("has_live_lead", "=", False),
            "journey": Domain("is_in_running_journey", "=", False),
            "order": Domain("days_since_order", ">=", self.order_days),
            "mailing": Domain("days_since_mailing", ">=", self.mailing_days),
        }

    def _get_guard_keys(self, guard):
        """:return: the keys that a guard takes, as ``crm.lead._get_guard_keys`` does, and since when"""
        Lead = self.env["crm.lead"].sudo()
        if guard == "opted_out":
            return Lead._get_keys_of_topics(self.topic_id.sudo()), None
        since = {"order": self.order_days, "mailing": self.mailing_days}.get(guard)
        since = None if since is None else fields.Datetime.now() - timedelta(days=min(since, NEVER))
        return Lead._get_guard_keys(self._get_guard_fields()[guard]), since

    # Counting -----------------------------------------------------------------------------------------------------

    def get_audience(self):
        """Count the audience, and what each guard rail takes away from it. A lead is counted under the first guard rail
        that takes it, so that the numbers add up; only leads that the user may read are counted. Makes nothing.

        :return: ``matched``: leads that were chosen; ``excluded``: ``{guard rail: leads it takes away}``, of those that
            are on, ``several`` being the other leads of one person; ``count``: leads that would be mailed;
            ``expected_revenue``: theirs, in the currency of the current company; ``revenue_excluded``: that of those
            taken away, by guard rail; ``domain``: the domain of those that would be mailed
        :rtype: dict
        :raise UserError: the choice contradicts itself or holds a condition that does not work
        :raise AccessError: the user may not read leads
        """
        self.ensure_one()
        self._check_choice()
        guards = self._get_active_guards()
        counts, revenues = self._count(guards)
        keys = guards + (["several"] if self.person_choice != "all" else [])
        return {
            "matched": sum(counts.values()),
            "excluded": {key: counts[key] for key in keys},
            "count": counts[None],
            "expected_revenue": revenues[None],
            "revenue_excluded": {key: revenues[key] for key in keys},
            "domain": list(self._get_domain()),
        }

    def _count(self, guards):
        """One statement over the audience.

        :return: counts and expected revenues by guard rail; ``None`` stands for those that would be mailed
        """
        Lead = self.env["crm.lead"].with_context(active_test=False)
        query = Lead._search(self._get_matched_domain())
        counts, revenues = defaultdict(int), defaultdict(float)
        if query.is_empty():
            return counts, revenues
        Lead._flush_guards()
        self.env.flush_all()
        contact = Lead._join_contact(query)
        table = query.table
        audience = query.select(
            SQL("%s AS id", SQL.identifier(table, "id")),
            *(
                SQL(
                    "%s AS %s",
                    SQL.identifier(table if of == "lead" else contact, column),
                    self._name_column(of, column),
                )
                for of, column in dict.fromkeys(itertools.chain(*COLUMNS.values()))
                if (of, column) != ("lead", "id")
            ),
            SQL("%s AS address", Lead._get_mail_address(table, contact)),
            SQL("%s AS person", Lead._get_person_key(table, contact)),
            *(SQL.identifier(table, name) for name in ("company_id", "expected_revenue", "date_closed")),
        )
        joins, cases = [], []
        for guard in guards:
            found, condition = self._join_guard(guard)
            joins += found
            cases.append(SQL("WHEN %s THEN %s", condition, guard))
        person = SQL("1")
        if self.person_choice != "all":
            person = SQL(
                "ROW_NUMBER() OVER (PARTITION BY guard IS NULL, person ORDER BY %s)",
                Lead._get_choice_order(self.person_choice),
            )
        rows = self.env.execute_query(
            SQL(
                """
                WITH audience AS (%(audience)s),
                     guarded AS (SELECT audience.*, %(guard)s AS guard FROM audience %(joins)s),
                     ranked AS (SELECT guarded.*, %(person)s AS place FROM guarded)
              SELECT CASE WHEN guard IS NULL AND place > 1 THEN 'several' ELSE guard END AS reason,
                     company_id, COUNT(*), SUM(expected_revenue)
                FROM ranked
            GROUP BY reason, company_id
                """,
                audience=audience,
                guard=SQL("CASE %s END", SQL(" ").join(cases)) if cases else SQL("NULL::varchar"),
                joins=SQL(" ").join(joins),
                person=person,
            )
        )
        today, currency = fields.Date.context_today(self), self.env.company.currency_id
        for reason, company_id, count, revenue in rows:
            company = self.env["res.company"].sudo().browse(company_id or self.env.company.id)
            counts[reason] += count
            revenues[reason] += company.currency_id._convert(
                float(revenue or 0), currency, self.env.company, today, round=False
            )
        return counts, revenues

    @api.model
    def _name_column(self, of, column):
        return SQL.identifier(column if of == "lead" else f"contact_{column}")

    def _join_guard(self, guard):
        """:return: joins that look a guard's keys up for the whole audience, and the condition that one was found"""
        if guard == "address":
            return [], SQL("audience.address IS NULL")
        keys, since = self._get_guard_keys(guard)
        joins, conditions = [], []
        for number, (kind, queries) in enumerate(keys.items()):
            rows = SQL(" UNION ALL ").join(self.env["crm.lead"]._limit_keys(query, since) for query in queries)
            for of, column in COLUMNS[kind]:
                alias = f"{guard}_{number}_{of}"
                own = SQL("id") if (of, column) == ("lead", "id") else self._name_column(of, column)
                joins.append(
                    SQL(
                        "LEFT JOIN (SELECT DISTINCT keys.key FROM (%s) keys) %s ON %s = audience.%s",
                        rows,
                        SQL.identifier(alias),
                        SQL.identifier(alias, "key"),
                        own,
                    )
                )
                conditions.append(SQL("%s IS NOT NULL", SQL.identifier(alias, "key")))
        return joins, SQL("(%s)", SQL(" OR ").join(conditions)) if conditions else SQL("FALSE")

    # Preflight ----------------------------------------------------------------------------------------------------

    def action_count(self):
        """Button: what would come of it; makes nothing but the list of numbers."""
        self.ensure_one()
        audience = self.get_audience()
        left, revenue = audience["matched"], audience["expected_revenue"] + sum(audience["revenue_excluded"].values())
        lines = [{"key": "matched", "count": left, "left": left, "expected_revenue": revenue}]
        for key, count in audience["excluded"].items():
            left -= count
            lines.append(
                {"key": key, "count": count, "left": left, "expected_revenue": audience["revenue_excluded"][key]}
            )
        lines.append({"key": "mailed", "count": left, "left": left, "expected_revenue": audience["expected_revenue"]})
        self.write(
            {
                "line_ids": [Command.clear()]
                + [Command.create(line | {"sequence": number}) for number, line in enumerate(lines)],
                "counted_domain": self.domain,
                "mailed_count": left,
            }
        )
        return True

    def _get_line_domain(self, key):
        """The leads that a number of the preflight counts.

        :rtype: Domain
        """
        guards = self._get_active_guards()
        if key == "matched":
            return self._get_matched_domain()
        if key == "mailed":
            return self._get_domain()
        if key == "several":
            return self._get_domain(person=False) & Domain("lead_of_person", "!=", self.person_choice)
        before = self._get_domain(guards[: guards.index(key)], person=False)
        return before & self._get_opposite(key)

    def _get_opposite(self, guard):
        """:return: the domain of what a guard takes, without a NOT, which the domain editor shows badly"""
        return {
            "address": Domain("has_mail_address", "=", False),
            "opted_out": Domain("opted_out_topic_ids", "in", self.topic_id.ids),
            "order": Domain("days_since_order", "<", self.order_days),
            "mailing": Domain("days_since_mailing", "<", self.mailing_days),
        }.get(guard) or Domain(self._get_guard_fields()[guard], "=", True)
