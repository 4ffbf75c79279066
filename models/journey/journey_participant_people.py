# Participants inside a split of people.
from odoo import fields, models


class JourneyParticipant(models.Model):
    """While a participant is inside a split of people, ``people_edge_id`` is the path whose steps it visits; those act
    on the people of that path only."""

    _inherit = "journey.participant"

    people_edge_id = fields.Many2one("journey.edge", "Path of People", index="btree_not_null", ondelete="set null")
    person_ids = fields.One2many("journey.participant.person", "participant_id", "People on Paths")
