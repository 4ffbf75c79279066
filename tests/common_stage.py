# What the tests of stages share: a live stage model, attached to the solution of the other tests.
from odoo import Command

from .common import BuyingJourneyCase


class BuyingStageCase(BuyingJourneyCase):
    """The stages Awareness and Interest (entries), Consideration, Purchase (success), Rejection (failure, may return).

    Awareness → Interest, Consideration; Interest → Awareness, Consideration; Consideration → Purchase, Rejection;
    Rejection → Interest.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.make_stages("Robots test")
        cls.awareness, cls.interest, cls.consideration, cls.success, cls.rejection = cls.model.stage_ids
        cls.model.action_publish()
        cls.solution.stage_model_id = cls.model
        # in the environment of the user of marketing, who may move groups
        cls.mine = cls.group.with_user(cls.user)

    @classmethod
    def make_stages(cls, name, **values):
        """A draft that could be published."""
        model = cls.env["buying.stage.model"].create(
            {
                "name": name,
                "stage_ids": [
                    Command.create({"sequence": 10, "name": "Awareness", "is_entry": True}),
                    Command.create({"sequence": 20, "name": "Interest", "is_entry": True}),
                    Command.create({"sequence": 30, "name": "Consideration"}),
                    Command.create({"sequence": 40, "name": "Purchase", "destination": "success"}),
                    Command.create({"sequence": 50, "name": "Rejection", "destination": "failure"}),
                ],
                **values,
            }
        )
        awareness, interest, consideration, success, rejection = model.stage_ids
        awareness.allowed_stage_ids = interest | consideration
        interest.allowed_stage_ids = awareness | consideration
        consideration.allowed_stage_ids = success | rejection
        rejection.allowed_stage_ids = interest
        return model

    @classmethod
    def make_rule(cls, from_stage, to_stage, domain="[]", **values):
        return cls.env["buying.stage.rule"].create(
            {
                "model_id": to_stage.model_id.id,
                "from_stage_id": from_stage.id if from_stage else False,
                "to_stage_id": to_stage.id,
                "domain": domain,
                **values,
            }
        )

    def assertStage(self, stage, source=None, group=None):
        """The group stands in this stage; with a source: because it was decided so."""
        group = (group or self.group).with_env(self.env)
        self.assertEqual(group.stage_id.name, stage.name if stage else False)
        if source:
            self.assertEqual(group.stage_source, source)
