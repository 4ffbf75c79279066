# A page of the dashboard: which pages of the website are viewed, by whom, and from where.
import re

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.domains import get_filters, get_ids

LISTED = 10
# what an address begins with
SITE = re.compile(r"[^\s/]*[.:][^\s/]*(?=/|$)")
# columns of a page view that a chart tells apart, besides the page itself
SPLITS = {"country_id": "res.country", "industry_id": "res.partner.industry"}


class BuyingDashboardWeb(models.AbstractModel):
    """Views of pages in a period, by people we know and by visitors we do not, see ``engagement.page.view``.

    Views by people whom the current user may not see are left out, so that shares are those of what is shown. Source:
    Adobe Journey Optimizer B2B Edition, web engagement dashboard.
    """

    _name = "buying.dashboard.web"
    _inherit = "buying.figures"
    _description = "Dashboard of the Website"

    @api.model
    def get_data(self, filters=None):
        """All figures of the page.

        :param dict filters: ``country_ids``, ``industry_ids`` of the visitor, see ``engagement.page.view``;
            ``solution_ids`` and ``mine``: only members of groups of these solutions or of the user's own accounts;
            ``date_from``, ``date_to``: today if left out
        :return: ``total`` (views), ``any_view`` (was there ever one), ``has_website``, ``filters``, ``tiles``,
            ``pages`` (table), ``countries`` and ``industries`` (charts)
        :rtype: dict
        :raise UserError: a filter is malformed
        :raise AccessError: the user may not read page views
        """
        filters = get_filters(self.env, filters)
        View = self.env["engagement.page.view"]
        View.check_access("read")
        date_from, date_to = self._get_period(filters, days=0)
        domain = self._within("date", date_from, date_to) & self._get_view_domain(filters)
        total, by = self._count_views(domain)
        return {
            "total": total["views"],
            "any_view": bool(total["views"] or View.search_count([], limit=1)),
            "has_website": View._has_website(),
            "filters": self._describe(filters, date_from, date_to),
            "tiles": self._get_tiles(domain, total),
            "pages": self._get_pages(domain, by["page"]),
            "countries": self._get_split(domain, by, "country_id", self.env._("Unknown region")),
            "industries": self._get_split(domain, by, "industry_id", self.env._("Unknown industry")),
        }

    @api.model
    def _get_view_domain(self, filters):
        domain = Domain.TRUE
        for key, field_name in (("country_ids", "country_id"), ("industry_ids", "industry_id")):
            if ids := get_ids(self.env, filters, key):
                domain &= Domain(field_name, "in", ids)
        groups = {key: filters[key] for key in ("solution_ids", "mine") if filters.get(key)}
        if groups:
            members = Domain("buying_group_member_ids", "any", self._get_member_domain(groups))
            domain &= Domain("partner_id", "any", members)
        return domain

    @api.model
    def _count_views(self, domain):
        """All figures by one statement.

        :return: figures of all views, and ``{"page": {page: figures}, "country_id": …, "industry_id": …}``; figures are
            ``views``, ``known``, ``unknown``, ``people``, ``last``
        :rtype: tuple[dict, dict]
        """
        self.env.flush_all()
        query = self.env["engagement.page.view"]._search(domain)
        columns = ["page", *SPLITS]
        terms = [SQL.identifier(query.table, name) for name in columns]
        known, person = SQL.identifier(query.table, "is_known"), SQL.identifier(query.table, "partner_id")
        query.groupby = SQL("GROUPING SETS ((), (1), (2), (3))")
        total, by = dict.fromkeys(("views", "known", "unknown", "people"), 0), {name: {} for name in columns}
        for row in self.env.execute_query(
            query.select(
                *terms,
                *(SQL("GROUPING(%s)", term) for term in terms),
                SQL("COUNT(*)"),
                SQL("COUNT(*) FILTER (WHERE %s)", known),
                SQL("COUNT(*) FILTER (WHERE NOT %s)", known),
                SQL("COUNT(DISTINCT %s)", person),
                SQL("MAX(%s)", SQL.identifier(query.table, "date")),
            )
        ):
            values, left_out, numbers = row[:3], row[3:6], row[6:]
            figures = dict(zip(("views", "known", "unknown", "people", "last"), numbers, strict=True))
            if 0 in left_out:
                column = left_out.index(0)
                by[columns[column]][values[column] or False] = figures
            else:
                total = figures
        return total, by

    @api.model
    def _get_share(self, figures, name):
        """In percent; ``None`` if there is nothing to take it of."""
        return 100 * figures[name] / figures["views"] if figures["views"] else None

    @api.model
    def _get_known_domain(self, domain, name):
        return domain if name == "views" else domain & Domain("is_known", "=", name == "known")

    @api.model
    def _get_people_domain(self, domain):
        """Who viewed that; also who was archived since, as a view stays a view."""
        return Domain("active", "in", [True, False]) & Domain("engagement_page_view_ids", "any", domain)

    @api.model
    def _get_tiles(self, domain, total):
        labels = {
            "views": self.env._("Views"),
            "known": self.env._("By people we know"),
            "unknown": self.env._("By unknown visitors"),
        }
        return [
            {
                "label": label,
                "value": total[name],
                "rate": None if name == "views" else self._get_share(total, name),
                "model": "engagement.page.view",
                "domain": self._as_list(self._get_known_domain(domain, name)),
            }
            for name, label in labels.items()
        ] + [
            {
                "label": self.env._("Different people"),
                "value": total["people"],
                "model": "res.partner",
                "domain": self._as_list(self._get_people_domain(domain)),
            }
        ]

    @api.model
    def _get_pages(self, domain, by_page):
        """The ten pages that were viewed most, with a row each."""
        pages = sorted(by_page, key=lambda page: (-by_page[page]["views"], page or ""))[:LISTED]
        # where all are of one site, its name would only take the place of what tells them apart; titles have none
        sites = {match.group() for page in pages if page and (match := SITE.match(page))}
        site = sites.pop() if len(sites) == 1 else ""
        rows = []
        for page in pages:
            figures, own = by_page[page], domain & Domain("page", "=", page)
            cells = [
                (figures["views"], own),
                (figures["known"], self._get_known_domain(own, "known")),
                (self._get_share(figures, "known"), False),
                (figures["unknown"], self._get_known_domain(own, "unknown")),
                (self._get_share(figures, "unknown"), False),
                (figures["people"], self._get_people_domain(own)),
                (fields.Datetime.to_string(figures["last"]), False),
            ]
            label = page or self.env._("No page named")
            rows.append(self._row(label.removeprefix(site) or "/", cells))
        series = [
            self.env._("Views"),
            self.env._("Known"),
            self.env._("Known (%)"),
            self.env._("Unknown"),
            self.env._("Unknown (%)"),
            self.env._("Different people"),
            self.env._("Last view"),
        ]
        kinds = ["number", "number", "rate", "number", "rate", "number", "moment"]
        models_of = ["engagement.page.view"] * 5 + ["res.partner", False]
        return self._chart("engagement.page.view", domain, series, rows, kinds=kinds, models=models_of)

    @api.model
    def _get_split(self, domain, by, column, unknown):
        """Views by known and unknown visitors for each country or industry, the most viewed first, what is not known
        last; those beyond the tenth are one row."""
        numbers = by[column]
        ids = sorted((id_ for id_ in numbers if id_), key=lambda id_: (-numbers[id_]["views"], id_))
        shown, rest = (ids, []) if len(ids) <= LISTED else (ids[: LISTED - 1], ids[LISTED - 1 :])
        records = self.env[SPLITS[column]].browse(shown)
        alike = [(record.display_name, record.ids) for record in records]
        if rest:
            alike.append((self.env._("%(count)s others", count=len(rest)), rest))
        if False in numbers:
            alike.append((unknown, [False]))
        rows = [
            self._row(
                label,
                [
                    (
                        sum(numbers[id_][name] for id_ in same),
                        self._get_known_domain(domain & Domain(column, "in", same), name),
                    )
                    for name in ("known", "unknown")
                ],
            )
            for label, same in alike
        ]
        series = [self.env._("Known"), self.env._("Unknown")]
        return self._chart("engagement.page.view", domain, series, rows)
