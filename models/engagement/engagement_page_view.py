# One row for each view of a page of the website, by people we know and by visitors we do not.
from odoo import api, fields, models
from odoo.tools import SQL


class EngagementPageView(models.Model):
    """A view of a page. Two sources, and no view is in both:

    * what the app *Website* tracks, where it is installed, from the moment it happens: pages with *Track* set, a view
      per page and visitor in 30 minutes. A visitor is known who is a contact; what employees look at is left out, as
      it is in the log of activities. Odoo forgets unknown visitors who were away for 60 days
    * activities *Page viewed* that came from elsewhere, by another addon or a script, or whose visitor is forgotten.
      What machines did is left out

    ``page`` is the address without ``https://``, parameters and the last slash, so that all links to a page count as
    one, or the title that a script gave. Country and industry are those of the account, else of the person; the
    country of visitors who are not known, or have none, is where they came from.
    """

    _name = "engagement.page.view"
    _description = "Page View"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "page"
    _depends = {
        "engagement.activity": ["type_id", "partner_id", "account_id", "date", "subject", "is_automatic", "res_id"],
        "res.partner": ["country_id", "industry_id", "commercial_partner_id", "partner_share", "is_company"],
    }

    date = fields.Datetime("Viewed On", readonly=True)
    page = fields.Char(readonly=True)
    url = fields.Char("Address", readonly=True, help="What was called, with all parameters.")
    website = fields.Char(readonly=True)
    partner_id = fields.Many2one("res.partner", "Person", readonly=True)
    account_id = fields.Many2one("res.partner", readonly=True)
    is_known = fields.Boolean("Known", readonly=True, help="The visitor is a contact.")
    visitor_number = fields.Integer(
        "Visitor", readonly=True, aggregator="count_distinct", help="The same number stands for the same visitor."
    )
    country_id = fields.Many2one("res.country", readonly=True)
    industry_id = fields.Many2one("res.partner.industry", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)

    @property
    def _table_query(self):
        sources = [self._get_activity_sql()]
        if self._has_website():
            sources.append(self._get_track_sql())
        return SQL(
            """
            SELECT viewed.id, viewed.date, viewed.url, viewed.website, viewed.partner_id, viewed.account_id,
                   viewed.visitor_number, viewed.company_id, viewed.partner_id IS NOT NULL AS is_known,
                   COALESCE(account.country_id, person.country_id, viewed.country_id) AS country_id,
                   COALESCE(account.industry_id, person.industry_id) AS industry_id,
                   -- without regular expressions, which would take most of the time
                   CASE WHEN address.place IS NULL THEN NULLIF(trim(viewed.url), '')
                        ELSE COALESCE(NULLIF(rtrim(split_part(split_part(address.place, '?', 1), '#', 1), '/'), ''),
                                      '/')
                   END AS page
              FROM (%(sources)s) viewed
             CROSS JOIN LATERAL (
                    SELECT CASE WHEN starts_with(viewed.url, '/') THEN viewed.url
                                WHEN lower(left(viewed.url, 8)) = 'https://' THEN substr(viewed.url, 9)
                                WHEN lower(left(viewed.url, 7)) = 'http://' THEN substr(viewed.url, 8)
                           END AS place
                   ) address
              LEFT JOIN res_partner person ON person.id = viewed.partner_id
              LEFT JOIN res_partner account ON account.id = viewed.account_id
            """,
            sources=SQL(" UNION ALL ").join(sources),
        )

    @api.model
    def _has_website(self):
        """Whether the app *Website* is installed, which alone knows of visitors who are no contacts."""
        return "website.track" in self.env

    @api.model
    def _get_activity_sql(self):
        tracked = SQL()
        if self._has_website():
            tracked = SQL(
                """
                AND NOT (activity.res_model = 'website.track'
                         AND EXISTS (SELECT FROM website_track track WHERE track.id = activity.res_id))
                """
            )
        # the two sources number their rows on their own: even here, odd there
        return SQL(
            """
            SELECT 2 * activity.id AS id, activity.date, activity.subject AS url, NULL::varchar AS website,
                   activity.partner_id, activity.account_id, NULL::int AS visitor_number, NULL::int AS country_id,
                   NULL::int AS company_id
              FROM engagement_activity activity
             WHERE activity.type_id IN (SELECT id FROM engagement_activity_type WHERE code = 'page_viewed')
               AND activity.is_automatic IS NOT TRUE AND activity.partner_id IS NOT NULL
               %s
            """,
            tracked,
        )

    @api.model
    def _get_track_sql(self):
        return SQL(
            """
            SELECT 2 * track.id + 1 AS id, track.visit_datetime AS date, track.url, site.name AS website,
                   contact.id AS partner_id, CASE WHEN company.is_company THEN company.id END AS account_id,
                   visitor.id AS visitor_number, visitor.country_id, site.company_id
              FROM website_track track
              JOIN website_visitor visitor ON visitor.id = track.visitor_id
              LEFT JOIN website site ON site.id = visitor.website_id
              LEFT JOIN res_partner contact ON contact.id = visitor.partner_id
              LEFT JOIN res_partner company ON company.id = contact.commercial_partner_id
             WHERE track.url IS NOT NULL AND (contact.id IS NULL OR contact.partner_share OR contact.is_company)
            """
        )

    def action_open_visitor(self):
        """A click on a row of the list: open the person; of others there is nothing more to tell.

        :rtype: dict | bool
        """
        self.ensure_one()
        if not self.partner_id:
            return False
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }
