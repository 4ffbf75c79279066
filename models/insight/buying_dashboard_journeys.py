# A page of the dashboard: how far participants get in journeys, and where they leave.
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.domains import get_filters, get_ids
from ...tools.percent import format_percent

MAX_JOURNEYS = 100
BANDS = (25, 50, 75, 100)
STATES = ("active", "completed", "exited", "failed")
# how the chart colours them
TONES = {"active": "open", "completed": "good", "exited": "rest", "failed": "bad"}


class BuyingDashboardJourneys(models.AbstractModel):
    """Journeys by what became of those who entered in a period.

    *Completion rate* is ``completed ÷ entered``; *duration* is the median time from entering to completing. Of a step,
    *came here* are the different participants who were at it at least once, in whatever version of the journey, and
    *drop-off* is the share of them who left early or failed there. Source: Adobe Journey Optimizer B2B Edition, journey
    overview.
    """

    _name = "buying.dashboard.journeys"
    _inherit = "buying.figures"
    _description = "Dashboard of Journeys"

    @api.model
    def get_data(self, filters=None):
        """All figures of the page.

        :param dict filters: ``journey_ids``, ``solution_ids``: lists of ids, any if left out or empty; ``journey_id``:
            whose steps are shown, the journey that most entered if left out; ``date_from``, ``date_to``: when
            participants entered; the past year if left out
        :return: ``total`` (journeys), ``entered``, ``filters``, the charts ``states``, ``bands``, ``participants`` and
            ``lines``, the tables ``journeys`` and ``steps``, and ``journey_id``, ``journey_name`` of the latter
        :rtype: dict
        :raise UserError: a filter is malformed
        :raise AccessError: the user may not read journeys
        """
        filters = get_filters(self.env, filters)
        self.env["journey.journey"].check_access("read")
        self.env["journey.participant"].check_access("read")
        date_from, date_to = self._get_period(filters)
        domain = Domain.TRUE
        if ids := get_ids(self.env, filters, "journey_ids"):
            domain &= Domain("id", "in", ids)
        if ids := get_ids(self.env, filters, "solution_ids"):
            domain &= Domain("solution_id", "in", ids)
        entered = self._within("entered_at", date_from, date_to)
        inside = entered & Domain("journey_id", "any", Domain("active", "=", True) & domain)
        figures = self._count_participants(inside)
        journeys = self.env["journey.journey"].search_fetch(domain, ["name", "state"])
        order = {"live": 0, "paused": 1, "closed": 2, "draft": 4}
        journeys = journeys.sorted(
            lambda journey: (order.get(journey.state, 3), -figures.get(journey.id, {}).get("entered", 0), -journey.id)
        )
        chosen = self._choose(filters, journeys, figures)
        totals = {name: sum(of_one[name] for of_one in figures.values()) for name in ("entered", *STATES)}
        return {
            "total": len(journeys),
            "entered": totals["entered"],
            "filters": self._describe(filters, date_from, date_to),
            "states": self._get_states(domain, journeys),
            "bands": self._get_bands(journeys, figures),
            "participants": self._get_participants(inside, totals),
            "lines": self._get_lines(inside, date_from, date_to),
            "journeys": self._get_journeys(inside, journeys, figures),
            "journey_id": chosen.id,
            "journey_name": chosen.name or "",
            "steps": self._get_steps_table(inside, chosen),
        }

    @api.model
    def _choose(self, filters, journeys, figures):
        """The journey whose steps are shown."""
        wanted = [filters["journey_id"]] if filters.get("journey_id") else []
        wanted = get_ids(self.env, {"journey_id": wanted}, "journey_id")
        if found := journeys.filtered(lambda journey: journey.id in wanted):
            return found
        return max(journeys, key=lambda journey: figures.get(journey.id, {}).get("entered", 0), default=journeys)

    @api.model
    def _count_participants(self, inside):
        """``{journey id: {"entered", each state, "goal", "duration" (median, seconds, or None)}}``, one statement."""
        Participant = self.env["journey.participant"]
        query = Participant._search(inside)
        Participant.flush_model()

        def column(name):
            return SQL.identifier(query.table, name)

        query.groupby = column("journey_id")
        rows = self.env.execute_query(
            query.select(
                column("journey_id"),
                SQL("COUNT(*)"),
                *(SQL("COUNT(*) FILTER (WHERE %s = %s)", column("state"), state) for state in STATES),
                SQL("COUNT(%s)", column("goal_at")),
                SQL(
                    "percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM %s - %s)) "
                    "FILTER (WHERE %s = 'completed' AND %s IS NOT NULL)",
                    column("left_at"),
                    column("entered_at"),
                    column("state"),
                    column("left_at"),
                ),
            )
        )
        names = ("entered", *STATES, "goal", "duration")
        return {journey_id: dict(zip(names, values, strict=True)) for journey_id, *values in rows}

    # Charts -------------------------------------------------------------------------------------------------------

    @api.model
    def _get_states(self, domain, journeys):
        rows = []
        for state, label in self.env["journey.journey"]._fields["state"]._description_selection(self.env):
            number = sum(journey.state == state for journey in journeys)
            if number:
                rows.append(self._row(label, [(number, domain & Domain("state", "=", state))]))
        return self._chart("journey.journey", domain, [self.env._("Journeys")], rows)

    @api.model
    def _get_bands(self, journeys, figures):
        """Journeys that somebody entered, by completion rate in whole percent."""
        found = {band: [] for band in BANDS}
        for journey in journeys:
            if journey.id in figures:
                rate = int(100 * figures[journey.id]["completed"] / figures[journey.id]["entered"] + 0.5)
                found[next(band for band in BANDS if rate <= band)].append(journey.id)
        rows, lowest = [], 0
        for band, ids in found.items():
            rows.append(self._row(format_percent(self.env, f"{lowest}–{band}"), [(len(ids), Domain("id", "in", ids))]))
            lowest = band + 1
        everything = Domain("id", "in", [journey_id for ids in found.values() for journey_id in ids])
        return self._chart("journey.journey", everything, [self.env._("Journeys")], rows)

    @api.model
    def _get_participants(self, inside, totals):
        labels = {
            "completed": self.env._("Completed"),
            "active": self.env._("In progress"),
            "exited": self.env._("Left early"),
            "failed": self.env._("Failed"),
        }
        rows = [
            self._row(label, [(totals[state], inside & Domain("state", "=", state))], tone=TONES[state])
            for state, label in labels.items()
            if totals[state] or state in ("completed", "active")
        ]
        return self._chart("journey.participant", inside, [self.env._("Entries")], rows)

    @api.model
    def _get_lines(self, inside, date_from, date_to):
        """Who entered, and who of them completed, by week or month."""
        steps = self._get_steps(date_from, date_to)
        starts = [self._to_utc(first) for _label, first, _last in steps]
        completed = inside & Domain("state", "=", "completed") & self._within("left_at", date_from, date_to)
        numbers = []
        for field_name, domain in (("entered_at", inside), ("left_at", completed)):
            query = self.env["journey.participant"]._search(domain)
            query.groupby = SQL("1")
            bucket = SQL("width_bucket(%s, %s::timestamp[])", SQL.identifier(query.table, field_name), starts)
            numbers.append(dict(self.env.execute_query(query.select(bucket, SQL("COUNT(*)")))))
        rows = [
            self._row(
                label,
                [
                    (numbers[0].get(number, 0), inside & self._within("entered_at", first, last)),
                    (numbers[1].get(number, 0), completed & self._within("left_at", first, last)),
                ],
            )
            for number, (label, first, last) in enumerate(steps, 1)
        ]
        return self._chart("journey.participant", inside, [self.env._("Entered"), self.env._("Completed")], rows)

    # Tables -------------------------------------------------------------------------------------------------------

    @api.model
    def _get_journeys(self, inside, journeys, figures):
        labels = dict(self.env["journey.journey"]._fields["state"]._description_selection(self.env))
        nothing = dict.fromkeys(("entered", *STATES, "goal"), 0) | {"duration": None}
        rows = []
        for journey in journeys[:MAX_JOURNEYS]:
            number, own = figures.get(journey.id, nothing), inside & Domain("journey_id", "=", journey.id)
            entered = number["entered"]
            cells = [
                (entered, own),
                (number["active"], own & Domain("state", "=", "active")),
                (number["completed"], own & Domain("state", "=", "completed")),
                (100 * number["completed"] / entered if entered else None, False),
                (number["duration"], False),
                (number["goal"], own & Domain("goal_at", "!=", False)),
                (100 * number["goal"] / entered if entered else None, False),
                (number["exited"], own & Domain("state", "=", "exited")),
                (number["failed"], own & Domain("state", "=", "failed")),
            ]
            rows.append(self._row(journey.name, cells, id=journey.id, note=labels[journey.state]))
        return self._chart(
            "journey.participant",
            inside,
            [
                self.env._("Entered"),
                self.env._("Here now"),
                self.env._("Completed"),
                self.env._("Completion rate"),
                self.env._("Duration (median)"),
                self.env._("Reached the goal"),
                self.env._("Share at the goal"),
                self.env._("Left early"),
                self.env._("Failed"),
            ],
            rows,
            kinds=["number", "number", "number", "rate", "duration", "number", "rate", "number", "number"],
            record_model="journey.journey",
            left_out=len(journeys) - len(rows),
        )

    @api.model
    def _get_steps_table(self, inside, journey):
        """The steps of one journey, in their order; those that only former versions have come last."""
        own = inside & Domain("journey_id", "=", journey.id)
        nodes = self.env["journey.node"].search([("journey_id", "=", journey.id)]) if journey else []
        alike = nodes.grouped("origin_key") if nodes else {}
        version = journey.current_version_id or journey.draft_version_id
        order = version._get_order() if version else []
        shown = [node.origin_key for node in order]
        numbers = self._count_steps(own, journey) if nodes else {}
        rows = []
        for key in [*shown, *(key for key in alike if key not in shown and key in numbers)]:
            node = next((node for node in order if node.origin_key == key), alike[key][-1:])
            came, here, completed, left, failed = numbers.get(key, (0, 0, 0, 0, 0))
            at_step = Domain("node_id", "in", alike[key].ids)
            was_here = at_step | Domain("trace_ids", "any", at_step)
            rows.append(
                self._row(
                    node.name,
                    [
                        (came, own & was_here),
                        (here, own & at_step & Domain("state", "=", "active")),
                        (completed, own & at_step & Domain("state", "=", "completed")),
                        (left, own & at_step & Domain("state", "=", "exited")),
                        (failed, own & at_step & Domain("state", "=", "failed")),
                        (100 * (left + failed) / came if came else None, False),
                    ],
                    depth=node.depth,
                    note=(node.summary or "") if key in shown else self.env._("Only in former versions"),
                )
            )
        return self._chart(
            "journey.participant",
            own,
            [
                self.env._("Came here"),
                self.env._("Here now"),
                self.env._("Completed here"),
                self.env._("Left here"),
                self.env._("Failed here"),
                self.env._("Drop-off"),
            ],
            rows,
            kinds=["number"] * 5 + ["percent"],
        )

    @api.model
    def _count_steps(self, own, journey):
        """``{origin of the step: (came, here, completed, left, failed)}``, different participants, one statement."""
        query = self.env["journey.participant"]._search(own)
        self.env["journey.trace"].flush_model()
        self.env["journey.node"].flush_model(["origin_key"])
        at_step = SQL("participant.node_id = visit.node_id AND participant.state")
        rows = self.env.execute_query(
            SQL(
                """
                SELECT node.origin_key, COUNT(DISTINCT participant.id),
                       COUNT(DISTINCT participant.id) FILTER (WHERE %(at)s = 'active'),
                       COUNT(DISTINCT participant.id) FILTER (WHERE %(at)s = 'completed'),
                       COUNT(DISTINCT participant.id) FILTER (WHERE %(at)s = 'exited'),
                       COUNT(DISTINCT participant.id) FILTER (WHERE %(at)s = 'failed')
                  FROM (SELECT participant_id, node_id FROM journey_trace WHERE journey_id = %(journey)s
                         UNION
                        SELECT id, node_id FROM journey_participant
                         WHERE journey_id = %(journey)s AND node_id IS NOT NULL) visit
                  JOIN journey_participant participant ON participant.id = visit.participant_id
                  JOIN journey_node node ON node.id = visit.node_id
                 WHERE participant.id IN %(ids)s
                 GROUP BY node.origin_key
                """,
                at=at_step,
                journey=journey.id,
                ids=query.subselect(),
            )
        )
        return {key: tuple(numbers) for key, *numbers in rows}
