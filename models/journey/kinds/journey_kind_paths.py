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

        An activity that belongs to a buying group counts for that group alone. What machines did does not count.

        :param dict people: ``{key: ids of the people whose activities count}``
        :param dict records: ``{key: id of the record itself}`` of the node's model; empty: people only
        :param dict entered: ``{key: time of entry}``
        :return: the keys that fulfil it
        :rtype: set
        """
        if not entered:
            return set()
        model_name = edge.source_id.model_name
        since = {key: edge._get_since(entered_at, now) for key, entered_at in entered.items()}
        pairs = [(key, person, records.get(key), since[key]) for key, persons in people.items() for person in persons]
        own = [(key, record_id, since[key]) for key, record_id in records.items()]
        self.env["engagement.activity"].flush_model()
        group_rule = SQL("activity.group_id IS NULL OR activity.group_id = who.res_id")
        own_link = SQL("activity.res_model = %s AND activity.res_id = own.res_id", model_name)
        group_link = SQL("FALSE")
        if model_name == "buying.group":
            group_link = SQL("activity.group_id = own.res_id")
        elif model_name == "res.partner":
            group_link = SQL(
                "activity.group_id IN (SELECT owned.id FROM buying_group owned WHERE owned.partner_id = own.res_id)"
            )
        self.env.cr.execute(
            SQL(
                """
            SELECT found.key
              FROM (
                   SELECT who.key, activity.id
                     FROM unnest(%(keys)s::int[], %(persons)s::int[], %(their_records)s::int[],
                                 %(their_since)s::timestamp[]) AS who(key, partner_id, res_id, since)
                     JOIN engagement_activity activity
                       ON activity.partner_id = who.partner_id AND activity.date >= who.since
                    WHERE activity.type_id = ANY(%(types)s) AND activity.is_automatic IS NOT TRUE
                      AND (%(group_rule)s)
                    UNION
                   SELECT own.key, activity.id
                     FROM unnest(%(own_keys)s::int[], %(own_records)s::int[], %(own_since)s::timestamp[])
                       AS own(key, res_id, since)
                     JOIN engagement_activity activity ON (%(own_link)s) AND activity.date >= own.since
                    WHERE activity.type_id = ANY(%(types)s) AND activity.is_automatic IS NOT TRUE
                    UNION
                   SELECT own.key, activity.id
                     FROM unnest(%(own_keys)s::int[], %(own_records)s::int[], %(own_since)s::timestamp[])
                       AS own(key, res_id, since)
                     JOIN engagement_activity activity ON (%(group_link)s) AND activity.date >= own.since
                    WHERE activity.type_id = ANY(%(types)s) AND activity.is_automatic IS NOT TRUE
                   ) found
          GROUP BY found.key
            HAVING COUNT(*) >= %(count)s
            """,
                keys=[row[0] for row in pairs],
                persons=[row[1] for row in pairs],
                their_records=[row[2] for row in pairs],
                their_since=[row[3] for row in pairs],
                own_keys=[row[0] for row in own],
                own_records=[row[1] for row in own],
                own_since=[row[2] for row in own],
                types=edge.activity_type_ids.ids,
                group_rule=group_rule if model_name == "buying.group" else SQL("TRUE"),
                own_link=own_link,
                group_link=group_link,
                count=edge.activity_count,
            )
        )
        did = {row[0] for row in self.env.cr.fetchall()}
        return did if edge.activity_did == "did" else entered.keys() - did

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
