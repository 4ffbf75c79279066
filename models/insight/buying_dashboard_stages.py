# The dashboard's figures about stages, and its highlights.
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# Adobe names the lists but not the thresholds; these are ours
VELOCITY_DAYS = 90
HIGHLIGHTS = 5


class BuyingDashboard(models.AbstractModel):
    _inherit = "buying.dashboard"

    @api.model
    def _get_stages(self, domain, date_from, date_to):
        """One chart per stage model: the groups in each stage when the period began and when it ended."""
        first, until = self._get_moments(date_from, date_to)
        moves = self._count_moves(domain, first, until)
        before, after = {}, {}
        for model_id, existed, old_id, stage_id, number in moves:
            after[model_id, stage_id] = after.get((model_id, stage_id), 0) + number
            if existed:
                before[model_id, old_id] = before.get((model_id, old_id), 0) + number
        is_past = date_to < fields.Date.context_today(self)

        def in_stage(moment, stage_id):
            if moment == until and not is_past:
                return Domain("stage_id", "=", stage_id)
            return Domain("stage_past", "=", self._tell_places((moment, stage_id)))

        charts = []
        for model in self._sort_stage_models(moves):
            own = domain & Domain("stage_model_id", "=", model.id)
            rows = [
                self._row(
                    name,
                    [
                        (numbers.get((model.id, stage_id), 0), own & in_stage(moment, stage_id))
                        for numbers, moment in ((before, first), (after, until))
                    ],
                )
                for stage_id, name in self._get_stage_names(model)
            ]
            charts.append(self._chart("buying.group", own, [str(date_from), str(date_to)], rows, name=model.name))
        return charts

    @api.model
    def _sort_stage_models(self, moves):
        """The stage models that groups use, the most used first.

        What the groups say of their model is no secret, even if the model's own company is another one.
        """
        total = {}
        for model_id, *_place, number in moves:
            total[model_id] = total.get(model_id, 0) + number
        ids = sorted(total, key=lambda model_id: (-total[model_id], model_id))
        # who may see groups may see their stages, be the model another company's
        return self.env["buying.stage.model"].sudo().browse(ids)

    @api.model
    def _get_stage_names(self, model):
        """``[(id or False, name)]`` in the order of the model; no stage comes first."""
        return [(False, self.env._("No stage")), *((stage.id, stage.name) for stage in model.stage_ids)]

    @api.model
    def _tell_places(self, *places, moved=False):
        """What to search ``stage_past`` for: ``(moment, stage id, False for none, * for any, - for not made yet)``."""
        parts = [f"{fields.Datetime.to_string(moment)}={stage or 0}" for moment, stage in places]
        return ";".join(parts + ["moved"] * moved)

    @api.model
    def _count_moves(self, domain, first, until):
        """How many groups stood in which stage at each of two moments, by one statement.

        :return: ``[(stage model id, existed at the first moment, stage id or False then, stage id or False until,
            number)]``; groups made after the second moment, and those whose solution has no stages, are left out
        :rtype: list[tuple]
        """
        Group = self.env["buying.group"]
        query = self._get_group_query(domain)
        if query.is_empty():
            return []
        rows = self.env.execute_query(
            SQL(
                """
                SELECT was.model_id, was.existed, CASE WHEN was.existed THEN was.stage_id END, now.stage_id, COUNT(*)
                  FROM (%(first)s) was
                  JOIN (%(until)s) now ON now.group_id = was.group_id AND now.existed
                 WHERE was.group_id IN %(ids)s
                 GROUP BY 1, 2, 3, 4
                """,
                first=Group._get_places_sql(first),
                until=Group._get_places_sql(until),
                ids=query.subselect(),
            )
        )
        return [
            (model_id, existed, old_id or False, stage_id or False, number)
            for model_id, existed, old_id, stage_id, number in rows
        ]

    @api.model
    def _get_group_query(self, domain):
        """The groups that the user may see, with everything written that the statements here read."""
        self.env["buying.group"].flush_model()
        self.env["buying.solution"].flush_model(["stage_model_id"])
        self.env["buying.stage"].flush_model()
        self.env["engagement.activity"].flush_model(["type_id", "date", "group_id", "old_value"])
        return self.env["buying.group"]._search(domain)

    @api.model
    def _get_highlights(self, domain, limit=HIGHLIGHTS):
        """Up to five groups each: the most engaged; those that stand still, the longest in their stage first; those
        that advanced most stages in 90 days."""
        Group = self.env["buying.group"]
        engaged = Group.search(domain & Domain("engagement", ">", 0), limit=limit, order="engagement desc, id desc")
        stagnant = Group.search(domain & Domain("is_standing_still", "=", True), limit=limit, order="stage_date, id")
        gain = self._get_stages_gained(domain, limit)
        silent = self._get_silent_days(stagnant)
        fast = Group.browse(gain)
        everybody = Group.union(engaged, stagnant, fast)
        everybody.fetch(["partner_id", "solution_id", "stage_id", "completeness", "engagement"])
        intents = self._get_intents("group_id", everybody)

        def tell(group, **values):
            return self._get_highlight(group, intent=intents.get(group.id, ""), **values)

        return {
            "engaged": [tell(group) for group in engaged],
            "stagnant": [
                tell(group, days=group.days_in_stage, silent=silent.get(group.id, False)) for group in stagnant
            ],
            "fast": [tell(group, stages=gain[group.id]) for group in fast],
        }

    @api.model
    def _get_silent_days(self, groups):
        """Whole days since a member of a group did something last, by one statement.

        :return: ``{group id: days}`` without groups of which nothing is known
        """
        if not groups:
            return {}
        now = fields.Datetime.now()
        activities = self.env["engagement.activity"]._search(
            Domain("channel", "!=", "group") & Domain("is_automatic", "=", False) & Domain("date", "<=", now)
        )
        self.env["engagement.activity"].flush_model()
        self.env["buying.group.member"].flush_model(["group_id", "partner_id", "state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT member.group_id, MAX(activity.date)
                  FROM buying_group_member member
                  JOIN engagement_activity activity ON activity.partner_id = member.partner_id
                 WHERE member.group_id = ANY(%s) AND member.state = 'in' AND activity.id IN %s
                 GROUP BY member.group_id
                """,
                groups.ids,
                activities.subselect(),
            )
        )
        return {group_id: (now - date).days for group_id, date in rows}

    @api.model
    def _get_highlight(self, group, **values):
        # whoever may see a group may see whose it is, be the account another company's
        names = group.sudo()
        return {
            "id": group.id,
            "account": names.partner_id.name or "",
            "solution": names.solution_id.name or "",
            "stage": names.stage_id.name or "",
            "completeness": group.completeness if group.required_role_count else False,
            "engagement": group.engagement,
            **values,
        }

    @api.model
    def _get_stages_gained(self, domain, limit=HIGHLIGHTS):
        """The groups that advanced most stages of their model's order lately, and how many.

        No stage counts as the place before the first one. Groups that ended in failure did not advance.
        """
        moment = fields.Datetime.subtract(fields.Datetime.now(), days=VELOCITY_DAYS)
        query = self._get_group_query(domain)
        rows = self.env.execute_query(
            SQL(
                """
                WITH place AS (
                    SELECT id, model_id, name, destination,
                           ROW_NUMBER() OVER (PARTITION BY model_id ORDER BY sequence, id) AS number
                      FROM buying_stage
                )
                SELECT groups.id, now.number - COALESCE(old.number, 0) AS gain
                  FROM buying_group groups
                  JOIN (%(moves)s) move ON move.group_id = groups.id
                  JOIN place now ON now.id = groups.stage_id AND now.destination != 'failure'
             LEFT JOIN place old ON old.model_id = now.model_id AND lower(old.name) = lower(move.old_value)
                 WHERE now.number > COALESCE(old.number, 0) AND groups.id IN %(ids)s
                 ORDER BY gain DESC, groups.stage_date DESC, groups.id DESC
                 LIMIT %(limit)s
                """,
                moves=self.env["buying.group"]._get_first_moves_sql(moment),
                ids=query.subselect(),
                limit=limit,
            )
        )
        return dict(rows)
