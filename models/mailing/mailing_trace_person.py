# Mailing traces: when a person, and not a machine, opened the mail.
from datetime import timedelta

from odoo import fields, models
from odoo.http import request

from ...tools import scanners


class MailingTrace(models.Model):
    """Core keeps the first open only, which is often a scanner's. We keep the first one that may be a person's besides;
    an open that core derives from a click or an answer is judged by that click or answer.
    """

    _inherit = "mailing.trace"

    person_open_datetime = fields.Datetime(
        "Opened by a Person", readonly=True, copy=False, help="First opening that no machine gave itself away by."
    )

    robot_open = fields.Boolean(
        "Opened by a Robot", readonly=True, copy=False, help="The program that opened it first calls itself a robot."
    )

    def set_opened(self, domain=None):
        robot = not self.env.context.get("bj_click") and bool(request and request.env["ir.http"].is_a_bot())
        before = self + (self.search(domain) if domain else self.browse())
        unopened = before.filtered(lambda trace: not trace.open_datetime)
        traces = super(MailingTrace, self.with_context(bj_robot=True) if robot else self).set_opened(domain=domain)
        if robot:
            unopened.robot_open = True
        if not (robot or self.env.context.get("bj_click") or self.env.context.get("bj_automatic_reply")):
            now = fields.Datetime.now()
            seconds = timedelta(seconds=scanners.get_seconds(self.env))
            traces.filtered(
                lambda trace: (
                    not trace.person_open_datetime
                    and not (seconds and trace.sent_datetime and now - trace.sent_datetime <= seconds)
                )
            ).person_open_datetime = now
        return traces
