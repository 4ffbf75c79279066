# What the tests of the outbox share: mails of a journey that wait in it.
from .common_journey import JourneyCase


class OutboxCase(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Mail = cls.env["mail.mail"]
        cls.people = cls.env["res.partner"].create(
            [{"name": f"Reader {number}", "email": f"reader.{number}@example.com"} for number in range(4)]
        )

    def make_outbox(self, **values):
        """A journey with one mail, and a last step that nobody reaches yet."""
        steps = [{"kind": "email", **values}, {"kind": "wait", "wait_value": 2}, {"kind": "end"}]
        journey = self.make_journey("res.partner", [("id", "in", self.people.ids)], steps)
        self.engine.tick()
        mailing = journey.node_ids.mailing_id
        return journey, mailing, self.Mail.search([("mailing_id", "=", mailing.id)], order="id")

    def gateway(self):
        """Odoo's own stand-in for a mail server; sent mails are deleted as they are in life."""
        return self.mock_mail_gateway(mail_unlink_sent=True)

    def count_sent(self):
        """Mails of the journey since the gateway was opened; the demo data have others that wait."""
        return len([mail for mail in self._mails if mail["subject"] == "Test offer"])

    def statuses(self, mailing):
        traces = mailing.mailing_trace_ids.sorted("res_id")
        return [(trace.trace_status, trace.failure_type) for trace in traces]
