# What the tests of the sales alert share: actions, and a group with all that an alert can tell.
from datetime import datetime, timedelta

from odoo import Command, fields
from odoo.tests import new_test_user

from .common_journey import JourneyCase

# a Monday; everything in a rich group happened before it
NOW = datetime(2026, 3, 16, 10, 0)
SALES = "sales.person@example.com"


class AlertCase(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.forget_body_translations()

    @classmethod
    def forget_body_translations(cls):
        """The body has its words from the content, in all languages; a catalogue from before that has a former body."""
        template = cls.env.ref("crm_buying_journey.mail_template_sales_alert")
        template.flush_recordset()
        cls.env.cr.execute(
            "UPDATE mail_template SET body_html = jsonb_build_object('en_US', body_html -> 'en_US') WHERE id = %s",
            [template.id],
        )
        template.invalidate_recordset()

    @classmethod
    def make_action(cls, model="buying.group", **values):
        if not values.keys() & {"alert_email_to", "alert_user_ids", "alert_team_id", "alert_to_salesperson"}:
            values["alert_email_to"] = "team@example.com"
        return cls.env["ir.actions.server"].create(
            {"name": "Alert", "state": "sales_alert", "model_id": cls.env["ir.model"]._get_id(model), **values}
        )

    def make_colleague_elsewhere(self):
        """A salesperson of another company, while the group belongs to ours."""
        chicago = self.env["res.company"].create({"name": "My Company, Chicago"})
        colleague = new_test_user(
            self.env,
            "alert_chicago",
            "crm_buying_journey.group_sales",
            company_id=chicago.id,
            company_ids=[Command.set(chicago.ids)],
            email="chicago@example.com",
        )
        self.account.company_id = self.env.company
        self.env.flush_all()
        return colleague

    def run_on(self, action, records):
        return action.with_context(active_model=records._name, active_ids=records.ids, active_id=records.ids[0]).run()

    def mails(self, group=None):
        """The mails about the group, the first one first."""
        domain = [("model", "=", "buying.group"), ("res_id", "=", (group or self.group).id)]
        return self.env["mail.mail"].search([*domain, ("alert_recipient_id", "!=", False)], order="id")

    def alerts(self, group=None):
        return self.env["buying.alert"].search([("group_id", "=", (group or self.group).id)], order="id")

    def make_alert_journey(self, model, records, publish=True, more_steps=(), **values):
        """A live journey whose first step alerts; the default recipient is an address."""
        if not values.keys() & {"alert_email_to", "alert_user_ids", "alert_team_id", "alert_to_salesperson"}:
            values["alert_email_to"] = "team@example.com"
        step = {"kind": "action", "name": "Tell sales", "action_state": "sales_alert", **values}
        return self.make_journey(model, [("id", "in", records.ids)], [step, *more_steps], publish=publish)

    def outgoing(self, mail):
        """What leaves: the values of the one message of a mail."""
        (values,) = mail._prepare_outgoing_list()
        return values

    @classmethod
    def happen(cls, code, days, subject=None, **values):
        """Something happened so many days before the present moment of the test."""
        date = fields.Datetime.now() - timedelta(days=days)
        kind = cls.env["engagement.activity.type"]._get_by_code(code)
        return cls.env["engagement.activity"].create({"type_id": kind.id, "date": date, "subject": subject, **values})

    @classmethod
    def make_rich_group(cls):
        """Five members, one of them not engaged, one without a phone; moments, activities, topics, a missing role."""
        roles = {
            name: cls.env.ref(f"crm_buying_journey.buying_role_{name}")
            for name in ("decision_maker", "champion", "influencer", "practitioner")
        }
        template = cls.env["buying.role.template"].create(
            {
                "name": "Rich purchase",
                "line_ids": [
                    Command.create({"role_id": role.id, "weight": weight, "sequence": place, "is_required": place < 3})
                    for place, (role, weight) in enumerate(zip(roles.values(), ("100", "80", "60", "40"), strict=True))
                ],
            }
        )
        template.action_publish()
        solution = cls.env["buying.solution"].create({"name": "Office & Planning", "template_id": template.id})
        account = cls.env["res.partner"].create(
            {"name": "Gemini Furniture Test", "is_company": True, "user_id": cls.salesperson.id}
        )
        people = cls.env["res.partner"].create(
            [
                {
                    "name": "Edwin Hansen",
                    "function": "Marketing Manager",
                    "email": "edwin.test@example.com",
                    "phone": "+1 204-555-0144",
                    "parent_id": account.id,
                },
                {
                    "name": "Jesse Brown",
                    "function": "Senior Consultant",
                    "email": "jesse.test@example.com",
                    "phone": "+1 204-555-0167",
                    "parent_id": account.id,
                },
                {
                    "name": "Oscar Morgan",
                    "function": "Order Clerk",
                    "email": "oscar.test@example.com",
                    "parent_id": account.id,
                },
                {"name": "Soham Palmer", "phone": "204 555 0188", "parent_id": account.id},
                {"name": "Zed Silent", "parent_id": account.id},
            ]
        )
        group = cls.env["buying.group"].create({"solution_id": solution.id, "partner_id": account.id})
        chosen = ("decision_maker", "influencer", "practitioner", "practitioner", "practitioner")
        for person, role in zip(people, chosen, strict=True):
            group.assign_member(person, roles[role])
        edwin, jesse, oscar, soham, _zed = people
        cls.env["buying.topic"].create(
            [
                {"name": "Carpets", "solution_id": solution.id, "keywords": "carpet"},
                {"name": "Reading lamps", "solution_id": solution.id, "keywords": "reading lamp"},
            ]
        )
        cls.happen("page_viewed", 3, "Carpets for two rooms", partner_id=edwin.id)
        cls.happen("email_clicked", 5, "Our range of carpets", partner_id=edwin.id)
        cls.happen("email_opened", 6, "Our range of carpets", partner_id=edwin.id)
        cls.happen("page_viewed", 4, "A reading lamp", partner_id=jesse.id)
        cls.happen("meeting_attended", 9, "A walk through the showroom", partner_id=jesse.id)
        cls.happen("email_opened", 12, partner_id=oscar.id)
        cls.happen("interesting_moment", 2, "Asked for <40> samples", partner_id=edwin.id, new_value="milestone")
        cls.happen("interesting_moment", 8, "Third visit in a week", partner_id=jesse.id, new_value="web")
        cls.happen("interesting_moment", 10, "A second site will open", account_id=account.id, new_value="milestone")
        cls.happen("interesting_moment", 40, "Long ago", partner_id=soham.id, new_value="email")
        for person, score in zip(people, (95, 75, 75, 12.5, 0), strict=True):
            person.engagement_score = score
        cls.env.flush_all()
        group.write({"engagement": 89.5, "status": "Asks for an offer"})
        cls.env["buying.intent"]._compute_all()
        cls.env.flush_all()
        return group, people
