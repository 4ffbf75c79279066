# The dashboard's figures about stages, and its highlights.
import datetime as dt

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# Adobe names the lists but not the thresholds; these are ours
HIGH_COMPLETENESS = 70
VELOCITY_DAYS = 90
STANDSTILL_DAYS = 14
HIGHLIGHTS = 5


class BuyingDashboard(models.AbstractModel):
    _inherit = "buying.dashboard"

    @api.model
    def _get_stages(self, domain, date_from, date_to):
        """One chart per stage model: the groups in each stage when the period began and when it ended."""
        before = self._count_stages(domain, self._to_utc(date_from))
        is_past = date_to < fields.Date.context_today(self)
        # a period that ends today ends now
        until = self._to_utc(date_to + dt.timedelta(days=1)) if is_past else fields.Datetime.now()
        after = self._count_stages(domain, until)
        # what the groups say of their model is no secret, even if the model's own company is another one
        models_ = self.env["buying.stage.model"].sudo().browse({model_id for model_id, _stage_id in before | after})
        total = dict.fromkeys(models_, 0)
        for (model_id, _stage_id), number in after.items():
            total[models_.browse(model_id)] += number
        charts = []
        for model in sorted(models_, key=lambda model: (-total[model], model.id)):
            own = domain & Domain("stage_model_id", "=", model.id)
            rows = [
                self._row(
                    name,
                    [
                        (before.get((model.id, stage_id), 0), False),
                        (
                            after.get((model.id, stage_id), 0),
                            not is_past and own & Domain("stage_id", "=", stage_id),
                        ),
                    ],
                )
                for stage_id, name in [
                    (False, self.env._("No stage")),
                    *((stage.id, stage.name) for stage in model.stage_ids),
                ]
            ]
            charts.append(self._chart("buying.group", own, [str(date_from), str(date_to)], rows, name=model.name))
        return charts

    @api.model
    def _count_stages(self, domain, moment):
        """How many groups stood in which stage at a moment, by one statement.

        The first move after that moment tells from where; who did not move since stands where it stood. So the figures
        do not need any history from before the moment. Groups made later are not counted.

        :return: ``{(stage model id, stage id or False): number}``; groups whose solution has no stages are left out
        """
        query = self._get_group_query(domain)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT solution.stage_model_id,
                       CASE WHEN move.group_id IS NULL THEN groups.stage_id ELSE old.id END,
                       COUNT(*)
                  FROM buying_group groups
                  JOIN buying_solution solution ON solution.id = groups.solution_id
             LEFT JOIN (%(moves)s) move ON move.group_id = groups.id
             LEFT JOIN buying_stage old
                    ON old.model_id = solution.stage_model_id AND lower(old.name) = lower(move.old_value)
                 WHERE solution.stage_model_id IS NOT NULL AND groups.create_date <= %(moment)s AND groups.id IN %(ids)s
                 GROUP BY 1, 2
                """,
                moves=self._get_first_moves(moment),
                moment=moment,
                ids=query.subselect(),
            )
        )
        return {(model_id, stage_id or False): number for model_id, stage_id, number in rows}

    @api.model
    def _get_first_moves(self, moment):
        """The first move of each group from a moment on, with the name of the stage that it left."""
        return SQL(
            """
            SELECT DISTINCT ON (activity.group_id) activity.group_id, activity.old_value
              FROM engagement_activity activity
             WHERE activity.type_id = %s AND activity.date >= %s AND activity.group_id IS NOT NULL
             ORDER BY activity.group_id, activity.date, activity.id
            """,
            self.env["engagement.activity.type"]._get_by_code("stage_changed").id,
            moment,
        )

    @api.model
    def _get_group_query(self, domain):
        """The groups that the user may see, with everything written that the statements here read."""
        self.env["buying.group"].flush_model()
        self.env["buying.solution"].flush_model(["stage_model_id"])
        self.env["buying.stage"].flush_model()
        self.env["engagement.activity"].flush_model(["type_id", "date", "group_id", "old_value"])
        return self.env["buying.group"]._search(domain)

    @api.model
    def _get_highlights(self, domain):
        """Up to five groups each: the most engaged; those that stand still, in the same stage for two weeks at least,
        although nearly all roles are filled; those that advanced most stages in 90 days."""
        Group = self.env["buying.group"]
        engaged = Group.search(
            domain & Domain("engagement", ">", 0), limit=HIGHLIGHTS, order="engagement desc, id desc"
        )
        stagnant = Group.search(
            domain
            & Domain("required_role_count", ">", 0)
            & Domain("completeness", ">=", HIGH_COMPLETENESS)
            & Domain("stage_id.destination", "=", "none")
            & Domain("days_in_stage", ">=", STANDSTILL_DAYS),
            limit=HIGHLIGHTS,
            order="stage_date, id",
        )
        gain = self._get_stages_gained(domain)
        fast = Group.browse(gain)
        Group.union(engaged, stagnant, fast).fetch(
            ["partner_id", "solution_id", "stage_id", "completeness", "engagement"]
        )
        return {
            "engaged": [self._get_highlight(group) for group in engaged],
            "stagnant": [self._get_highlight(group, days=group.days_in_stage) for group in stagnant],
            "fast": [self._get_highlight(group, stages=gain[group.id]) for group in fast],
        }

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
    def _get_stages_gained(self, domain):
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
                moves=self._get_first_moves(moment),
                ids=query.subselect(),
                limit=HIGHLIGHTS,
            )
        )
        return dict(rows)
