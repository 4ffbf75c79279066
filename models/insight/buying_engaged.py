# The columns of the lists behind the figures of engagement: who did how much in the period that a page shows.
import json

from odoo import api, fields, models
from odoo.tools import SQL

from .buying_dashboard_engagement import OWNERS

# what the statement that counts calls each of the columns
COLUMNS = {
    "engaged_state": "activities",
    "engaged_people_count": "people",
    "engaged_activity_count": "activities",
    "engaged_last_date": "latest",
}


class BuyingEngaged(models.AbstractModel):
    """Columns for accounts, people and groups that tell what happened in the period of a number of the page
    *Engagement*. Which period, and what counts there, is said by the context of the list that the number opens:

    * ``engaged_what``: ``accounts``, ``groups`` or ``people``
    * ``engaged_from``, ``engaged_to``: first and last day, as ISO dates in the user's time zone
    * ``engaged_filters``: the filters of the page, see ``buying.dashboard.engagement``, as JSON: what a value in the
      cache belongs to must be hashable
    * ``engaged_role``: only members in the role of this id, ``0`` for those without one; any if left out

    Without ``engaged_what`` the columns are empty. They can be sorted by. Figures are counted with the rights of the
    current user, by the statement that the page itself counts by, so that a list never tells other numbers than the
    page.
    """

    _name = "buying.engaged"
    _description = "Engagement in a Period"

    engaged_state = fields.Selection(
        selection=[("engaged", "Engaged"), ("not", "Not engaged")],
        string="Engagement Status",
        compute="_compute_engaged",
        groups="crm_buying_journey.group_sales",
        help="Whether anything happened in this period that the score model gives points for.",
    )
    engaged_people_count = fields.Integer(
        "People Engaged",
        compute="_compute_engaged",
        groups="crm_buying_journey.group_sales",
        help="Members who did something in this period that the score model gives points for.",
    )
    engaged_activity_count = fields.Integer(
        "Activities in Period",
        compute="_compute_engaged",
        groups="crm_buying_journey.group_sales",
        help="What they did in this period that the score model gives points for.",
    )
    engaged_last_date = fields.Datetime(
        "Last Engagement",
        compute="_compute_engaged",
        groups="crm_buying_journey.group_sales",
        help="When they did the last of it.",
    )

    @api.depends_context(
        "engaged_what",
        "engaged_from",
        "engaged_to",
        "engaged_filters",
        "engaged_role",
        "uid",
        "allowed_company_ids",
        "tz",
    )
    def _compute_engaged(self):
        """One statement for all records."""
        counting = self._get_engaged_sql(self._origin.ids)
        figures = {owner: values for owner, *values in self.env.execute_query(counting)} if counting else {}
        for record in self:
            people, activities, latest = figures.get(record._origin.id, (0, 0, False))
            record.engaged_state = ("engaged" if activities else "not") if counting else False
            record.engaged_people_count = people
            record.engaged_activity_count = activities
            record.engaged_last_date = latest

    @api.model
    def _get_engaged_sql(self, ids=None):
        """:return: the statement that counts what the context asks for; ``None`` if it asks for nothing

        :raise UserError: the context is malformed
        """
        page, context = self.env["buying.dashboard.engagement"], self.env.context
        what = context.get("engaged_what")
        model_name = "buying.group" if what == "groups" else "res.partner"
        if not isinstance(what, str) or what not in OWNERS or model_name != self._name:
            return None
        try:
            filters = json.loads(context.get("engaged_filters") or "{}")
        except (TypeError, ValueError):
            filters = ()  # refused as any other odd filters are
        scope, first, last = page._read_filters(
            filters, context.get("engaged_from"), context.get("engaged_to"), context.get("engaged_role")
        )
        return page._get_figures_sql(scope, what, first, last, ids)

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Sort a list by these columns, though they are stored nowhere."""
        if field_name not in COLUMNS:
            return super()._order_field_to_sql(alias, field_name, direction, nulls, query)
        self._check_field_access(self._fields[field_name], "read")
        counting = self._get_engaged_sql()
        if not counting:
            return SQL()
        figures = query.make_alias(alias, field_name)
        query.add_join(
            "LEFT JOIN",
            figures,
            SQL("(%s)", counting),
            SQL("%s = %s", SQL.identifier(figures, "owner_id"), SQL.identifier(alias, "id")),
        )
        value = SQL.identifier(figures, COLUMNS[field_name])
        query._order_groupby.append(value)
        # nothing was counted for those who did nothing: they come after all others, or before them
        return SQL("%s %s %s", value, direction, SQL("NULLS LAST") if direction.code == "DESC" else SQL("NULLS FIRST"))
