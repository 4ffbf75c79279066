# Where groups stood in the past: lists of those who stood in a stage at a moment, or moved from one to another.
import re

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.domains import MAX_ID

NO_STAGE, NOT_YET, ANY = "0", "-", "*"
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)=(\*|-|\d{1,10})")


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    stage_past = fields.Char(
        "Stage in the Past",
        compute="_compute_stage_past",
        search="_search_stage_past",
        help="For searches only: 2026-01-01 00:00:00=12 finds groups that stood in the stage with this id at that "
        "moment (UTC), 0 those without a stage, * those that were there, - those that were made later. Several "
        "moments are joined by a semicolon; moved at the end leaves out who stood in the same stage at both.",
    )

    def _compute_stage_past(self):
        self.stage_past = False

    @api.model
    def _search_stage_past(self, operator, value):
        """:raise UserError: the text is none that can be searched for"""
        if operator != "in":
            return NotImplemented
        return Domain.OR(Domain("id", "in", SQL("(%s)", self._get_past_sql(text))) for text in value)

    @api.model
    def _get_past_sql(self, text):
        """The ids of the groups that a text describes; see the field."""
        parts = str(text or "").split(";")
        moved = parts[-1] == "moved" and len(parts) == 3
        found = [MOMENT.fullmatch(part) for part in (parts[:-1] if moved else parts)]
        if not all(found) or not 1 <= len(found) <= 2:
            raise UserError(self.env._("%(value)s does not say where groups stood.", value=str(text)[:100]))
        try:
            moments = [fields.Datetime.to_datetime(match[1]) for match in found]
        except ValueError as error:
            raise UserError(self.env._("%(value)s does not say where groups stood.", value=str(text)[:100])) from error
        conditions, tables = [], []
        for number, (moment, match) in enumerate(zip(moments, found, strict=True)):
            place = SQL.identifier(f"place{number}")
            tables.append(SQL("(%s) %s", self._get_places_sql(moment), place))
            conditions.append(
                SQL("NOT %s.existed", place)
                if match[2] == NOT_YET
                else SQL("%s.existed", place)
                if match[2] == ANY
                else SQL("%s.existed AND %s.stage_id IS NULL", place, place)
                if match[2] == NO_STAGE
                else SQL("%s.existed AND %s.stage_id = %s", place, place, min(int(match[2]), MAX_ID))
            )
        if len(tables) == 2:
            conditions.append(SQL("place1.group_id = place0.group_id"))
        if moved:
            conditions.append(SQL("place0.stage_id IS DISTINCT FROM place1.stage_id"))
        return SQL("SELECT place0.group_id FROM %s WHERE %s", SQL(", ").join(tables), SQL(" AND ").join(conditions))

    @api.model
    def _get_places_sql(self, moment):
        """Where each group whose solution has stages stood at a moment: ``group_id``, ``model_id``, ``stage_id``, and
        ``existed``, whether it had been made.

        The first move after that moment tells from where; who did not move since stands where it stood. So nothing
        from before the moment is needed. The log knows a stage by its name at the time.
        """
        for model_name, names in (
            ("buying.group", ["solution_id", "stage_id"]),
            ("buying.solution", ["stage_model_id"]),
            ("buying.stage", ["model_id", "name"]),
            ("engagement.activity", ["type_id", "date", "group_id", "old_value"]),
        ):
            self.env[model_name].flush_model(names)
        return SQL(
            """
            SELECT groups.id AS group_id, solution.stage_model_id AS model_id,
                   groups.create_date <= %(moment)s AS existed,
                   CASE WHEN move.group_id IS NULL THEN groups.stage_id ELSE old.id END AS stage_id
              FROM buying_group groups
              JOIN buying_solution solution ON solution.id = groups.solution_id
         LEFT JOIN (%(moves)s) move ON move.group_id = groups.id
         LEFT JOIN buying_stage old
                ON old.model_id = solution.stage_model_id AND lower(old.name) = lower(move.old_value)
             WHERE solution.stage_model_id IS NOT NULL
            """,
            moves=self._get_first_moves_sql(moment),
            moment=moment,
        )

    @api.model
    def _get_first_moves_sql(self, moment):
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
