# A/B tests: who takes part, and who gets which arm.
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.draw import LOTS, draw, sql_digest

BATCH = 5000
# whom a decision reaches: who waits for one, or got none or another one and was not mailed yet
REST = SQL("state = 'held' OR state IN ('dropped', 'assigned') AND phase = 'rest'")


class MailingAbTest(models.Model):
    """The draw. Recipients are first checked and only then drawn, so that a blacklisted address does not use up a
    place in an arm. A record's lot depends on the test's key and the record alone.

    * One-off mailings: all at once; the recipients are put in the order of their lots and cut into parts of exactly
      the sizes asked for.
    * Journeys: as participants arrive, the lot itself says the part, so sizes are those asked for on average.
    """

    _inherit = "mailing.ab.test"

    def _draw(self):
        """Draw all recipients of a one-off mailing, in few statements however many they are.

        :raise UserError: there are fewer recipients than arms
        """
        self.ensure_one()
        mailing = self.mailing_id
        Model = self.env[mailing.mailing_model_real]
        self._insert_candidates(Model._search(mailing._get_recipients_domain()))
        self._exclude_candidates()
        self.env.cr.execute(
            "SELECT COUNT(*) FROM mailing_ab_allocation WHERE test_id = %s AND state = 'candidate'", [self.id]
        )
        (total,) = self.env.cr.fetchone()
        parts = self._get_parts(total)
        if any(part[2] and not part[1] for part in parts):
            raise UserError(
                self.env._(
                    "The A/B test “%(name)s” has %(count)s eligible recipients: too few for every arm to get one.",
                    name=self.name,
                    count=total,
                )
            )
        rows, start = [], 0
        for state, size, arm, phase in parts:
            rows.append(SQL("(%s, %s, %s, %s::int, %s)", start, start + size, state, arm.id or None, phase or None))
            start += size
        self.env.cr.execute(
            SQL(
                """
            UPDATE mailing_ab_allocation allocation
               SET state = part.state, arm_id = part.arm_id, phase = part.phase
              FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY %(digest)s, res_id) - 1 AS place
                      FROM mailing_ab_allocation
                     WHERE test_id = %(test)s AND state = 'candidate') candidate
              JOIN (VALUES %(parts)s) AS part(start, stop, state, arm_id, phase)
                ON candidate.place >= part.start AND candidate.place < part.stop
             WHERE candidate.id = allocation.id
            """,
                digest=sql_digest(self.hash_key, Model._name, SQL("res_id")),
                test=self.id,
                parts=SQL(", ").join(rows),
            )
        )
        self.env["mailing.ab.allocation"].invalidate_model()
        self.env.cr.execute("ANALYZE mailing_ab_allocation")

    def _get_parts(self, total):
        """The parts that the recipients are cut into; the last one takes what rounding leaves.

        :return: ``[(state, size, arm or empty, phase)]``
        :rtype: list[tuple]
        """
        arms = self.arm_ids
        holdout = round(total * self.holdout_percent / 100)
        tested = min(total - holdout, round(total * self.test_percent / 100))
        parts = [("holdout", holdout, arms.browse(), None)]
        weights, given = sum(arms.mapped("weight")), 0
        for position, arm in enumerate(arms):
            share = sum(arms[: position + 1].mapped("weight")) / weights
            size = round(tested * share) - given
            given += size
            parts.append(("assigned", size, arm, "test"))
        parts.append(("held", total - holdout - tested, arms.browse(), None))
        return parts

    def _insert_candidates(self, records):
        """Write down the recipients with their addresses, in one statement.

        :param records: an ORM ``Query`` of the recipients
        """
        Model = self.env[self.mailing_id.mailing_model_real]
        normalized, partner = Model._fields.get("email_normalized"), Model._fields.get("partner_id")
        has_own = normalized and normalized.store and normalized.column_type
        has_partner = partner and partner.comodel_name == "res.partner" and partner.store
        if Model._name == "res.partner":
            person, join = SQL("record.id"), SQL("")
        elif has_partner:
            person, join = SQL("person.id"), SQL("LEFT JOIN res_partner person ON person.id = record.partner_id")
        else:
            person, join = SQL("NULL::int"), SQL("")
        # as core's composer: the linked contact's address first
        addresses = [SQL("NULLIF(person.email_normalized, '')")] * bool(has_partner)
        addresses += [SQL("NULLIF(record.email_normalized, '')")] * bool(has_own)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
            INSERT INTO mailing_ab_allocation (test_id, res_model, res_id, email, partner_id, state, date)
            SELECT %(test)s, %(model)s, record.id, %(email)s, %(person)s, 'candidate', %(now)s
              FROM %(table)s record %(join)s
             WHERE record.id IN %(ids)s
          ORDER BY record.id
            ON CONFLICT (test_id, res_id) DO NOTHING
            """,
                test=self.id,
                model=Model._name,
                table=SQL.identifier(Model._table),
                now=fields.Datetime.now(),
                ids=records.subselect(),
                email=SQL("COALESCE(%s)", SQL(", ").join(addresses)) if addresses else SQL("NULL::varchar"),
                person=person,
                join=join,
            )
        )

    def _exclude_candidates(self):
        """Set aside who would be refused anyway, each with the reason, and who has the address of another recipient."""
        # refusals count whether or not the sender may read them
        consent = self.env["mailing.consent"].sudo()
        mailing = self.mailing_id.sudo()
        Model = self.env[mailing.mailing_model_real]
        stores_address = "email_normalized" in Model._fields and Model._fields["email_normalized"].store
        last_id = 0
        while True:
            self.env.cr.execute(
                """
                SELECT id, res_id FROM mailing_ab_allocation
                 WHERE test_id = %s AND state = 'candidate' AND id > %s ORDER BY id LIMIT %s
                """,
                [self.id, last_id, BATCH],
            )
            batch = self.env.cr.fetchall()
            if not batch:
                break
            last_id = batch[-1][0]
            res_ids = [res_id for _id, res_id in batch]
            if not stores_address:
                found = consent._get_record_addresses(Model._name, res_ids)
                self._write_values("email = part.value", [(r, a.to[0] if a.to else None) for r, a in found.items()])
            refusals = consent.get_record_refusals(mailing, res_ids)
            if not self.journey_node_id:  # of those who arrive at a step, it has asked before
                in_time = Model.browse(res_id for res_id in res_ids if refusals.get(res_id, "duplicate") == "duplicate")
                refusals |= dict.fromkeys(mailing._get_expired(in_time.sudo()), "expired")
            # of one address, the lowest id stays: decided below, for all batches together
            refused = [(res_id, reason) for res_id, reason in refusals.items() if reason != "duplicate"]
            self._write_values("state = 'excluded', reason = part.value", refused)
        self.env.cr.execute(
            """
            UPDATE mailing_ab_allocation allocation SET state = 'excluded', reason = 'duplicate'
             WHERE allocation.test_id = %s AND allocation.state = 'candidate'
               AND EXISTS (
                   SELECT FROM mailing_ab_allocation other
                    WHERE other.test_id = allocation.test_id AND other.email = allocation.email
                      AND other.state != 'excluded' AND other.id != allocation.id
                      AND (other.state != 'candidate' OR other.res_id < allocation.res_id))
            """,
            [self.id],
        )

    def _write_values(self, assignment, rows):
        """Update candidates by ``(recipient id, value)``."""
        if rows:
            self.env.cr.execute_values(
                f"""
                UPDATE mailing_ab_allocation allocation SET {assignment}
                  FROM (VALUES %s) AS part(res_id, value)
                 WHERE allocation.test_id = {int(self.id)} AND allocation.state = 'candidate'
                   AND allocation.res_id = part.res_id
                """,
                rows,
                template="(%s, %s::varchar)",
            )

    # Journeys -----------------------------------------------------------------------------------------------------

    def _draw_arrivals(self, res_ids):
        """Draw those who arrive at a journey's step and were not drawn yet.

        :param list res_ids: ids of recipients, of the mailing's model
        :return: ``{recipient id: arm}``; an empty arm stands for no mail. Who is excluded is not in it.
        :rtype: dict
        """
        self.ensure_one()
        # participants' steps run as users who need not see the test
        test = self.sudo()
        Model = self.env[test.mailing_id.mailing_model_real].sudo().with_context(active_test=False)
        known = test._get_allocations(res_ids)
        # excluded before: the reason may be gone by now
        again = [row["id"] for row in known.values() if row["state"] == "excluded"]
        if again:
            self.env.cr.execute(
                "UPDATE mailing_ab_allocation SET state = 'candidate', reason = NULL WHERE id = ANY(%s)", [again]
            )
        newcomers = [res_id for res_id in res_ids if res_id not in known]
        if newcomers:
            test._insert_candidates(Model._search([("id", "in", newcomers)]))
        if newcomers or again:
            test._exclude_candidates()
            test._assign_arrivals()
        result = {}
        for res_id, row in test._get_allocations(res_ids).items():
            if row["state"] != "excluded":
                result[res_id] = self.env["mailing.ab.arm"].browse(row["arm_id"] or [])
        return result

    def _get_allocations(self, res_ids):
        self.env["mailing.ab.allocation"].flush_model()
        self.env.cr.execute(
            "SELECT id, res_id, arm_id, state FROM mailing_ab_allocation WHERE test_id = %s AND res_id = ANY(%s)",
            [self.id, list(res_ids)],
        )
        return {row["res_id"]: row for row in self.env.cr.dictfetchall()}

    def _assign_arrivals(self):
        """Give the candidates of a journey their part by their lots."""
        self.env.cr.execute(
            "SELECT id, res_id FROM mailing_ab_allocation WHERE test_id = %s AND state = 'candidate'", [self.id]
        )
        rows = []
        for allocation_id, res_id in self.env.cr.fetchall():
            state, arm, phase = self._get_part(res_id)
            rows.append((allocation_id, state, arm.id or None, phase))
        if rows:
            self.env.cr.execute_values(
                """
                UPDATE mailing_ab_allocation allocation
                   SET state = part.state, arm_id = part.arm_id::int, phase = part.phase
                  FROM (VALUES %s) AS part(id, state, arm_id, phase)
                 WHERE part.id = allocation.id
                """,
                rows,
            )
        self.env["mailing.ab.allocation"].invalidate_model()

    def _get_part(self, res_id):
        """Which part a newcomer of a journey falls into: the hold-out for ever, an arm while the test runs, then what
        was decided.

        :return: ``(state, arm, phase)``
        :rtype: tuple
        """
        arms = self.arm_ids
        lot = draw(self.hash_key, self.mailing_id.mailing_model_real, res_id)
        holdout = LOTS * self.holdout_percent // 100
        if lot < holdout:
            return "holdout", arms.browse(), None
        if self.state == "stopped" or (self.state == "decided" and not self.rest_arm_id and self.fallback == "stop"):
            return "dropped", arms.browse(), None
        if self.state == "decided" and self.rest_arm_id:
            return "assigned", self.rest_arm_id, "rest"
        place = (lot - holdout) / (LOTS - holdout) * sum(arms.mapped("weight"))
        for arm in arms:
            place -= arm.weight
            if place < 0:
                break
        return "assigned", arm, "rest" if self.state == "decided" else "test"

    def _note_composed(self, res_ids):
        """Those whose mail was made just now are mailed; those whom the composer refused say so."""
        self.env["mailing.trace"].flush_model()
        self.env.cr.execute(
            """
            WITH last AS (
                SELECT DISTINCT ON (trace.res_id) trace.res_id, trace.trace_status
                  FROM mailing_trace trace
                  JOIN mailing_ab_arm arm ON arm.mailing_id = trace.mass_mailing_id AND arm.test_id = %(test)s
                 WHERE trace.res_id = ANY(%(ids)s)
              ORDER BY trace.res_id, trace.id DESC)
            UPDATE mailing_ab_allocation allocation
               SET state = CASE WHEN last.trace_status IN ('cancel', 'error') THEN 'excluded' ELSE 'mailed' END,
                   reason = CASE WHEN last.trace_status IN ('cancel', 'error') THEN 'refused' END
              FROM last
             WHERE allocation.test_id = %(test)s AND allocation.res_id = last.res_id
               AND allocation.state IN ('assigned', 'excluded')
            """,
            {"test": self.id, "ids": list(res_ids)},
        )
        self.env["mailing.ab.allocation"].invalidate_model()

    # The rest -----------------------------------------------------------------------------------------------------

    def _release_rest(self):
        """After the decision: those who were held get what was decided, by the ordinary queue; so do those whom the
        fallback left without a mail, if somebody chooses an arm after all."""
        self.ensure_one()
        self.env["mailing.ab.allocation"].flush_model()
        if self.rest_arm_id:
            self._release(SQL("'assigned'"), SQL("%s", self.rest_arm_id.id))
        elif self.outcome == "inconclusive" and self.fallback == "split":
            self._release(SQL("'assigned'"), self._sql_split())
        else:
            self._release(SQL("'dropped'"), SQL("NULL::int"))
        self.env["mailing.ab.allocation"].invalidate_model()
        self._queue_arms()

    def _release(self, state, arm):
        self.env.cr.execute(
            SQL(
                """
            UPDATE mailing_ab_allocation SET state = %s, arm_id = %s, phase = 'rest'
             WHERE test_id = %s AND (%s)
            """,
                state,
                arm,
                self.id,
                REST,
            )
        )

    def _count_rest(self):
        """How many of a one-off mailing a decision still reaches."""
        self.env["mailing.ab.allocation"].flush_model()
        self.env.cr.execute(
            SQL("SELECT COUNT(*) FROM mailing_ab_allocation WHERE test_id = %s AND (%s)", self.id, REST)
        )
        return self.env.cr.fetchone()[0]

    def _sql_split(self):
        """The arm of a recipient by weights, from another digest than the one that put it among the rest."""
        total, place, cases = sum(self.arm_ids.mapped("weight")), 0, []
        digest = sql_digest(f"{self.hash_key},rest", self.mailing_id.mailing_model_real, SQL("res_id"))
        lot = SQL("('x' || left(%s, 15))::bit(60)::bigint %% %s", digest, LOTS)
        for arm in self.arm_ids:
            place += arm.weight
            cases.append(SQL("WHEN (%s) < %s THEN %s", lot, LOTS * place // total, arm.id))
        return SQL("CASE %s END", SQL(" ").join(cases))
