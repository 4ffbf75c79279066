# How common a word is among all that people engaged with; what everybody meets is nobody's topic.
from odoo import api, fields, models
from odoo.tools import SQL

from .buying_topic_finder import WORDS_HALF_LIFE

# words that more than this share of all people met are no topics, once there are enough people to tell
COMMON_SHARE, COMMON_PEOPLE = 0.5, 10


class BuyingTopicWord(models.Model):
    """The rarity of words, pairs of words and runs of characters, computed anew each night for ``buying.topic.finder``.
    Ours alone: which people met a word is told nobody.

    It is the inverse document frequency of text retrieval, where a document is all that one person engaged with in the
    last 90 days, and not one text: a mail to a thousand people is one text and yet tells nothing about any of them.
    ``rarity = ln((1 + everybody) / people) / ln(1 + everybody)``, from 1 for what one person alone met down to nearly 0
    for what everybody met. Words that one person met are not stored: a word that is unknown here is rare.
    """

    _name = "buying.topic.word"
    _description = "Rarity of a Word"
    _order = "rarity, id"
    _rec_name = "term"
    _log_access = False

    configuration = fields.Char(required=True, readonly=True, help="PostgreSQL's text search configuration.")
    kind = fields.Char(required=True, readonly=True)
    term = fields.Char(required=True, readonly=True)
    people = fields.Integer(readonly=True, help="How many people met it.")
    rarity = fields.Float(readonly=True, help="From 0 to 1.")
    is_common = fields.Boolean(readonly=True, help="Met by most people.")

    _term_unique = models.UniqueIndex("(configuration, kind, term)")

    @api.model
    def _compute_all(self):
        """Compute every rarity from the activities of the last 90 days, in a fixed number of statements."""
        Finder = self.env["buying.topic.finder"].sudo()
        self.env.cr.execute(
            SQL(
                """
            CREATE TEMPORARY TABLE bj_word ON COMMIT DROP AS
            -- names are words as others are: for whom they say nothing is known only where topics are looked for
            WITH %(texts)s, own_name AS (SELECT NULL::text AS part WHERE FALSE), %(terms)s, everybody AS (
                SELECT COUNT(DISTINCT partner_id)::float8 AS people FROM bj_mention
            ), met AS (
                SELECT term.configuration, term.kind, term.term, COUNT(DISTINCT mention.partner_id) AS people
                  FROM bj_term term JOIN bj_mention mention ON mention.text_id = term.text_id
              GROUP BY 1, 2, 3
                HAVING COUNT(DISTINCT mention.partner_id) > 1
            )
            SELECT met.*, ln((1 + everybody.people) / met.people) / ln(1 + everybody.people) AS rarity,
                   everybody.people >= %(enough)s AND met.people > %(share)s * everybody.people AS is_common
              FROM met, everybody
                """,
                texts=Finder._get_texts_sql(None, WORDS_HALF_LIFE),
                terms=Finder._get_terms_sql(),
                enough=COMMON_PEOPLE,
                share=COMMON_SHARE,
            )
        )
        self.env.cr.execute("""
            DELETE FROM buying_topic_word former
             WHERE NOT EXISTS (
                   SELECT FROM bj_word fresh
                    WHERE (fresh.configuration, fresh.kind, fresh.term)
                        = (former.configuration, former.kind, former.term))
        """)
        self.env.cr.execute("""
            INSERT INTO buying_topic_word AS former (configuration, kind, term, people, rarity, is_common)
            SELECT configuration, kind, term, people, rarity, is_common FROM bj_word
            ON CONFLICT (configuration, kind, term)
            DO UPDATE SET people = EXCLUDED.people, rarity = EXCLUDED.rarity, is_common = EXCLUDED.is_common
        """)
        self.env.cr.execute("DROP TABLE bj_word")
        self.invalidate_model()
