# What the tests of A/B tests share.
from collections import Counter
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import new_test_user

from odoo.addons.mass_mailing.tests.common import MassMailCommon

from .common_journey import BODY


class AbCase(MassMailCommon):
    """Contacts that nobody else mails, a marketer who tests mails on them, and what they may do with the mails."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            "ab_manager",
            "crm_buying_journey.group_manager,base.group_partner_manager",
            name="Marc Demo",
            email="marc.demo@example.com",
        )
        cls.marketer = new_test_user(
            cls.env,
            "ab_marketer",
            "crm_buying_journey.group_user,sales_team.group_sale_salesman_all_leads",
            name="Joel Willis",
            email="joel.willis@example.com",
        )

    @classmethod
    def make_contacts(cls, count, name="Contact"):
        return cls.env["res.partner"].create(
            [
                {"name": f"{name} {number}", "email": f"{name.lower()}.{number}@ab.example.com"}
                for number in range(count)
            ]
        )

    @classmethod
    def make_mailing(cls, records, user=None, **values):
        return (
            cls.env["mailing.mailing"]
            .with_user(user or cls.marketer)
            .create(
                {
                    "subject": "Offer A",
                    "body_html": BODY,
                    "mailing_model_id": cls.env["ir.model"]._get_id(records._name),
                    "mailing_domain": str([("id", "in", records.ids)]),
                    "email_from": '"Joel Willis" <joel.willis@example.com>',
                    **values,
                }
            )
        )

    @classmethod
    def make_test(cls, mailing, subjects=("Offer A", "Offer B"), weights=None, **values):
        """A test in draft, made by the marketer."""
        weights = weights or [1] * len(subjects)
        return (
            cls.env["mailing.ab.test"]
            .with_user(cls.marketer)
            .create(
                {
                    "mailing_id": mailing.id,
                    "min_sample": 2,
                    "method": "fixed",
                    "deadline": fields.Datetime.now() + timedelta(days=2),
                    "arm_ids": [
                        Command.create({"subject": subject, "weight": weight, "sequence": number})
                        for number, (subject, weight) in enumerate(zip(subjects, weights, strict=True))
                    ],
                    **values,
                }
            )
        )

    def launch(self, test):
        """Send the test's mailing as a person does, and let the host's queue run once."""
        test.mailing_id.with_user(self.marketer).action_launch()
        self.run_queue()

    def run_queue(self):
        # it commits as it goes, which a test must not
        with patch.object(self.env.registry["ir.cron"], "_commit_progress", lambda *_args, **_values: float("inf")):
            self.env["mailing.mailing"]._process_mass_mailing_queue()
        self.env.invalidate_all()

    def deliver(self, test, when=None):
        """All mails of the test leave."""
        traces = self.traces(test).filtered(lambda trace: trace.trace_status == "outgoing")
        traces.write({"trace_status": "sent", "sent_datetime": when or fields.Datetime.now() - timedelta(hours=1)})
        return traces

    def traces(self, test, arm=None):
        arms = arm or test.sudo().arm_ids
        return self.env["mailing.trace"].search([("mass_mailing_id", "in", arms.sudo().mailing_id.ids)], order="id")

    def allocations(self, test, **values):
        domain = [(name, "=", value) for name, value in values.items()]
        return self.env["mailing.ab.allocation"].search([("test_id", "=", test.id), *domain], order="id")

    def letters(self, test, **values):
        """How many recipients each arm has."""
        return Counter(row.arm_id.letter for row in self.allocations(test, **values))

    def launch_delivered(self, test):
        """As if the mails were made and had left an hour ago, without the time that making them takes."""
        test.sudo()._check_ready()
        test.sudo()._start()
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO mailing_trace (trace_type, model, res_id, email, mass_mailing_id, trace_status, sent_datetime,
                                       create_date, write_date)
            SELECT 'mail', allocation.res_model, allocation.res_id, allocation.email, arm.mailing_id, 'sent', %(sent)s,
                   %(sent)s, %(sent)s
              FROM mailing_ab_allocation allocation JOIN mailing_ab_arm arm ON arm.id = allocation.arm_id
             WHERE allocation.test_id = %(test)s AND allocation.state = 'assigned' ORDER BY allocation.id
            """,
            {"test": test.id, "sent": fields.Datetime.now() - timedelta(hours=1)},
        )
        self.env.cr.execute(
            "UPDATE mailing_ab_allocation SET state = 'mailed' WHERE test_id = %s AND state = 'assigned'", [test.id]
        )
        test.sudo().arm_ids.mailing_id.write({"state": "done"})
        self.env.invalidate_all()

    def click(self, traces, at=None, is_robot=False):
        """These recipients click, as core notes it."""
        at = at or fields.Datetime.now()
        for mailing, of_mailing in traces.grouped("mass_mailing_id").items():
            link = self.env["link.tracker"].search([("mass_mailing_id", "=", mailing.id)], limit=1)
            link = link or self.env["link.tracker"].create(
                {"url": f"https://www.example.com/{mailing.id}", "mass_mailing_id": mailing.id}
            )
            self.env.flush_all()
            self.env.cr.execute(
                """
                INSERT INTO link_tracker_click (link_id, mailing_trace_id, mass_mailing_id, is_robot, create_date)
                SELECT %s, id, mass_mailing_id, %s, %s FROM mailing_trace WHERE id = ANY(%s)
                """,
                [link.id, is_robot, at, of_mailing.ids],
            )
        traces.filtered(lambda trace: not trace.open_datetime).write({"trace_status": "open", "open_datetime": at})
        traces.write({"links_click_datetime": at})
        self.env.invalidate_all()

    def pass_deadline(self, test):
        test.sudo().deadline = fields.Datetime.now() - timedelta(minutes=1)
