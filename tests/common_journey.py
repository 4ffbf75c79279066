# What the tests of journeys, mails and alerts share.
from odoo import Command
from odoo.tests import new_test_user

from odoo.addons.mass_mailing.tests.common import MassMailCommon

BODY = """
<div>
    <p>Hello <t t-out="object.name"/>, <a href="https://www.example.com/offer">have a look</a>.</p>
    <p><a href="/unsubscribe_from_list">Unsubscribe</a></p>
</div>"""


class JourneyCase(MassMailCommon):
    """An account with two people and a salesperson, a live template, a solution, and a group with both people."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            "journey_manager",
            "crm_buying_journey.group_manager,sales_team.group_sale_manager,base.group_partner_manager",
            name="Marc Demo",
            email="marc.demo@example.com",
            lang="en_US",
        )
        cls.marketer = new_test_user(
            cls.env,
            "journey_user",
            "crm_buying_journey.group_user,sales_team.group_sale_salesman_all_leads",
            email="marketer@example.com",
            lang="en_US",
        )
        cls.salesperson = new_test_user(
            cls.env,
            "journey_sales",
            "crm_buying_journey.group_sales,sales_team.group_sale_salesman",
            name="Mitchell Admin",
            email="sales.person@example.com",
            lang="en_US",
        )
        cls.role_decision = cls.env.ref("crm_buying_journey.buying_role_decision_maker")
        cls.role_champion = cls.env.ref("crm_buying_journey.buying_role_champion")
        cls.template = cls.env["buying.role.template"].create(
            {
                "name": "Test purchase",
                "line_ids": [
                    Command.create({"role_id": cls.role_decision.id}),
                    Command.create({"role_id": cls.role_champion.id}),
                ],
            }
        )
        cls.template.action_publish()
        cls.solution = cls.env["buying.solution"].create({"name": "Test solution", "template_id": cls.template.id})
        cls.account, cls.other_account = cls.env["res.partner"].create(
            [
                {"name": "Azure Interior Test", "is_company": True, "user_id": cls.salesperson.id},
                {"name": "Deco Addict Test", "is_company": True},
            ]
        )
        cls.brandon, cls.colleen = cls.env["res.partner"].create(
            [
                {
                    "name": "Brandon Freeman",
                    "email": "brandon.test@example.com",
                    "parent_id": cls.account.id,
                    "function": "Creative Director",
                },
                {
                    "name": "Colleen Diaz",
                    "email": "colleen.test@example.com",
                    "parent_id": cls.account.id,
                    "phone": "+1 255-595-8393",
                },
            ]
        )
        cls.group = cls.env["buying.group"].create({"solution_id": cls.solution.id, "partner_id": cls.account.id})
        cls.group.assign_member(cls.brandon, cls.role_decision)
        cls.group.assign_member(cls.colleen, cls.role_champion)
        cls.engine = cls.env["journey.engine"]
        cls.env["ir.config_parameter"].set_param("crm_buying_journey.cc_recipients", "True")

    @classmethod
    def make_journey(cls, model, domain, steps, user=None, publish=True, **values):
        """A journey whose steps follow each other.

        :param list steps: values of the nodes; a mail step may hold ``subject``, ``body`` and ``cc`` (paths)
        """
        journey = cls.env["journey.journey"].create(
            {
                "name": f"Test journey on {model}",
                "model_id": cls.env["ir.model"]._get_id(model),
                "domain": str(domain),
                "user_id": (user or cls.manager).id,
                **values,
            }
        )
        for position, step in enumerate(steps):
            step = dict(step)
            mail = {key: step.pop(key) for key in ("subject", "body", "cc") if key in step}
            node = cls.env["journey.node"].create(
                {
                    "version_id": journey.draft_version_id.id,
                    "name": step.get("name") or f"Step {position + 1}",
                    "sequence": position * 10,
                    **step,
                }
            )
            if node.kind == "email":
                node.mailing_id.write(
                    {
                        "subject": mail.get("subject", "Test offer"),
                        "body_html": mail.get("body", BODY),
                        "email_from": '"Marc Demo" <marc.demo@example.com>',
                        "cc_slot_ids": [Command.create({"path": path}) for path in mail.get("cc", [])],
                    }
                )
        journey.action_connect_steps()
        if publish:
            journey.with_user(cls.manager).action_publish()
        return journey

    def states_of(self, journey):
        """``{step name: [states of its traces]}``"""
        result = {}
        for trace in journey.participant_ids.trace_ids.sorted("id"):
            result.setdefault(trace.node_id.name, []).append(trace.state)
        return result
