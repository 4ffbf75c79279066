# Whose doing something is, where the environment's user only lends their rights.
from dataclasses import dataclass

from odoo import SUPERUSER_ID

CONTEXT_KEY = "bj_actor"


@dataclass(frozen=True)
class Actor:
    """Who started what runs with somebody else's rights. An object, so that no remote caller can put it into a context.

    ``uid``: the id of a user; that of the system means nobody.
    """

    uid: int


def get_actor_id(env):
    """The id of the user who does this, or ``False`` if nobody does."""
    actor = env.context.get(CONTEXT_KEY)
    uid = actor.uid if isinstance(actor, Actor) else env.uid
    return False if uid == SUPERUSER_ID else uid
