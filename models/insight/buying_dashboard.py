# The figures of the dashboard: how complete, how engaged and how far the buying groups are.
import datetime as dt

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ...tools.domains import get_filters
from ...tools.percent import format_percent
from ..buying.buying_group_standstill import STANDSTILL_COMPLETENESS, STANDSTILL_DAYS

# upper ends of the bands, in whole percent; 25.4 is shown as 25 and belongs to the first, 25.5 as 26 to the second
BANDS = (25, 50, 75, 100)
NOT_RATED = -1
MAX_SOLUTIONS = 12


class BuyingDashboard(models.AbstractModel):
    """The first page of the dashboard, the overview: figures about the buying groups that the current user may see.

    Source of the charts: Adobe Journey Optimizer B2B Edition, dashboards (buying groups, role insights, intelligent).
    The number of statements does not depend on the number of groups, members or stages.
    """

    _name = "buying.dashboard"
    _inherit = "buying.figures"
    _description = "Buying Group Dashboard"

    @api.model
    def get_data(self, filters=None):
        """All figures of the dashboard.

        :param dict filters: ``solution_ids``, ``stage_ids``, ``user_ids`` (salespeople), ``industry_ids``,
            ``country_ids`` and ``state_ids`` of the account: lists of ids, any if left out or empty; ``mine``: only
            accounts of the current user; ``date_from``, ``date_to``: first and last day of the charts over time, as ISO
            dates in the user's time zone; the past year if left out
        :return: what :meth:`_get_group_state` says, the charts
            ``completeness``, ``engagement``, ``solutions``, ``stages`` (a list, one chart per stage model),
            ``acquisition``, ``role_engagement``, ``highlights``, and ``thresholds``, the
            numbers that explanations name
        :rtype: dict
        :raise UserError: a filter is malformed
        :raise AccessError: the user may not read buying groups
        """
        filters = get_filters(self.env, filters)
        self.env["buying.group"].check_access("read")
        domain = self._get_domain(filters)
        date_from, date_to = self._get_period(filters)
        counts = self._count_groups(domain)
        total = sum(row[-1] for row in counts)
        return {
            **self._get_group_state(total),
            "date_from": fields.Date.to_string(date_from),
            "date_to": fields.Date.to_string(date_to),
            "filters": self._describe(filters, date_from, date_to),
            "completeness": self._get_completeness(domain, counts),
            "engagement": self._get_engagement(domain, counts),
            "solutions": self._get_solutions(domain, counts),
            "stages": self._get_stages(domain, date_from, date_to),
            "acquisition": self._get_acquisition(filters, date_from, date_to),
            "role_engagement": self._get_role_engagement(filters),
            "highlights": self._get_highlights(domain),
            "thresholds": {"completeness": STANDSTILL_COMPLETENESS, "standstill": STANDSTILL_DAYS},
        }

    # Charts of today ----------------------------------------------------------------------------------------------

    @api.model
    def _count_groups(self, domain):
        """Groups by all that the charts of today tell apart, in one statement.

        :return: ``(solution id, completeness band, engagement band, number)``
        """
        query = self.env["buying.group"]._search(domain)
        if query.is_empty():
            return []
        self.env["buying.group"].flush_model(["solution_id", "completeness", "engagement", "required_role_count"])

        def column(name):
            return SQL.identifier(query.table, name)

        def band(name):
            return SQL(
                "CASE WHEN COALESCE(%(value)s, 0) < 25.5 THEN 0 WHEN %(value)s < 50.5 THEN 1 "
                "WHEN %(value)s < 75.5 THEN 2 ELSE 3 END",
                value=column(name),
            )

        terms = [
            column("solution_id"),
            SQL(
                "CASE WHEN COALESCE(%s, 0) = 0 THEN %s ELSE %s END",
                column("required_role_count"),
                NOT_RATED,
                band("completeness"),
            ),
            band("engagement"),
        ]
        query.groupby = SQL("1, 2, 3")
        return self.env.execute_query(query.select(*terms, SQL("COUNT(*)")))

    @api.model
    def _get_bands(self, field_name):
        """``(band, label, domain)`` in their order; the domain speaks of exact values, the label of rounded ones."""
        result, lowest = [], 0
        for band, highest in enumerate(BANDS):
            domain = Domain.TRUE
            if lowest:
                domain &= Domain(field_name, ">=", lowest - 0.5)
            if highest < BANDS[-1]:
                domain &= Domain(field_name, "<", highest + 0.5)
            result.append((band, f"{lowest}–{highest}", domain))
            lowest = highest + 1
        return result

    @api.model
    def _get_completeness_bands(self):
        rated = Domain("required_role_count", ">", 0)
        return [
            (band, format_percent(self.env, label), rated & domain)
            for band, label, domain in self._get_bands("completeness")
        ] + [(NOT_RATED, self.env._("Not rated"), ~rated)]

    @api.model
    def _get_completeness(self, domain, counts):
        number = self._sum(counts, 1)
        rows = [
            self._row(label, [(number.get(band, 0), domain & part)])
            for band, label, part in self._get_completeness_bands()
            if band != NOT_RATED or number.get(band)
        ]
        return self._chart("buying.group", domain, [self.env._("Groups")], rows)

    @api.model
    def _get_engagement(self, domain, counts):
        number = self._sum(counts, 2)
        rows = [
            self._row(label, [(number.get(band, 0), domain & part)])
            for band, label, part in self._get_bands("engagement")
        ]
        return self._chart("buying.group", domain, [self.env._("Groups")], rows)

    @api.model
    def _get_solutions(self, domain, counts):
        """Groups by solution, the most frequent first, by completeness."""
        by_solution, number = self._sum(counts, 0), self._sum(counts, 0, 1)
        bands = [
            band for band in self._get_completeness_bands() if band[0] != NOT_RATED or self._sum(counts, 1).get(-1)
        ]
        ids = sorted(by_solution, key=lambda id_: (-by_solution[id_], id_))
        shown, rest = (ids, []) if len(ids) <= MAX_SOLUTIONS else (ids[: MAX_SOLUTIONS - 1], ids[MAX_SOLUTIONS - 1 :])
        solutions = self.env["buying.solution"].browse(shown)
        alike = [(solution.display_name, solution.ids) for solution in solutions]
        if rest:
            alike.append((self.env._("%(count)s other solutions", count=len(rest)), rest))
        rows = [
            self._row(
                label,
                [
                    (
                        sum(number.get((solution_id, band), 0) for solution_id in solution_ids),
                        domain & Domain("solution_id", "in", solution_ids) & part,
                    )
                    for band, _label, part in bands
                ],
            )
            for label, solution_ids in alike
        ]
        return self._chart("buying.group", domain, [label for _band, label, _part in bands], rows)

    # Charts of roles ----------------------------------------------------------------------------------------------

    @api.model
    def _get_acquisition(self, filters, date_from, date_to):
        """Who is a member today, by role and the month since when they have had it.

        Members' own dates are the source, so a number can always be clicked; who left since is not counted.
        """
        domain = self._get_member_domain(filters)
        domain &= Domain("date", ">=", self._to_utc(date_from))
        domain &= Domain("date", "<", self._to_utc(date_to + dt.timedelta(days=1)))
        # the months of the domains below must be those that the statement counts by
        Member = self.env["buying.group.member"].with_context(tz=self.env.tz.zone)
        groups = Member._read_group(domain, ["date:month", "role_id"], ["__count"])
        number = {(month.date(), role.id): count for month, role, count in groups}
        used = {role.id for _month, role, _count in groups}
        roles = [(role.id, role.name) for role in self.env["buying.role"].search([]) if role.id in used]
        if False in used:
            roles.append((False, self.env._("No role")))
        rows, month = [], date_from.replace(day=1)
        while used and month <= date_to:
            following = fields.Date.add(month, months=1)
            within = Domain("date", ">=", self._to_utc(month)) & Domain("date", "<", self._to_utc(following))
            rows.append(
                self._row(
                    format_date(self.env, month, date_format="LLL yyyy"),
                    [
                        (number.get((month, role_id), 0), domain & within & Domain("role_id", "=", role_id))
                        for role_id, _name in roles
                    ],
                )
            )
            month = following
        return self._chart("buying.group.member", domain, [name for _id, name in roles], rows)

    @api.model
    def _get_role_engagement(self, filters):
        """Average engagement of the members in each role, and how many they are."""
        domain = self._get_member_domain(filters)
        figures = {
            role.id: (average or 0, count)
            for role, average, count in self.env["buying.group.member"]._read_group(
                domain, ["role_id"], ["engagement:avg", "__count"]
            )
        }
        rows = [
            self._row(role.name, [(figure, domain & Domain("role_id", "=", role.id)) for figure in figures[role.id]])
            for role in self.env["buying.role"].search([("id", "in", list(figures))])
        ]
        series = [self.env._("Average engagement"), self.env._("Members")]
        return self._chart("buying.group.member", domain, series, rows)

    # Forms --------------------------------------------------------------------------------------------------------

    @api.model
    def _sum(self, counts, *places):
        """Numbers by one or several of the columns that :meth:`_count_groups` returns."""
        result = {}
        for row in counts:
            key = row[places[0]] if len(places) == 1 else tuple(row[place] for place in places)
            result[key] = result.get(key, 0) + row[-1]
        return result
