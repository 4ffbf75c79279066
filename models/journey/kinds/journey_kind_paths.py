# What steps with several paths share: their order, their conditions, and who did what.
from odoo import fields, models
from odoo.tools import SQL


class JourneyKind(models.AbstractModel):
    _inherit = "journey.kind"

    def _get_condition_model(self, node):
        """The model that the conditions of this node's paths are about."""
        return node.model_name

    def _get_paths(self, node):
        """The node's paths, from the top; the outcome ``default`` is none."""
        return node.out_edge_ids.filtered(lambda edge: edge.outcome == "branch").sorted(
            lambda edge: (edge.sequence, edge.id)
        )

    def _get_paths_summary(self, node):
        """The labels of the paths, from the top, in one line."""
        labels = [edge._get_label() or "…" for edge in self._get_paths(node)]
        if self._get_default_path(node):
            labels.append(self.env._("otherwise"))
        return " / ".join(labels) or self.env._("No paths yet")

    def _get_default_path(self, node):
        return node.out_edge_ids.filtered(lambda edge: edge.outcome == "default")[:1]

    def _connect(self, node, target):
        """Let ``target`` follow ``node``, which has no way out yet, by its main way."""
        if "next" in self._outcomes:
            node.next_id = target
        elif "default" in self._outcomes:
            node.out_edge_ids = [fields.Command.create({"target_id": target.id, "outcome": "default"})]

    def _get_path_errors(self, node, most):
        """What is wrong with conditional paths: number, conditions, rights.

        :param int most: how many paths there may be
        """
        paths = self._get_paths(node)
        errors = []
        if not 1 <= len(paths) <= most:
            errors.append(
                self.env._(
                    "There must be 1 to %(most)s paths with a condition; there are %(count)s.",
                    most=most,
                    count=len(paths),
                )
            )
        for edge in paths:
            if not edge._has_condition():
                errors.append(
                    self.env._(
                        "Path %(path)s has no condition, so nobody would come to the paths below it.",
                        path=edge._get_label(),
                    )
                )
            errors += edge._get_condition_errors()
        return errors

    def _get_with_activity(self, edge, people, records, entered, now):
        """Who fulfils the activity condition of a path, in one query.

        :param dict people: ``{key: ids of the people whose activities count}``
        :param dict records: ``{key: id of the record itself}`` of the node's model; empty: people only
        :param dict entered: ``{key: time of entry}``
        :return: the keys that fulfil it
        :rtype: set
        """
        if not entered:
            return set()
        since = {key: (edge._get_since(entered_at, now), 0) for key, entered_at in entered.items()}
        found = self._get_activities_sql(edge.source_id, edge.activity_type_ids, people, records, since)
        self.env.cr.execute(
            SQL("SELECT key FROM (%s) found GROUP BY key HAVING COUNT(*) >= %s", found, edge.activity_count)
        )
        did = {row[0] for row in self.env.cr.fetchall()}
        return did if edge.activity_did == "did" else entered.keys() - did

    def _get_activities_sql(self, node, types, people, records, since):
        """Query for what concerned whom: ``key, id, type_id, date`` of activities.

        An activity that belongs to a buying group concerns, of all groups, that one alone. What machines did does not
        count. ``journey.engine._wake`` asks the same the other way round: keep the two alike.

        :param dict people: ``{key: ids of the people whose activities count}``
        :param dict records: ``{key: id of the record itself}``
        :param dict since: ``{key: (from this moment on, only ids above this one)}``
        """
        pairs = [(key, person, records.get(key), *since[key]) for key, persons in people.items() for person in persons]
        own = [(key, None, record_id, *since[key]) for key, record_id in records.items()]
        self.env["engagement.activity"].flush_model()
        group_rule, group_link = SQL("TRUE"), SQL("FALSE")
        if node.model_name == "buying.group":
            group_rule = SQL("activity.group_id IS NULL OR activity.group_id = who.res_id")
            group_link = SQL("activity.group_id = who.res_id")
        elif node.model_name == "res.partner":
            group_link = SQL(
                "activity.group_id IN (SELECT owned.id FROM buying_group owned WHERE owned.partner_id = who.res_id)"
            )
        own_link = SQL("activity.res_model = %s AND activity.res_id = who.res_id", node.model_name)

        def select(rows, link, rule, more=None):
            # one index each: a single condition with OR would read the whole log
            return SQL(
                """
                SELECT who.key, activity.id, activity.type_id, activity.date
                  FROM unnest(%s::int[], %s::int[], %s::int[], %s::timestamp[], %s::int[])
                    AS who(key, partner_id, res_id, since, after_id)
                  %s
                  JOIN engagement_activity activity
                    ON (%s) AND activity.date >= who.since AND activity.id > who.after_id
                 WHERE activity.type_id = ANY(%s) AND activity.is_automatic IS NOT TRUE AND (%s)
                """,
                *([row[column] for row in rows] for column in range(5)),
                more or SQL(),
                link,
                types.ids,
                rule,
            )

        selects = [
            select(pairs, SQL("activity.partner_id = who.partner_id"), group_rule),
            select(own, own_link, SQL("TRUE")),
            select(own, group_link, SQL("TRUE")),
        ]
        if node.model_name not in ("buying.group", "res.partner"):
            # a lead with nothing but an address answers its mails, too
            mailed = SQL("JOIN mailing_trace trace ON trace.model = %s AND trace.res_id = who.res_id", node.model_name)
            link = SQL("activity.res_model = 'mailing.trace' AND activity.res_id = trace.id")
            selects.append(select(own, link, SQL("TRUE"), mailed))
        return SQL(" UNION ").join(selects)

    def _get_active_people(self, node, records):
        """Ids of those whose activities count for each record: its people, and the account it is about.

        :return: ``{record id: set of partner ids}``
        """
        people = {record_id: set(persons.ids) for record_id, persons in self._get_people(node, records).items()}
        for record in records:
            if record._name == "res.partner":
                people[record.id].add(record.id)
            elif record._name == "buying.group":
                people[record.id].add(record.partner_id.id)
        return people
