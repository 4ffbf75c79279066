# A page of the dashboard: which groups moved, and which accounts gain or lose interest.
import heapq
from collections import Counter

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.domains import get_filters
from ..buying.buying_group_standstill import STANDSTILL_COMPLETENESS, STANDSTILL_DAYS
from .buying_dashboard_stages import VELOCITY_DAYS
from .buying_trend import BANDS, RISK_POINTS, TREND_DAYS

PERIOD_DAYS = 30
LISTED = 10
# what the summary tells: so many moves, and so many groups of each by name
TOLD_MOVES = 5
TOLD_GROUPS = 3


class BuyingDashboardMovement(models.AbstractModel):
    """Stages at the start and at the end of a period, the moves between them, groups that stand out, and accounts that
    surge or are at risk.

    Groups are those that the user may see today and whose solution has stages. A group counts once, by where it stood
    at the two moments, whatever lay between. Trends compare the last 90 days with the 90 days before, whatever the
    period of the page, as summaries of accounts do; only accounts that have a buying group count (Adobe Journey
    Optimizer B2B Edition, intelligent dashboard).
    """

    _name = "buying.dashboard.movement"
    _inherit = "buying.figures"
    _description = "Dashboard of Stages and Accounts"

    @api.model
    def get_data(self, filters=None):
        """All figures of the page.

        :param dict filters: see ``buying.dashboard``; the last 30 days if no period is given
        :return: what ``_get_group_state`` says, ``filters``, ``summary`` (text), ``tiles``, ``stages`` and ``moves``
            (charts for each stage model), ``highlights``, ``trend`` (chart of accounts), ``surging`` and ``at_risk``
            (tables of accounts), and ``thresholds``, the numbers that explanations name
        :rtype: dict
        :raise UserError: a filter is malformed
        :raise AccessError: the user may not read buying groups
        """
        filters = get_filters(self.env, filters)
        self.env["buying.group"].check_access("read")
        domain = self._get_domain(filters)
        date_from, date_to = self._get_period(filters, days=PERIOD_DAYS)
        Dashboard = self.env["buying.dashboard"]
        total = self.env["buying.group"].search_count(domain)
        moves = Dashboard._count_moves(domain, *self._get_moments(date_from, date_to))
        points = self._get_points(domain)
        return {
            **self._get_group_state(total),
            "filters": self._describe(filters, date_from, date_to),
            "summary": self._get_summary(domain, moves, date_from, date_to),
            "tiles": self._get_tiles(domain, moves, date_from, date_to),
            "stages": Dashboard._get_stages(domain, date_from, date_to),
            "moves": self._get_moves(domain, moves, date_from, date_to),
            "highlights": Dashboard._get_highlights(domain, LISTED),
            "trend": self._get_trend(domain, points),
            "surging": self._get_accounts(domain, points, ("surging", "high"), 1),
            "at_risk": self._get_accounts(domain, points, ("risk",), -1),
            "thresholds": {
                "completeness": STANDSTILL_COMPLETENESS,
                "standstill": STANDSTILL_DAYS,
                "velocity": VELOCITY_DAYS,
                "trend": TREND_DAYS,
                "risk": RISK_POINTS,
                "bands": [limit for limit, _name in BANDS],
            },
        }

    # Stages -------------------------------------------------------------------------------------------------------

    @api.model
    def _get_tiles(self, domain, moves, date_from, date_to):
        """How many groups there were, came, moved, and are there: ``{"label", "value", "model", "domain"}``."""
        tell = self.env["buying.dashboard"]._tell_places
        first, until = self._get_moments(date_from, date_to)

        def tile(label, condition, *places, **values):
            number = sum(row[-1] for row in moves if condition(*row[1:4]))
            found = domain & Domain("stage_past", "=", tell(*places, **values))
            return {"label": label, "value": number, "model": "buying.group", "domain": self._as_list(found)}

        was, now = (first, "*"), (until, "*")
        return [
            tile(self.env._("At the start"), lambda existed, _old, _new: existed, was, now),
            tile(self.env._("New since then"), lambda existed, _old, _new: not existed, (first, "-"), now),
            tile(
                self.env._("In another stage than then"),
                lambda existed, old, new: existed and old != new,
                was,
                now,
                moved=True,
            ),
            tile(self.env._("At the end"), lambda *_place: True, now),
        ]

    @api.model
    def _get_moves(self, domain, moves, date_from, date_to):
        """One chart per stage model: from where to where groups moved, the most frequent first."""
        Dashboard = self.env["buying.dashboard"]
        first, until = self._get_moments(date_from, date_to)
        charts = []
        for model in Dashboard._sort_stage_models(moves):
            own = domain & Domain("stage_model_id", "=", model.id)
            names = dict(Dashboard._get_stage_names(model))
            found = [
                (number, existed, old_id, stage_id)
                for model_id, existed, old_id, stage_id, number in moves
                if model_id == model.id and (old_id != stage_id or not existed)
            ]
            rows = []
            for number, existed, old_id, stage_id in sorted(found, key=lambda move: (-move[0], move[1:])):
                past = Dashboard._tell_places((first, old_id if existed else "-"), (until, stage_id))
                before = names.get(old_id, names[False]) if existed else self.env._("New")
                label = f"{before} → {names.get(stage_id, names[False])}"
                rows.append(self._row(label, [(number, own & Domain("stage_past", "=", past))]))
            moved_or_new = [
                Dashboard._tell_places((first, "*"), (until, "*"), moved=True),
                Dashboard._tell_places((first, "-"), (until, "*")),
            ]
            charts.append(
                self._chart(
                    "buying.group",
                    own & Domain("stage_past", "in", moved_or_new),
                    [self.env._("Groups")],
                    rows,
                    name=model.name,
                )
            )
        return charts

    @api.model
    def _get_summary(self, domain, moves, date_from, date_to):
        """The moves in words, and what members of these groups did most, by the built-in writer of summaries."""
        first, until = self._get_moments(date_from, date_to)
        facts = {
            "kind": "stages",
            "days": max((date_to - date_from).days, 1),
            "period": False
            if date_to >= fields.Date.context_today(self)
            else next(part["text"] for part in self._describe({}, date_from, date_to)),
            "moves": [],
            "others": 0,
            "counts": {},
        }
        numbers = {}
        for model_id, existed, old_id, stage_id, number in moves:
            if stage_id and (old_id != stage_id or not existed):
                # a new group came from no stage
                numbers[model_id, old_id, stage_id] = numbers.get((model_id, old_id, stage_id), 0) + number
        told = sorted((-number, *move) for move, number in numbers.items())
        if told:
            facts["others"] = -sum(move[0] for move in told[TOLD_MOVES:])
            groups = self._get_moved_groups(domain, first, until)
            names = {
                stage.id: stage.name
                for stage in self.env["buying.stage.model"].sudo().browse({move[1] for move in told}).stage_ids
            }
            for number, model_id, old_id, stage_id in told[:TOLD_MOVES]:
                some = groups.get((model_id, old_id, stage_id), [])
                facts["moves"].append(
                    {
                        "from": names.get(old_id, ""),
                        "to": names.get(stage_id, ""),
                        "groups": some,
                        "more": -number - len(some),
                    }
                )
            facts["counts"] = self._count_activities(domain, first, until)
        return self.env["buying.summary.builtin"]._compose(facts)

    @api.model
    def _get_moved_groups(self, domain, first, until):
        """``{(stage model id, old stage id or False, stage id): names}`` of the first few groups that moved so."""
        Group = self.env["buying.group"]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT * FROM (
                    SELECT was.model_id, was.stage_id, now.stage_id, was.group_id,
                           ROW_NUMBER() OVER (PARTITION BY was.model_id, was.stage_id, now.stage_id
                                              ORDER BY groups.engagement DESC, groups.id) AS place
                      FROM (SELECT group_id, model_id, CASE WHEN existed THEN stage_id END AS stage_id
                              FROM (%(first)s) place) was
                      JOIN (%(until)s) now ON now.group_id = was.group_id AND now.existed
                      JOIN buying_group groups ON groups.id = was.group_id
                     WHERE was.stage_id IS DISTINCT FROM now.stage_id AND groups.id IN %(ids)s
                ) moved WHERE place <= %(limit)s ORDER BY place
                """,
                first=Group._get_places_sql(first),
                until=Group._get_places_sql(until),
                ids=Group._search(domain).subselect(),
                limit=TOLD_GROUPS,
            )
        )
        names = {group.id: group.name for group in Group.browse(row[3] for row in rows)}
        result = {}
        for model_id, old_id, stage_id, group_id, _place in rows:
            result.setdefault((model_id, old_id or False, stage_id or False), []).append(names[group_id])
        return result

    @api.model
    def _count_activities(self, domain, first, until):
        """``{code: number}`` of what members of the groups that moved did between two moments."""
        self.env["buying.group.member"].flush_model(["partner_id"])
        codes = self.env["buying.summary.facts"]._get_counted_codes()
        tell = self.env["buying.dashboard"]._tell_places
        past = [tell((first, "*"), (until, "*"), moved=True), tell((first, "-"), (until, "*"))]
        members = (
            Domain("state", "=", "in")
            & Domain("partner_id.active", "=", True)
            & Domain("group_id", "any", domain & Domain("stage_past", "in", past))
        )
        query = self.env["buying.group.member"]._search(members)
        people = query.subselect(SQL.identifier(query.table, "partner_id"))
        rows = self.env["engagement.activity"]._read_group(
            Domain("date", ">=", first)
            & Domain("date", "<=", until)
            & Domain("is_automatic", "=", False)
            & Domain("type_id.code", "in", codes)
            & Domain("partner_id", "in", people),
            ["type_id"],
            ["__count"],
        )
        return {activity_type.sudo().code: number for activity_type, number in rows}

    # Accounts -----------------------------------------------------------------------------------------------------

    @api.model
    def _get_points(self, domain):
        """What people of the groups' accounts did: ``[(account id, points, before, trend)]``, by two statements.

        They are put together here: the database would rather look into all groups for each account.
        """
        points = self.env["buying.trend"]._get_account_points_sql()
        if not points:
            return []
        rows = self.env.execute_query(
            SQL(
                "WITH found AS MATERIALIZED (%s) SELECT account_id, points, before, %s FROM found",
                points,
                self.env["buying.trend"]._get_trend_sql(),
            )
        )
        accounts = set(self.env["res.partner"]._search(Domain("buying_group_ids", "any", domain)).get_result_ids())
        return [row for row in rows if row[0] in accounts]

    @api.model
    def _get_trend(self, domain, points):
        """Accounts by how much more or less their people did than before."""
        numbers = Counter(trend for _account_id, _points, _before, trend in points)
        accounts = Domain("buying_group_ids", "any", domain)
        trends = self.env["buying.trend"]._get_trends()
        return self._chart(
            "res.partner",
            accounts & Domain("engagement_trend", "in", [name for name, _label in trends]),
            [self.env._("Accounts")],
            [
                self._row(label, [(numbers.get(name, 0), accounts & Domain("engagement_trend", "=", name))])
                for name, label in trends
            ],
        )

    @api.model
    def _get_accounts(self, domain, points, trends, sign):
        """A table of the first few accounts: the change in percent, and the points now and before.

        :param int sign: 1 for those that gained most first, -1 for those that lost most
        """
        chosen = [(account_id, now, before) for account_id, now, before, trend in points if trend in trends]
        rows = heapq.nsmallest(LISTED, chosen, key=lambda row: (-sign * (row[1] - row[2]), row[0]))
        accounts = self.env["res.partner"].browse(row[0] for row in rows)
        accounts.fetch(["name"])
        change = self.env["buying.trend"]._get_change
        intents = self._get_intents("partner_id", accounts)
        return self._chart(
            "res.partner",
            Domain("buying_group_ids", "any", domain) & Domain("engagement_trend", "in", list(trends)),
            [self.env._("Change"), self.env._("Points"), self.env._("Points before")],
            [
                self._row(
                    account.name or "",
                    [(change(now, before), False), (now, False), (before, False)],
                    id=account.id,
                    note=intents.get(account.id, ""),
                )
                for account, (_id, now, before) in zip(accounts, rows, strict=True)
            ],
            kinds=["change", "number", "number"],
            record_model="res.partner",
        )
