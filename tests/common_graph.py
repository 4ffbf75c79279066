# What the tests of steps with several ways out share.
from .common_journey import JourneyCase


class GraphCase(JourneyCase):
    """Builds journeys that are no mere row of steps."""

    @classmethod
    def make_graph(cls, model, domain, nodes, edges, publish=True, user=None, **values):
        """A journey of these steps and connections.

        :param dict nodes: ``{name: values}``
        :param list edges: ``(source, target, outcome, values)``; names of steps
        :return: the journey, and ``{name: node}``
        """
        journey = cls.env["journey.journey"].create(
            {
                "name": "Graph",
                "model_id": cls.env["ir.model"]._get_id(model),
                "domain": str(domain),
                "user_id": (user or cls.manager).id,
                **values,
            }
        )
        made = {
            name: cls.env["journey.node"].create(
                {"version_id": journey.draft_version_id.id, "name": name, "sequence": place, "kind": "end", **node}
            )
            for place, (name, node) in enumerate(nodes.items())
        }
        for place, (source, target, outcome, *more) in enumerate(edges):
            cls.env["journey.edge"].create(
                {
                    "source_id": made[source].id,
                    "target_id": made[target].id,
                    "outcome": outcome,
                    "sequence": place,
                    **(more[0] if more else {}),
                }
            )
        if publish:
            journey.with_user(cls.manager).action_publish()
        return journey, made

    @classmethod
    def make_contacts(cls, count, **values):
        return cls.env["res.partner"].create(
            [
                {"name": f"Contact {number}", "email": f"contact.{number}@example.com", **values}
                for number in range(count)
            ]
        )

    @classmethod
    def activity_type(cls, code):
        return cls.env.ref(f"crm_buying_journey.engagement_activity_type_{code}")

    @classmethod
    def log(cls, code, partner, **values):
        return cls.env["engagement.activity.type"].log(code, partner, **values)

    def path_of(self, journey):
        """``{record id: name of the step where its latest entry ended or stands}``"""
        return {participant.res_id: participant.node_id.name for participant in journey.participant_ids.sorted("id")}
