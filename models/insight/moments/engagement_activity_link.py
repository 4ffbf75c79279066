# Which link somebody followed in a mail, so that filters can ask for it.
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# a click is recorded within the same request as its activity
TOGETHER = "5 seconds"


class EngagementActivity(models.Model):
    _inherit = "engagement.activity"

    link = fields.Char(
        compute="_compute_link",
        search="_search_link",
        help="What was clicked in a mail: the name of the link, the title of its page, and its address.",
    )

    @api.depends("res_model", "res_id", "date")
    def _compute_link(self):
        """One query for all."""
        self.flush_recordset(["res_model", "res_id", "date"])
        self.env["link.tracker"].flush_model(["label", "title", "url"])
        texts = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT activity.id, string_agg(DISTINCT concat_ws(' ', link.label, link.title, link.url), ' ')
                      FROM engagement_activity activity
                      JOIN engagement_activity_type type ON type.id = activity.type_id AND type.code = 'email_clicked'
                      JOIN link_tracker_click click ON %s
                      JOIN link_tracker link ON link.id = click.link_id
                     WHERE activity.id = ANY(%s)
                  GROUP BY 1
                    """,
                    self._get_click_sql(SQL("activity")),
                    self.ids,
                )
            )
            if self.ids
            else []
        )
        for activity in self:
            activity.link = texts.get(activity._origin.id, False)

    def _search_link(self, operator, value):
        """Clicks in mails whose link's name, page title or address holds the text."""
        if operator != "ilike" or not isinstance(value, str):
            return NotImplemented
        pattern = "%" + value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        self.env["link.tracker"].flush_model(["label", "title", "url"])

        def to_sql(model, alias, query):
            return SQL(
                """
                EXISTS (SELECT FROM link_tracker_click click
                          JOIN link_tracker link ON link.id = click.link_id
                         WHERE %s AND concat_ws(' ', link.label, link.title, link.url) ILIKE %s)
                """,
                self._get_click_sql(SQL.identifier(alias)),
                pattern,
            )

        clicked = Domain("code", "=", "email_clicked")
        return clicked & Domain.custom(
            to_sql=to_sql, predicate=lambda activity: value.lower() in (activity.link or "").lower()
        )

    @api.model
    def _get_click_sql(self, activity):
        """Condition on ``click`` and an activity: the click is the one that the activity tells of."""
        return SQL(
            """
            click.mailing_trace_id = %(activity)s.res_id AND %(activity)s.res_model = 'mailing.trace'
            AND click.create_date BETWEEN %(activity)s.date - interval %(together)s
                                      AND %(activity)s.date + interval %(together)s
            """,
            activity=activity,
            together=TOGETHER,
        )
