# How a score came about, so that people can trust it.
from math import sqrt

from odoo import api, fields, models
from odoo.tools import SQL

TREND_DAYS = 30


class EngagementExplanation(models.TransientModel):
    """The way from activities to one score, step by step, as the last computation went it.

    Whoever may read the person or group may see how often each kind of activity occurred, since the score itself says
    as much. Subjects and dates are shown by the list of activities only, which follows the reader's own rights.
    """

    _name = "engagement.explanation"
    _description = "Explanation of an Engagement Score"

    partner_id = fields.Many2one("res.partner", "Person", readonly=True)
    group_id = fields.Many2one("buying.group", "Buying Group", readonly=True)
    model_id = fields.Many2one("engagement.score.model", "Score Model", readonly=True)
    computed = fields.Datetime(related="model_id.last_run", string="Last Computed")
    window_days = fields.Integer(related="model_id.window_days")
    daily_cap = fields.Integer(related="model_id.daily_cap")
    since = fields.Datetime("Activities Since", readonly=True)
    score = fields.Float(readonly=True, help="From 0 to 100, as stored.")
    total = fields.Float("Sum", readonly=True)
    root = fields.Float("Square Root", readonly=True)
    max_root = fields.Float("Largest Square Root", readonly=True, help="It stands for a score of 100.")
    automatic_count = fields.Integer("Automatic Activities", readonly=True)
    is_outdated = fields.Boolean(readonly=True, help="Something changed since the last computation.")
    is_excluded = fields.Boolean(readonly=True, help="Companies, employees and archived records have no score.")
    has_trend = fields.Boolean(readonly=True)
    trend = fields.Float("Change over 30 Days", readonly=True)
    person_line_ids = fields.One2many(
        "engagement.explanation.line",
        "explanation_id",
        "Activities",
        readonly=True,
        domain=[("type_id", "!=", False)],
    )
    group_line_ids = fields.One2many(
        "engagement.explanation.line",
        "explanation_id",
        "Members",
        readonly=True,
        domain=[("member_id", "!=", False)],
    )

    @api.depends("partner_id", "group_id")
    def _compute_display_name(self):
        for explanation in self:
            subject = explanation.group_id.name or explanation.partner_id.name
            explanation.display_name = self.env._("Engagement of %(name)s", name=subject or "")

    @api.model
    def _explain_person(self, partner):
        """Action that shows how a person's score came about.

        :raise AccessError: the user may not read the person
        """
        partner.check_access("read")
        score = partner.engagement_score  # only sales may read it
        sudo, person = self.sudo(), partner.sudo()
        person.flush_recordset()
        model = sudo.env["engagement.score.model"]._get_active()
        rows = sudo._get_person_rows(model, person)
        scale = model.last_max_weight or 1
        total = sum(row["counted"] * row["weight"] for row in rows) / scale
        largest = max(model.last_max_points / scale, total)
        computed = 100 * sqrt(total / largest) if largest else 0
        values = self._get_values(model, total, largest, score, "partner_id", partner)
        lines = [
            row
            | {
                "share": row["weight"] / scale,
                "contribution": row["counted"] * row["weight"] / scale,
                "points": computed * row["counted"] * row["weight"] / scale / total,
            }
            for row in rows
        ]
        return self._show(
            values
            | {
                "is_excluded": not (person.active and person.partner_share) or person.is_company,
                "is_outdated": abs(computed - score) > 1e-6 or bool(sudo._count_new_activities(model, person)),
                "automatic_count": sudo.env["engagement.activity"].search_count(
                    [("partner_id", "=", person.id), ("is_automatic", "=", True), ("date", ">", values["since"])]
                )
                if values["since"]
                else 0,
            },
            lines,
        )

    def _get_person_rows(self, model, person):
        """Per type: how many activities, how many counted, on how many days the maximum was exceeded, the weight."""
        if not model.last_run:
            return []
        computation = self.env["engagement.score.computation"]
        parameters = computation._get_parameters(model, model.last_run, model.last_activity_id)
        query = computation._points_query(parameters, partner=person)
        self.env.cr.execute(
            SQL(
                """
            SELECT type_id, n, counted::float8, capped_days, days, weight
              FROM (%s) rows ORDER BY counted * weight DESC, type_id
            """,
                query,
            )
        )
        return [
            {"type_id": type_id, "count": n, "counted": counted, "capped_days": capped, "days": days, "weight": weight}
            for type_id, n, counted, capped, days, weight in self.env.cr.fetchall()
        ]

    def _count_new_activities(self, model, person):
        """How many activities that count were recorded after the last computation; at most one is looked for."""
        weighed = model.line_ids.filtered("weight").type_id
        return self.env["engagement.activity"].search_count(
            [
                ("partner_id", "=", person.id),
                ("id", ">", model.last_activity_id),
                ("type_id", "in", weighed.ids),
                ("date", ">", fields.Datetime.subtract(fields.Datetime.now(), days=model.window_days)),
            ],
            limit=1,
        )

    @api.model
    def _explain_group(self, group):
        """Action that shows how a group's score came about.

        :raise AccessError: the user may not read the group
        """
        group.check_access("read")
        sudo, record = self.sudo(), group.sudo()
        record.flush_recordset()
        model = sudo.env["engagement.score.model"]._get_active()
        weight_of = {line.role_id: int(line.weight) for line in record.template_id.line_ids}
        members = record.member_ids.filtered(lambda member: weight_of.get(member.role_id))
        sum_of_weights = sum(weight_of[role] for role in members.role_id)
        lines = [
            {
                "member_id": member.id,
                "member_partner_id": member.partner_id.id,
                "role_id": member.role_id.id,
                "weight": weight_of[member.role_id],
                "share": weight_of[member.role_id] / sum_of_weights,
                "person_score": member.engagement,
                "contribution": member.engagement * weight_of[member.role_id] / sum_of_weights,
            }
            for member in members
        ]
        total = sum(line["contribution"] for line in lines)
        largest = max(model.last_max_group, total)
        computed = 100 * sqrt(total / largest) if largest and record.active else 0
        for line in lines:
            line["points"] = computed * line["contribution"] / total if total else 0
        lines.sort(key=lambda line: -line["contribution"])
        values = self._get_values(model, total, largest, record.engagement, "group_id", group)
        return self._show(
            values | {"is_excluded": not record.active, "is_outdated": abs(computed - record.engagement) > 1e-6}, lines
        )

    def _get_values(self, model, total, largest, score, field_name, subject):
        """What explanations of people and groups have in common."""
        past = fields.Date.subtract(fields.Datetime.now().date(), days=TREND_DAYS)
        History = self.env["engagement.score"].sudo()
        known_since = History.search([("date", "<=", past)], order="date", limit=1)
        return {
            field_name: subject.id,
            "model_id": model.id,
            "since": model.last_run and fields.Datetime.subtract(model.last_run, days=model.window_days),
            "score": score,
            "total": total,
            "root": sqrt(total),
            "max_root": sqrt(largest),
            "has_trend": bool(known_since),
            "trend": score - History._get_scores_on(field_name, subject.ids, past).get(subject.id, 0),
        }

    def _show(self, values, lines):
        Line = self.env["engagement.explanation.line"].sudo()
        explanation = self.sudo().create(values)
        Line.create([line | {"explanation_id": explanation.id} for line in lines])
        return {
            "type": "ir.actions.act_window",
            "name": explanation.display_name,
            "res_model": self._name,
            "res_id": explanation.id,
            "views": [(False, "form")],
        }

    def action_view_activities(self):
        """Button: the activities that were counted, as far as the user may read them."""
        self.ensure_one()
        return self._get_activities_action([])

    def _get_activities_action(self, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.engagement_activity_action")
        people = self.partner_id or self.group_id.member_ids.partner_id
        window = [("partner_id", "in", people.ids), ("is_automatic", "=", False)]
        if self.since:
            window += [("date", ">", self.since), ("date", "<=", self.computed)]
        weighed = self.model_id.sudo().line_ids.filtered("weight").type_id
        return action | {"domain": window + (domain or [("type_id", "in", weighed.ids)]), "context": {}}
