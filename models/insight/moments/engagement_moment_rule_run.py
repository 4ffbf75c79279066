# How rules read what happens: new activities only, each occasion once.
import logging
import re
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.modules import module
from odoo.tools import SQL

from ....tools.domains import parse_domain
from ...journey.journey_engine import RETRYABLE
from ...journey.journey_engine_wake import SETTLE
from ..actions.interesting_moment import DESCRIPTION_SIZE

_logger = logging.getLogger(__name__)

# A click younger than this cannot be judged yet: a virus scanner follows all links of a mail within seconds.
HOLD = timedelta(minutes=2)
# what is older is no news, e.g. when a source is read for the first time
NEWS = timedelta(days=30)
# how many people or accounts are looked at in one statement
AT_ONCE = 5000


class EngagementMomentRule(models.Model):
    """A rule has a mark: the activity up to which nothing is to be looked at again. Ids are drawn before transactions
    end, so a lower id may show after a higher one. Therefore the mark is moved only when all transactions of the time
    when it was seen have ended; until then the same activities are read again. What was found is kept in
    ``engagement.moment.hit`` and is not found twice. A rule that looks writes its own row, so of two workers the second
    gets a serialization failure, and looks again later with the eyes of the first.
    """

    _inherit = "engagement.moment.rule"

    @api.model
    def _cron_run(self):
        """Look for moments by every rule. A rule that fails stops no other and says why."""
        for rule in self.search([]):
            try:
                with self.env.cr.savepoint():
                    rule._run_one()
            except RETRYABLE:
                if module.current_test:
                    raise
                self.env.cr.rollback()  # another worker is at it
                self.env.invalidate_all()
            except Exception as error:
                _logger.info("Rule %s for interesting moments failed", rule.id, exc_info=True)
                self.env.invalidate_all()
                rule.last_error = str(error)
            if not module.current_test:
                self.env["ir.cron"]._commit_progress()

    def _run_one(self):
        """Make the moments of what is new, and move the mark.

        :return: the moments
        :rtype: engagement.activity
        """
        Activity = self.env["engagement.activity"]
        if not self.try_lock_for_update():
            return Activity
        now = fields.Datetime.now()
        newest = self._get_judged(now)
        if newest <= self.read_mark and not self.seen:
            return Activity
        self.write({"last_run": now, "last_error": False})
        self.flush_recordset()
        domain = self._get_activity_domain(now)
        fresh = domain & Domain("id", ">", self.read_mark) & Domain("id", "<=", newest)
        moments = self._make_moments(self._find(domain & Domain("id", "<=", newest), fresh))
        self._move_mark(newest, now)
        return moments

    def _get_judged(self, now):
        """The activity up to which all are old enough to be judged."""
        self.env["engagement.activity"].flush_model()
        self.env.cr.execute(
            """
            SELECT COALESCE(
                   (SELECT id - 1 FROM engagement_activity WHERE id > %s AND create_date > %s ORDER BY id LIMIT 1),
                   (SELECT MAX(id) FROM engagement_activity), 0)
            """,
            [self.read_mark, now - HOLD],
        )
        return self.env.cr.fetchone()[0]

    def _move_mark(self, newest, now):
        if not self.seen:
            self.env.cr.execute(
                """
                UPDATE engagement_moment_rule
                   SET seen = %s, seen_at = %s, seen_xid = pg_snapshot_xmax(pg_current_snapshot())::text
                 WHERE id = %s
                """,
                [newest, now, self.id],
            )
        else:
            self.env.cr.execute(
                """
                UPDATE engagement_moment_rule SET read_mark = seen, seen = NULL
                 WHERE id = %s AND seen_at <= %s
                   AND pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= seen_xid::bigint
                """,
                [self.id, now - SETTLE],
            )
        self.invalidate_recordset(["read_mark", "seen", "seen_xid", "seen_at"])

    def _get_entity_field(self):
        """Whom the rule is about, as a field of activities."""
        return "partner_id" if self.level == "person" else "account_id"

    def _get_activity_domain(self, now):
        """Domain of the activities that count, whenever they happened. Searched with system rights.

        :raise UserError: the filter is broken
        """
        entity = self._get_entity_field()
        domain = Domain("type_id", "in", self.activity_type_ids.ids) & Domain("is_automatic", "=", False)
        domain &= Domain("date", "<=", now) & Domain(f"{entity}.active", "=", True)
        domain &= Domain(f"{entity}.is_company", "=", self.level == "account")
        if self.company_id:
            for name in ("partner_id", "account_id", "group_id"):
                domain &= Domain(name, "=", False) | Domain(f"{name}.company_id", "in", [self.company_id.id, False])

        def to_sql(model, alias, query):
            return SQL(
                """
                (%(res_model)s IS DISTINCT FROM 'mailing.trace' OR NOT EXISTS (
                    SELECT FROM engagement_activity activity WHERE activity.id = %(id)s AND (%(scanned)s)))
                """,
                res_model=SQL.identifier(alias, "res_model"),
                id=SQL.identifier(alias, "id"),
                scanned=self.env["mailing.trace"]._get_scanned_sql(),
            )

        domain &= Domain.custom(to_sql=to_sql)
        return domain & parse_domain(self.env, "engagement.activity", self.domain)

    def _find(self, domain, fresh):
        """The occasions among new activities, in the order in which they happened.

        :param Domain domain: what counts
        :param Domain fresh: the new ones among it
        :return: ``[(person or account id, when, activity id, how many there were)]``
        """
        Activity = self.env["engagement.activity"].sudo()
        entity = self._get_entity_field()
        oldest = fields.Datetime.now() - NEWS
        rows = Activity._read_group(fresh & Domain("date", ">=", oldest), [entity], ["date:min", "date:max"])
        found = []
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            found += self._choose(
                self._get_candidates(
                    Activity,
                    domain & Domain(entity, "in", [partner.id for partner, _first, _last in part]),
                    {partner.id: (first, last) for partner, first, last in part},
                ),
                [partner.id for partner, _first, _last in part],
            )
        return found

    def _get_candidates(self, Activity, domain, span_of=None, since=None):
        """Activities with which the number is reached, or was before, within the days up to them.

        :param Activity: the log, seen with somebody's rights
        :param dict span_of: ``{person or account id: (first, last)}`` of the new activities: only what they change
        :param since: instead of that, only what happened since then
        """
        window = timedelta(days=self.days)
        first = since or min(first for first, _last in span_of.values())
        domain &= Domain("date", ">", first - window)
        if span_of:
            domain &= Domain("date", "<=", max(last for _first, last in span_of.values()) + window)
        self.env.flush_all()
        query = Activity._search(domain)
        table = query.table
        counted = query.select(
            SQL.identifier(table, "id"),
            SQL("%s AS entity_id", SQL.identifier(table, self._get_entity_field())),
            SQL.identifier(table, "date"),
            SQL(
                "COUNT(*) OVER (PARTITION BY %s ORDER BY %s"
                " RANGE BETWEEN %s * interval '1 day' PRECEDING AND CURRENT ROW) AS times",
                SQL.identifier(table, self._get_entity_field()),
                SQL.identifier(table, "date"),
                self.days,
            ),
        )
        self.env.cr.execute(
            SQL(
                "SELECT entity_id, date, id, times FROM (%s) counted WHERE times >= %s AND date >= %s"
                " ORDER BY entity_id, date, id",
                counted,
                self.times,
                first,
            )
        )
        for entity_id, date, activity_id, times in self.env.cr.fetchall():
            if not span_of or span_of[entity_id][0] <= date <= span_of[entity_id][1] + window:
                yield entity_id, date, activity_id, times

    def _choose(self, candidates, entity_ids=()):
        """Of these, those which are no occasion yet that was noted, or lie within the cool-down of one.

        :param entity_ids: whose occasions to look up; without them nothing counts as noted
        """
        gap = timedelta(days=self.cooldown_days)
        dates, known = defaultdict(list), set()
        hits = self.env["engagement.moment.hit"].sudo()
        for hit in hits.search_fetch(
            [("rule_id", "=", self._origin.id), ("partner_id", "in", list(entity_ids))],
            ["partner_id", "activity_id", "date"],
        ):
            dates[hit.partner_id.id].append(hit.date)
            known.add(hit.activity_id.id)
        chosen = []
        for entity_id, date, activity_id, times in candidates:
            if activity_id in known or any(abs(date - other) < gap for other in dates[entity_id]):
                continue
            dates[entity_id].append(date)
            chosen.append((entity_id, date, activity_id, times))
        return chosen

    def _make_moments(self, found):
        """Log the moments, and keep that they were found; two statements, however many."""
        Activity = self.env["engagement.activity"].sudo()
        found = [row for row in found if row[1] >= fields.Datetime.now() - NEWS]
        if not found:
            return Activity
        lang = (self.company_id or self.env.ref("base.main_company")).partner_id.lang or "en_US"
        spoken = self.with_context(lang=lang)
        kind = Activity.type_id._get_by_code("interesting_moment")
        entity = self._get_entity_field()
        causes = spoken.env["engagement.activity"].sudo().browse([row[2] for row in found])
        moments = Activity.create(
            [
                {
                    "type_id": kind.id,
                    entity: entity_id,
                    "date": date,
                    "subject": spoken._get_text(cause, times),
                    "new_value": self.moment_type,
                    "moment_rule_id": self.id,
                }
                for (entity_id, date, _activity_id, times), cause in zip(found, causes, strict=True)
            ]
        )
        self.env["engagement.moment.hit"].sudo().create(
            [
                {
                    "rule_id": self.id,
                    "partner_id": entity_id,
                    "activity_id": activity_id,
                    "moment_id": moment.id,
                    "date": date,
                }
                for (entity_id, date, activity_id, _times), moment in zip(found, moments, strict=True)
            ]
        )
        return moments

    def _get_text(self, cause, times):
        """The description of a moment; a long subject is cut so that all of it has 140 characters at most.

        :param cause: the activity with which the number was reached
        """
        values = {
            "subject": " ".join((cause.subject or cause.type_id.name or "").split()),
            "type": cause.type_id.name or "",
            "count": str(times),
            "account": cause.account_id.name or "",
        }

        def fill(values):
            return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), self.description)

        text = fill(values)
        over = len(text) - DESCRIPTION_SIZE
        if over > 0 and (places := self.description.count("{subject}")):
            short = max(0, len(values["subject"]) - over // places - 2)
            text = fill(values | {"subject": values["subject"][:short].rstrip() + "…"})
        return text if len(text) <= DESCRIPTION_SIZE else text[: DESCRIPTION_SIZE - 1].rstrip() + "…"

    def _count_found(self, days):
        """How many moments the rule would have made of the last days, had it been there; among what the current user
        may see, since a form asks for it before anybody checks the filter.

        :rtype: int
        :raise UserError: the filter is broken, or names what the current user may not read
        """
        if not self.activity_type_ids:
            return 0
        now = fields.Datetime.now()
        since = now - timedelta(days=days)
        Activity = self.env["engagement.activity"]
        candidates = self._get_candidates(Activity, self._get_activity_domain(now), since=since)
        return len(self._choose(candidates))
