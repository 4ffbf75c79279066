# Intent: how interested a person, an account or a buying group is in a topic of the taxonomy.
from odoo import api, fields, models
from odoo.tools import SQL

from .buying_topic_finder import INTENT_HALF_LIFE

# Low up to 0.2, medium up to 0.6, high above (Adobe Journey Optimizer B2B Edition, intent data)
LOW, MEDIUM = 0.2, 0.6
LEVELS = [("low", "Low"), ("medium", "Medium"), ("high", "High")]


class BuyingIntent(models.Model):
    """Computed anew each night, after the scores. What it says (``strength``, 0 to 1):

    * of a person and a keyword: ``1 - exp(-sum of weight / 100 × 0.5 ^ (age / 30 days))`` over the activities of the
      last 90 days whose text has the keyword; of a topic, the strongest of its keywords
    * of a group or account: ``1 - product of (1 - strength)`` over its members or people

    Source of levels and inputs: Adobe Journey Optimizer B2B Edition, intent data; the formula is not published there.
    """

    _name = "buying.intent"
    _description = "Intent"
    _order = "strength desc, id"
    _rec_name = "topic_id"
    _log_access = False

    topic_id = fields.Many2one("buying.topic", required=True, readonly=True, index=True, ondelete="cascade")
    solution_id = fields.Many2one(related="topic_id.solution_id", store=True, index="btree_not_null")
    partner_id = fields.Many2one(
        "res.partner", "Person or Account", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    is_company = fields.Boolean(related="partner_id.is_company")
    group_id = fields.Many2one(
        "buying.group", "Buying Group", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    strength = fields.Float(readonly=True, aggregator="avg", help="From 0 to 1.")
    level = fields.Selection(LEVELS, readonly=True, index=True)
    date = fields.Datetime("Computed On", readonly=True)

    _partner_unique = models.UniqueIndex("(topic_id, partner_id) WHERE partner_id IS NOT NULL")
    _group_unique = models.UniqueIndex("(topic_id, group_id) WHERE group_id IS NOT NULL")

    @api.model
    def _compute_all(self):
        """Compute every intent from the activities of the last 90 days, in a fixed number of statements."""
        Finder = self.env["buying.topic.finder"].sudo()
        matches = Finder._get_matches_sql()
        if matches:
            self._store(Finder._get_texts_sql(None, INTENT_HALF_LIFE), matches)
        else:
            self.env.cr.execute("DELETE FROM buying_intent")
        self.invalidate_model()

    def _store(self, texts, matches):
        """:param SQL texts: see ``buying.topic.finder._get_texts_sql``; ``matches`` see ``_get_matches_sql``"""
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """
            CREATE TEMPORARY TABLE bj_intent ON COMMIT DROP AS
            WITH RECURSIVE %(texts)s, bj_match AS (%(matches)s), keyword AS (
                SELECT bj_match.topic_id, bj_match.keyword, mention.partner_id,
                       -- an activity whose subject and link both have the keyword is one activity
                       mention.activity_id, MAX(mention.score) AS score
                  FROM bj_match JOIN bj_mention mention ON mention.text_id = bj_match.text_id
              GROUP BY 1, 2, 3, 4
            ), person AS (
                SELECT topic_id, partner_id, MAX(strength) AS strength
                  FROM (SELECT topic_id, keyword, partner_id, 1 - exp(-SUM(score)) AS strength
                          FROM keyword GROUP BY 1, 2, 3) strongest
              GROUP BY 1, 2
            ), above AS (
                SELECT person.partner_id AS person_id, parent.parent_id AS account_id
                  FROM (SELECT DISTINCT partner_id FROM person) person
                  JOIN res_partner parent ON parent.id = person.partner_id AND parent.parent_id IS NOT NULL
                 UNION
                SELECT person.partner_id, affiliated.account_id
                  FROM (SELECT DISTINCT partner_id FROM person) person
                  JOIN res_partner_affiliated_account_rel affiliated ON affiliated.partner_id = person.partner_id
                 UNION
                SELECT above.person_id, account.parent_id
                  FROM above JOIN res_partner account ON account.id = above.account_id
                 WHERE account.parent_id IS NOT NULL
            ), combined AS (
                SELECT topic_id, partner_id, NULL::int AS group_id, strength FROM person
                 UNION ALL
                SELECT person.topic_id, above.account_id, NULL, 1 - exp(SUM(ln(GREATEST(1 - person.strength, 1e-12))))
                  FROM person
                  JOIN above ON above.person_id = person.partner_id
                  JOIN res_partner account ON account.id = above.account_id AND account.is_company
              GROUP BY 1, 2
                 UNION ALL
                SELECT person.topic_id, NULL, member.group_id,
                       1 - exp(SUM(ln(GREATEST(1 - person.strength, 1e-12))))
                  FROM person
                  JOIN buying_group_member member ON member.partner_id = person.partner_id AND member.state = 'in'
              GROUP BY 1, 3
            )
            SELECT topic_id, partner_id, group_id, strength,
                   CASE WHEN strength <= %(low)s THEN 'low' WHEN strength <= %(medium)s THEN 'medium'
                        ELSE 'high' END AS level
              FROM combined WHERE strength > 0
            """,
                texts=texts,
                matches=matches,
                low=LOW,
                medium=MEDIUM,
            )
        )
        self.env.cr.execute("""
            DELETE FROM buying_intent former
             WHERE NOT EXISTS (
                   SELECT FROM bj_intent fresh
                    WHERE fresh.topic_id = former.topic_id
                      AND fresh.partner_id IS NOT DISTINCT FROM former.partner_id
                      AND fresh.group_id IS NOT DISTINCT FROM former.group_id)
        """)
        for column in ("partner_id", "group_id"):
            self.env.cr.execute(
                SQL(
                    """
                INSERT INTO buying_intent AS former (topic_id, solution_id, %(column)s, strength, level, date)
                SELECT fresh.topic_id, topic.solution_id, fresh.%(column)s, fresh.strength, fresh.level, %(now)s
                  FROM bj_intent fresh JOIN buying_topic topic ON topic.id = fresh.topic_id
                 WHERE fresh.%(column)s IS NOT NULL
                ON CONFLICT (topic_id, %(column)s) WHERE %(column)s IS NOT NULL
                DO UPDATE SET strength = EXCLUDED.strength, level = EXCLUDED.level, date = EXCLUDED.date
                """,
                    column=SQL.identifier(column),
                    now=now,
                )
            )
        self.env.cr.execute("DROP TABLE bj_intent")
