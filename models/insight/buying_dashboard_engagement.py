# A page of the dashboard: which accounts, groups and people were engaged, over time.
import datetime as dt
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.domains import get_filters, get_ids

PERIOD_DAYS = 90
LISTED = 10
# what is counted, the column of a member that it stands in, and the list behind its numbers
OWNERS = {"accounts": "account_id", "groups": "group_id", "people": "partner_id"}
LISTS = {
    "accounts": "crm_buying_journey.res_partner_view_list_engaged_accounts",
    "groups": "crm_buying_journey.buying_group_view_list_engaged",
    "people": "crm_buying_journey.res_partner_view_list_engaged_people",
}


class BuyingDashboardEngagement(models.AbstractModel):
    """Accounts, groups and people by whether they were engaged in a period, and in each week or month of it.

    A person is engaged who did something that the active score model gives points for; a group or an account is
    engaged if one of its members was. Groups and members are those of today, in each week the same, so that a line
    tells how people behave and not how many groups were made. What machines did does not count. Source: Adobe Journey
    Optimizer B2B Edition, engagement dashboard.
    """

    _name = "buying.dashboard.engagement"
    _inherit = "buying.figures"
    _description = "Dashboard of Engagement"

    @api.model
    def get_data(self, filters=None):
        """All figures of the page.

        :param dict filters: see ``buying.dashboard``; also ``role_ids`` (only members in these roles), ``type_ids``
            (only these types of activities) and ``channels`` (only types of these channels); the last 90 days if no
            period is given
        :return: what ``_get_group_state`` says, ``filters``, ``engaged`` (number of people), ``doughnuts`` and
            ``lines`` (``accounts``, ``groups``, ``people``), ``roles`` and ``role_lines``, ``top`` (table of accounts),
            ``channels`` (what may be chosen)
        :rtype: dict
        :raise UserError: a filter is malformed
        :raise AccessError: the user may not read buying groups
        """
        filters = get_filters(self.env, filters)
        self.env["buying.group"].check_access("read")
        date_from, date_to = self._get_period(filters, days=PERIOD_DAYS)
        scope = self._get_scope(filters)
        steps = self._get_steps(date_from, date_to)
        totals = self._count_all(scope)
        engaged, by_role = self._count_engaged(scope, steps)
        whole = [(self.env._("Whole period"), date_from, date_to)]
        channels = self.env["engagement.activity.type"]._fields["channel"]._description_selection(self.env)
        return {
            **self._get_group_state(totals["groups"]),
            "filters": self._describe(filters, date_from, date_to) + self._describe_channels(filters, channels),
            "channels": [channel for channel in channels if channel[0] != "group"],
            "engaged": engaged[0]["people"],
            "doughnuts": {what: self._get_doughnut(scope, what, engaged[0], totals, *whole[0][1:]) for what in totals},
            "lines": {what: self._get_lines(scope, what, engaged, totals, steps) for what in totals},
            "roles": self._get_role_chart(scope, by_role, whole, whole=True),
            "role_lines": self._get_role_chart(scope, by_role, steps),
            "top": self._get_top(scope, date_from, date_to),
        }

    # What is counted ----------------------------------------------------------------------------------------------

    @api.model
    def _get_scope(self, filters):
        """What the filters leave: domains of ``groups`` and ``members``, and ids of activity types."""
        members = self._get_member_domain(filters)
        if role_ids := get_ids(self.env, filters, "role_ids"):
            members &= Domain("role_id", "in", role_ids)
        return {
            "groups": self._get_domain(filters),
            "members": members,
            "type_ids": self._get_type_ids(filters),
            "text": json.dumps({key: value for key, value in filters.items() if value and not key.startswith("date_")}),
        }

    @api.model
    def _read_filters(self, filters, first, last, role_id=None):
        """What the context of a list says, see ``buying.engaged``: ``(scope, first day, last day)``.

        :raise UserError: it is malformed
        """
        filters = get_filters(self.env, filters) | {"date_from": first, "date_to": last}
        if role_id:
            filters["role_ids"] = [role_id]
        scope = self._get_scope(filters)
        if role_id is not None and not role_id:
            scope["members"] &= Domain("role_id", "=", False)
        return scope, *self._get_period(filters, days=PERIOD_DAYS)

    @api.model
    def _get_list_context(self, scope, what, first, last):
        """How the list behind a number shows who did how much in that time, see ``buying.engaged``."""
        return {
            "list_view_ref": LISTS[what],
            "engaged_what": what,
            "engaged_filters": scope["text"],
            **self._get_list_period(first, last),
        }

    @api.model
    def _get_list_period(self, first, last):
        return {"engaged_from": fields.Date.to_string(first), "engaged_to": fields.Date.to_string(last)}

    @api.model
    def _get_channels(self, filters):
        """:raise UserError: one is none that a type of activity may have"""
        channels = filters.get("channels") or []
        known = {name for name, _label in self.env["engagement.activity.type"]._fields["channel"].selection}
        if not isinstance(channels, list) or not all(isinstance(name, str) and name in known for name in channels):
            raise UserError(self.env._("The filter %(name)s must be a list of channels.", name="channels"))
        return channels

    @api.model
    def _describe_channels(self, filters, selection):
        labels = dict(selection)
        if channels := self._get_channels(filters):
            text = ", ".join(labels[name] for name in channels)
            return [{"label": self.env._("Channel"), "text": text}]
        return []

    @api.model
    def _get_type_ids(self, filters):
        """The types of activities that count: those with points, which the filters let through."""
        lines = self.env["engagement.score.model"]._get_active().line_ids.filtered(lambda line: line.weight > 0)
        types = lines.type_id
        if type_ids := get_ids(self.env, filters, "type_ids"):
            types = types.filtered(lambda kind: kind.id in type_ids)
        if channels := self._get_channels(filters):
            types = types.filtered(lambda kind: kind.channel in channels)
        return sorted(types.ids)

    @api.model
    def _get_activity_domain(self, scope, first, last):
        return (
            Domain("type_id", "in", scope["type_ids"])
            & Domain("is_automatic", "=", False)
            & self._within("date", first, last)
        )

    @api.model
    def _get_engaged_domain(self, scope, what, first, last, members=None):
        """Those who were engaged between two days, and all: ``(model, all, engaged)``."""
        did = Domain("engagement_activity_ids", "any", self._get_activity_domain(scope, first, last))
        members = scope["members"] if members is None else members
        if what == "people":
            everybody = Domain("buying_group_member_ids", "any", members)
            return "res.partner", everybody, everybody & did
        engaged = scope["groups"] & Domain("member_ids", "any", members & Domain("partner_id", "any", did))
        if what == "groups":
            return "buying.group", scope["groups"], engaged
        return (
            "res.partner",
            Domain("buying_group_ids", "any", scope["groups"]),
            Domain("buying_group_ids", "any", engaged),
        )

    @api.model
    def _count_all(self, scope):
        """``{"accounts", "groups", "people"}``: how many there are, engaged or not."""
        today = dt.date.today()
        return {
            what: self.env[model_name].search_count(domain)
            for what in ("accounts", "groups", "people")
            for model_name, domain, _engaged in [self._get_engaged_domain(scope, what, today, today)]
        }

    @api.model
    def _get_members_sql(self, scope):
        """The members that count: ``partner_id, group_id, account_id, role_id``; without an account that the user may
        not read."""
        for model_name in ("buying.group.member", "buying.group", "engagement.activity", "res.partner"):
            self.env[model_name].flush_model()
        Partner = self.env["res.partner"]
        return SQL(
            """
            SELECT member.partner_id, member.group_id, account.id AS account_id, member.role_id
              FROM buying_group_member member
              JOIN buying_group groups ON groups.id = member.group_id AND groups.id IN %(groups)s
         LEFT JOIN res_partner account ON account.id = groups.partner_id AND account.id IN %(readable)s
             WHERE member.id IN %(members)s AND member.partner_id IN %(readable)s
            """,
            groups=self.env["buying.group"]._search(scope["groups"]).subselect(),
            members=self.env["buying.group.member"]._search(scope["members"]).subselect(),
            readable=Partner._search([]).subselect(),
        )

    @api.model
    def _get_activities(self, scope, first, last):
        return self.env["engagement.activity"]._search(self._get_activity_domain(scope, first, last)).subselect()

    @api.model
    def _count_engaged(self, scope, steps):
        """Who was engaged in each step, by one statement.

        :return: ``{number of the step from 1, 0 for the whole period: {"accounts", "groups", "people"}}``, and
            ``{(number of the step, role id): people}``
        :rtype: tuple[dict, dict]
        """
        nothing = dict.fromkeys(("accounts", "groups", "people"), 0)
        engaged = {number: dict(nothing) for number in range(len(steps) + 1)}
        rows = self.env.execute_query(
            SQL(
                """
                WITH did AS MATERIALIZED (
                    SELECT DISTINCT activity.partner_id, width_bucket(activity.date, %(starts)s::timestamp[]) AS step
                      FROM engagement_activity activity WHERE activity.id IN %(activities)s
                )
                SELECT did.step, member.role_id, GROUPING(did.step), GROUPING(member.role_id),
                       COUNT(DISTINCT member.account_id), COUNT(DISTINCT member.group_id),
                       COUNT(DISTINCT member.partner_id)
                  FROM did JOIN (%(members)s) member ON member.partner_id = did.partner_id
                 GROUP BY GROUPING SETS ((), (did.step), (member.role_id), (did.step, member.role_id))
                """,
                starts=[self._to_utc(first) for _label, first, _last in steps],
                members=self._get_members_sql(scope),
                activities=self._get_activities(scope, steps[0][1], steps[-1][2]),
            )
        )
        by_role = {}
        for step, role_id, is_whole, is_any_role, accounts, groups, people in rows:
            number = 0 if is_whole else step
            if is_any_role:
                engaged[number] = {"accounts": accounts, "groups": groups, "people": people}
            else:
                by_role[number, role_id or False] = people
        return engaged, by_role

    @api.model
    def _get_figures_sql(self, scope, what, first, last, ids=None):
        """How much the people of each account or group, or each person, did: a statement that returns ``owner_id,
        people, activities, latest`` for those where anything happened.

        :param ids: of these accounts, groups or people only
        """
        owner = SQL.identifier(OWNERS[what])
        these = SQL("TRUE")
        if ids is not None:
            these = SQL("%s = ANY(%s)", owner, ids)
        return SQL(
            """
            WITH member AS (
                SELECT DISTINCT partner_id, %(owner)s AS owner_id FROM (%(members)s) every
                 WHERE %(owner)s IS NOT NULL AND %(these)s
            ), did AS (
                SELECT activity.partner_id, COUNT(*) AS number, MAX(activity.date) AS latest
                  FROM engagement_activity activity
                 WHERE activity.id IN %(activities)s AND activity.partner_id IN (SELECT partner_id FROM member)
              GROUP BY activity.partner_id
            )
            SELECT member.owner_id, COUNT(DISTINCT did.partner_id) AS people, SUM(did.number)::int AS activities,
                   MAX(did.latest) AS latest
              FROM did JOIN member ON member.partner_id = did.partner_id
          GROUP BY member.owner_id
            """,
            owner=owner,
            these=these,
            members=self._get_members_sql(scope),
            activities=self._get_activities(scope, first, last),
        )

    # Charts -------------------------------------------------------------------------------------------------------

    @api.model
    def _get_doughnut(self, scope, what, engaged, totals, first, last):
        model_name, everything, did = self._get_engaged_domain(scope, what, first, last)
        labels = {
            "accounts": self.env._("Accounts"),
            "groups": self.env._("Groups"),
            "people": self.env._("People"),
        }
        rows = [
            self._row(self.env._("Engaged"), [(engaged[what], did)]),
            self._row(self.env._("Not engaged"), [(totals[what] - engaged[what], everything & ~did)]),
        ]
        context = self._get_list_context(scope, what, first, last)
        return self._chart(model_name, everything, [labels[what]], rows, context=context)

    @api.model
    def _get_lines(self, scope, what, engaged, totals, steps):
        model_name, everything, _did = self._get_engaged_domain(scope, what, *steps[0][1:])
        rows = []
        for number, (label, first, last) in enumerate(steps, 1):
            _model, _all, did = self._get_engaged_domain(scope, what, first, last)
            count = engaged[number][what]
            cells = [(count, did), (totals[what] - count, everything & ~did)]
            rows.append(self._row(label, cells, context=self._get_list_period(first, last)))
        context = self._get_list_context(scope, what, steps[0][1], steps[-1][2])
        series = [self.env._("Engaged"), self.env._("Not engaged")]
        return self._chart(model_name, everything, series, rows, context=context)

    @api.model
    def _get_role_chart(self, scope, by_role, steps, whole=False):
        """Engaged people by role: in the whole period with one row for each role, or over time with a column each."""
        used = {role_id for _step, role_id in by_role}
        roles = self.env["buying.role"].search([("id", "in", [role_id for role_id in used if role_id])])
        everybody = Domain("buying_group_member_ids", "any", scope["members"])

        def cell(number, role_id, first, last):
            members = scope["members"] & Domain("role_id", "=", role_id)
            return by_role.get((number, role_id), 0), self._get_engaged_domain(scope, "people", first, last, members)[2]

        columns = [(role.id, role.name) for role in roles] + [(False, self.env._("No role"))] * (False in used)
        contexts = [{"engaged_role": role_id or 0} for role_id, _name in columns]
        values = {"context": self._get_list_context(scope, "people", steps[0][1], steps[-1][2])}
        if whole:
            _label, first, last = steps[0]
            rows = [
                self._row(name, [cell(0, role_id, first, last)], context=context)
                for (role_id, name), context in zip(columns, contexts, strict=True)
            ]
            return self._chart("res.partner", everybody, [self.env._("Engaged people")], rows, **values)
        rows = [
            self._row(
                label,
                [cell(number, role_id, first, last) for role_id, _name in columns],
                context=self._get_list_period(first, last),
            )
            for number, (label, first, last) in enumerate(steps, 1)
            if columns
        ]
        return self._chart(
            "res.partner", everybody, [name for _role_id, name in columns], rows, contexts=contexts, **values
        )

    @api.model
    def _get_top(self, scope, first, last):
        """The accounts whose people did most: engaged people, activities, and the last one."""
        figures = self._get_figures_sql(scope, "accounts", first, last)
        rows = self.env.execute_query(
            SQL("%s ORDER BY activities DESC, people DESC, owner_id LIMIT %s", figures, LISTED)
        )
        accounts = self.env["res.partner"].browse(row[0] for row in rows)
        accounts.fetch(["name"])
        table = []
        for account, (_id, people, activities, latest) in zip(accounts, rows, strict=True):
            members = scope["members"] & Domain("group_id.partner_id", "=", account.id)
            table.append(
                self._row(
                    account.name or "",
                    [
                        (people, self._get_engaged_domain(scope, "people", first, last, members)[2]),
                        (
                            activities,
                            self._get_activity_domain(scope, first, last)
                            & Domain("partner_id", "any", Domain("buying_group_member_ids", "any", members)),
                        ),
                        (fields.Datetime.to_string(latest), False),
                    ],
                    id=account.id,
                )
            )
        series = [self.env._("People engaged"), self.env._("Activities"), self.env._("Last activity")]
        return self._chart(
            "res.partner",
            self._get_engaged_domain(scope, "accounts", first, last)[2],
            series,
            table,
            context=self._get_list_context(scope, "accounts", first, last),
            contexts=[self._get_list_context(scope, "people", first, last), {}, {}],
            models=["res.partner", "engagement.activity", False],
            kinds=["number", "number", "moment"],
            record_model="res.partner",
        )
