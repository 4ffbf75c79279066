# Finds what people engage with: words, phrases and topics of the taxonomy in the texts of their activities.
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.topics import (
    CONFIGURATIONS,
    NOISE,
    UNSPACED,
    UNSPACED_NOISE,
    UNSPACED_SIZES,
    choose_topics,
    split_keywords,
)

WINDOW_DAYS = 90
WORDS_HALF_LIFE = 15  # days
INTENT_HALF_LIFE = 30  # days
# of one text that much is read; whole threads quoted below an answer say nothing new
TEXT_SIZE = 1000
CANDIDATES = 40


class BuyingTopicFinder(models.AbstractModel):
    """Topics of interest: keywords of what people engaged with.

    Texts are the subjects of activities (mails, pages, events, forms, moments), the names of the links that were
    clicked, and what people wrote themselves. Only what people did counts, by the weights of the active score model;
    what machines did, and types without a weight, do not.

    * Words are found by PostgreSQL's parser and stemmed in the person's language; stop words, numbers, names of the
      people and companies concerned, and what only opens or closes a mail are left out. Each text counts once per
      activity: ``score = sum of weight / 100 × 0.5 ^ (age / 15 days)``.
    * Chinese and Japanese have no spaces: every run of two to four characters that occurs in at least two activities
      is a candidate, and the longest of those that always occur together is taken.
    * Who opens a mail meets all words of its subject, whatever drew them. So a word counts only if it comes back: in a
      second text, answers to the first one and links in it being none, or as what two people looked for themselves, on
      pages and in forms, or wrote in words of their own.
    * What many met tells little about one of them: words are ranked by ``score × rarity``, and those that most people
      met are left out; see ``buying.topic.word``.
    * Topics of the taxonomy (``buying.topic``) are found by their keywords and come first; somebody has said what they
      mean, so once is enough, and rarity does not matter.

    Source: Adobe Journey Optimizer B2B Edition, topics of interest and intent data, whose formulas are not published.
    """

    _name = "buying.topic.finder"
    _description = "Finder of Topics of Interest"

    @api.model
    def _find_topics(self, people_of, limit=3):
        """The topics of each owner, e.g. of groups with their members; a fixed number of statements.

        :param dict people_of: ``{owner id: ids of people}``
        :param int limit: topics per owner
        :return: ``{owner id: [{"label", "score", "people", "topic_id"}]}``, most important first; none is left out
        :rtype: dict
        """
        owners = [(owner_id, person_id) for owner_id, people in people_of.items() for person_id in people]
        found = {owner_id: [] for owner_id in people_of}
        if not owners:
            return found
        texts = self._get_texts_sql(list({person_id for _owner, person_id in owners}), WORDS_HALF_LIFE)
        rows = self._find_words(texts, owners) + self._find_taxonomy(texts, owners)
        for row in rows:
            found[row["owner_id"]].append(row)
        return {
            owner_id: [
                {name: row.get(name) for name in ("label", "score", "people", "topic_id")}
                for row in choose_topics(candidates, limit)
            ]
            for owner_id, candidates in found.items()
        }

    # Texts --------------------------------------------------------------------------------------------------------

    def _get_texts_sql(self, people_ids, half_life):
        """The texts of what people did, as far as the current user may read it, as tables for a ``WITH`` clause:
        ``bj_text (id, configuration, content)``, each text once however many people got it, and ``bj_mention (text_id,
        activity_id, partner_id, score, is_sought, origin)``: whether the person looked for it or wrote it, and what it
        came with, the same for a mail, the links in it, and what answers or forwards it. No temporary tables, since a
        form may be read in a read-only transaction.

        :param people_ids: ids of ``res.partner``; ``None`` for everybody
        :param half_life: days after which an activity counts half
        :rtype: SQL
        """
        self.env.flush_all()
        now = fields.Datetime.now()
        # what an activity is worth shows in every score, so whoever sees scores may reckon with it
        model = self.env["engagement.score.model"].sudo()._get_active()
        Activity = self.env["engagement.activity"]
        domain = [
            ("date", ">", fields.Datetime.subtract(now, days=WINDOW_DAYS)),
            ("date", "<=", now),
            ("is_automatic", "=", False),
            ("partner_id", "!=", False),
        ]
        if people_ids is not None:
            domain.append(("partner_id", "in", people_ids))
        readable = Activity._search(domain)
        company_lang = self.env.company.partner_id.lang or "en_US"
        configuration = SQL(
            "CASE left(COALESCE(person.lang, %s), 2) %s ELSE 'simple' END",
            company_lang,
            SQL(" ").join(SQL("WHEN %s THEN %s", code, name) for code, name in CONFIGURATIONS.items()),
        )
        return SQL(
            """
            happened AS MATERIALIZED (
                SELECT activity.id, activity.partner_id, activity.subject, activity.res_model, activity.res_id,
                       type.code, type.channel = 'web' AS is_sought, %(configuration)s AS configuration,
                       line.weight / 100.0
                       * 0.5 ^ (EXTRACT(EPOCH FROM %(now)s - activity.date) / 86400.0 / %(half_life)s) AS score
                  FROM engagement_activity activity
                  JOIN engagement_activity_type type ON type.id = activity.type_id
                  JOIN engagement_score_model_line line
                    ON line.type_id = type.id AND line.model_id = %(model)s AND line.weight > 0
                  JOIN res_partner person ON person.id = activity.partner_id AND person.is_company IS NOT TRUE
                 WHERE activity.id IN %(readable)s
            ), source AS (
                SELECT id, subject AS content, subject AS origin, is_sought FROM happened
                 UNION ALL
                SELECT happened.id, COALESCE(link.label, link.title), happened.subject, happened.is_sought
                  FROM happened
                  JOIN link_tracker_click click ON click.mailing_trace_id = happened.res_id
                  JOIN link_tracker link ON link.id = click.link_id
                 WHERE happened.code = 'email_clicked' AND happened.res_model = 'mailing.trace'
                 UNION ALL
                SELECT happened.id, own.words, own.words, TRUE
                  FROM happened
                  JOIN mail_message message ON message.id = happened.res_id AND message.message_type = 'email',
                       regexp_replace(
                           regexp_replace(left(message.body, %(size)s * 4), '<[^>]*>', ' ', 'g'), '&[a-z]+;', ' ', 'g'
                       ) AS own(words)
                 WHERE happened.res_model = 'mail.message'
            ), content AS (
                SELECT id, content, bool_or(is_sought) AS is_sought,
                       -- up to three letters and a colon: Re, AW, SV, TR, Fwd and their like in any language
                       btrim(lower(regexp_replace(
                           MIN(COALESCE(origin, content)), '^([[:space:]]*[[:alpha:]]{1,3}[[:space:]]?[:：])+', '')))
                       AS origin
                  FROM source GROUP BY 1, 2
            ), said AS MATERIALIZED (
                SELECT happened.id AS activity_id, happened.partner_id, happened.score::float8 AS score,
                       happened.configuration, left(content.content, %(size)s) AS content, content.is_sought,
                       content.origin
                  FROM content JOIN happened ON happened.id = content.id
                 WHERE content.content ~ '[[:alpha:]]'
            ), bj_text AS MATERIALIZED (
                SELECT row_number() OVER () AS id, configuration, content
                  FROM (SELECT DISTINCT configuration, content FROM said) texts
            ), bj_mention AS MATERIALIZED (
                SELECT bj_text.id AS text_id, said.activity_id, said.partner_id, said.score, said.is_sought,
                       said.origin
                  FROM said
                  JOIN bj_text ON bj_text.configuration = said.configuration AND bj_text.content = said.content
            )
            """,
            configuration=configuration,
            now=now,
            half_life=half_life,
            model=model.id or 0,
            readable=readable.subselect(),
            size=TEXT_SIZE,
        )

    # Words --------------------------------------------------------------------------------------------------------

    def _find_words(self, texts, owners):
        """Candidates of each owner: words, pairs of words, and runs of unspaced characters.

        :param SQL texts: see :meth:`_get_texts_sql`
        :return: rows for :func:`choose_topics` with ``owner_id``
        :rtype: list[dict]
        """
        # the rarity of words is figured out by the system, and which people met them is told nobody
        self.env["buying.topic.word"].sudo().flush_model()
        self.env.cr.execute(
            SQL(
                """
            WITH %(texts)s, owner AS (
                SELECT * FROM unnest(%(owner_ids)s::int[], %(people_ids)s::int[]) AS pair(owner_id, partner_id)
            ), own_name AS (
                -- what people and companies are called says nothing about their interests
                SELECT DISTINCT lower(part) AS part
                  FROM res_partner partner, regexp_split_to_table(partner.name, '[^[:alnum:]]+') part
                 WHERE partner.id IN (SELECT partner_id FROM owner)
                    OR partner.id IN (SELECT commercial_partner_id FROM res_partner
                                       WHERE id IN (SELECT partner_id FROM owner))
                    OR partner.id IN (SELECT partner_id FROM res_company)
            ), %(terms)s, counted AS (
                SELECT owner.owner_id, term.kind, term.term, MIN(term.part) AS part, MIN(term.other_part) AS other_part,
                       mode() WITHIN GROUP (ORDER BY term.label) AS label,
                       SUM(mention.score) AS score, COUNT(DISTINCT mention.activity_id) AS count,
                       COUNT(DISTINCT mention.partner_id) AS people, MIN(COALESCE(known.rarity, 1)) AS rarity
                  FROM bj_term term
                  JOIN bj_mention mention ON mention.text_id = term.text_id
                  JOIN owner ON owner.partner_id = mention.partner_id
             LEFT JOIN buying_topic_word known
                    ON known.configuration = term.configuration AND known.kind = term.kind AND known.term = term.term
                 WHERE known.is_common IS NOT TRUE
              GROUP BY owner.owner_id, term.kind, term.term
                HAVING COUNT(DISTINCT mention.origin) > 1
                    OR COUNT(DISTINCT mention.partner_id) FILTER (WHERE mention.is_sought) > 1
            )
            SELECT owner_id, kind, term, ARRAY[part, other_part] AS parts, label, score, count, people, rarity
              FROM (SELECT counted.*,
                           row_number() OVER (PARTITION BY owner_id, kind ORDER BY score * rarity DESC, term) AS place
                      FROM counted) ranked
             WHERE place <= %(candidates)s
            """,
                texts=texts,
                terms=self._get_terms_sql(),
                owner_ids=[owner_id for owner_id, _person in owners],
                people_ids=[person_id for _owner, person_id in owners],
                candidates=CANDIDATES,
            )
        )
        return self.env.cr.dictfetchall()

    def _get_terms_sql(self):
        """The words, pairs of words and runs of unspaced characters in the texts, for a ``WITH`` clause that has
        ``bj_text`` and ``own_name (part)``, the names that count for nothing: ``bj_term (text_id, configuration, kind,
        term, part, other_part, label)``, each term once for each text.

        :rtype: SQL
        """
        noise = [(name, word) for name, words in NOISE.items() for word in words.split()]
        return SQL(
            """
            token AS (
                SELECT bj_text.id AS text_id, bj_text.configuration, parsed.nr, parsed.tokid, parsed.token,
                       lead(parsed.tokid) OVER following AS gap_id, lead(parsed.token) OVER following AS gap,
                       CASE bj_text.configuration WHEN 'simple' THEN ARRAY[lower(parsed.token)]
                            ELSE ts_lexize((bj_text.configuration || '_stem')::regdictionary, lower(parsed.token)) END
                       AS stems
                  FROM bj_text, ts_parse('default', bj_text.content) WITH ORDINALITY AS parsed(tokid, token, nr)
                WINDOW following AS (PARTITION BY bj_text.id ORDER BY parsed.nr)
            ), word AS (
                SELECT text_id, nr, token, stems[1] AS stem, gap_id = 12 AND gap ~ '^[ -]$' AS goes_on
                  FROM token
                 -- words, whole compounds, and things like 3D; no numbers, addresses or parts of compounds
                 WHERE tokid IN (1, 2, 3, 15, 16, 17) AND stems[1] IS NOT NULL AND token !~ %(unspaced)s
                   AND token !~ '[0-9]{2}'
                   AND (length(token) > 2 OR token ~ '^[[:upper:]0-9]{2}$')
                   AND NOT EXISTS (SELECT FROM own_name WHERE own_name.part = lower(token.token))
                   AND NOT EXISTS (
                        SELECT FROM unnest(%(noise_names)s::text[], %(noise_words)s::text[]) AS noise(name, word)
                         WHERE noise.name = token.configuration AND noise.word = lower(token.token))
            ), found AS (
                SELECT text_id, 'word' AS kind, stem AS term, NULL AS part, NULL AS other_part, token AS label
                  FROM word
                 UNION ALL
                SELECT word.text_id, 'pair', word.stem || ' ' || other.stem, word.stem, other.stem,
                       word.token || ' ' || other.token
                  FROM word JOIN word other ON other.text_id = word.text_id AND other.nr = word.nr + 2
                 WHERE word.goes_on AND word.stem != other.stem
                 UNION ALL
                SELECT bj_text.id, 'unspaced', gram, NULL, NULL, gram
                  FROM bj_text, regexp_matches(bj_text.content, %(unspaced)s || '{2,}', 'g') run,
                       unnest(%(sizes)s::int[]) size, generate_series(1, length(run[1]) - size + 1) start,
                       substr(run[1], start, size) gram
                 WHERE left(gram, 1) != ALL(%(particles)s::text[]) AND right(gram, 1) != ALL(%(particles)s::text[])
            ), bj_term AS (
                SELECT found.text_id, bj_text.configuration, found.kind, found.term, MIN(found.part) AS part,
                       MIN(found.other_part) AS other_part, MIN(found.label) AS label
                  FROM found JOIN bj_text ON bj_text.id = found.text_id
              GROUP BY 1, 2, 3, 4
            )
            """,
            unspaced=UNSPACED,
            noise_names=[name for name, _word in noise],
            noise_words=[word for _name, word in noise],
            sizes=list(UNSPACED_SIZES),
            particles=sorted(UNSPACED_NOISE),
        )

    # Taxonomy -----------------------------------------------------------------------------------------------------

    def _get_matches_sql(self):
        """Which keyword stands in which text, as a query on ``bj_text``; ``None`` if there are no topics.

        :return: query of ``(topic_id, keyword, text_id)``
        :rtype: SQL
        """
        topics = self.env["buying.topic"].search([])
        keywords = [(topic.id, keyword) for topic in topics for keyword in split_keywords(topic.keywords)]
        if not keywords:
            return None
        return SQL(
            """
            SELECT keyword.topic_id, keyword.keyword, bj_text.id AS text_id
              FROM unnest(%(topic_ids)s::int[], %(keywords)s::text[]) AS keyword(topic_id, keyword)
              JOIN bj_text
                ON CASE WHEN keyword.keyword ~ %(unspaced)s
                        THEN position(lower(keyword.keyword) IN lower(bj_text.content)) > 0
                        ELSE to_tsvector(bj_text.configuration::regconfig, bj_text.content)
                             @@ phraseto_tsquery(bj_text.configuration::regconfig, keyword.keyword)
                             OR to_tsvector('simple', bj_text.content) @@ phraseto_tsquery('simple', keyword.keyword)
                    END
            """,
            topic_ids=[topic_id for topic_id, _keyword in keywords],
            keywords=[keyword for _topic_id, keyword in keywords],
            unspaced=UNSPACED,
        )

    def _find_taxonomy(self, texts, owners):
        """:return: rows for :func:`choose_topics` with ``owner_id`` and ``topic_id``"""
        matches = self._get_matches_sql()
        if not matches:
            return []
        self.env.cr.execute(
            SQL(
                """
            WITH %(texts)s, bj_match AS (%(matches)s)
            SELECT owner.owner_id, found.topic_id, SUM(found.score) AS score, COUNT(*) AS count,
                   COUNT(DISTINCT found.partner_id) AS people
              FROM unnest(%(owner_ids)s::int[], %(people_ids)s::int[]) AS owner(owner_id, partner_id)
              JOIN (SELECT DISTINCT bj_match.topic_id, mention.activity_id, mention.partner_id, mention.score
                      FROM bj_match JOIN bj_mention mention ON mention.text_id = bj_match.text_id) found
                ON found.partner_id = owner.partner_id
          GROUP BY 1, 2
            """,
                texts=texts,
                matches=matches,
                owner_ids=[owner_id for owner_id, _person in owners],
                people_ids=[person_id for _owner, person_id in owners],
            )
        )
        rows = self.env.cr.dictfetchall()
        names = {topic.id: topic.name for topic in self.env["buying.topic"].browse({row["topic_id"] for row in rows})}
        return [row | {"kind": "taxonomy", "label": names[row["topic_id"]]} for row in rows]
