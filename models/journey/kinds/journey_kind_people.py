# Steps on the paths of a split of people.
from odoo import models


class JourneyKind(models.AbstractModel):
    _inherit = "journey.kind"

    def _get_people(self, node, records):
        """Steps on a path of people act on the people of that path only."""
        people = super()._get_people(node, records)
        split = node._get_people_split()
        if not split or self.env.context.get("whole_audience"):
            return people
        self.env["journey.participant"].flush_model()
        self.env.cr.execute(
            """
            SELECT participant.res_id, person.partner_id
              FROM journey_participant participant
              JOIN journey_participant_person person
                ON person.participant_id = participant.id AND person.edge_id = participant.people_edge_id
             WHERE participant.node_id = %s AND participant.state = 'active'
               AND participant.res_model = %s AND participant.res_id IN %s
            """,
            [node.id, records._name, tuple(records.ids) or (0,)],
        )
        on_path = {}
        for record_id, person_id in self.env.cr.fetchall():
            on_path.setdefault(record_id, set()).add(person_id)
        return {
            record_id: persons.filtered(lambda person, key=record_id: person.id in on_path.get(key, ()))
            for record_id, persons in people.items()
        }
