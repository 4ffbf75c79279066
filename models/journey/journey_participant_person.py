# Which people of a participant are on which path of a split of people.
from odoo import fields, models


class JourneyParticipantPerson(models.Model):
    """One person of a participant, on one path of a split of people. Written when the participant comes to the split,
    deleted when its people meet again; a person is on one path at most."""

    _name = "journey.participant.person"
    _description = "Person on a Path"
    _rec_name = "partner_id"

    participant_id = fields.Many2one("journey.participant", required=True, ondelete="cascade")
    edge_id = fields.Many2one("journey.edge", "Path", required=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", "Person", required=True, index=True, ondelete="cascade")

    _person_unique = models.Constraint(
        "UNIQUE(participant_id, partner_id)", "A person is on one path of a split at a time."
    )
