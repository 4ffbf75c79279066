# Wizard: try a journey on chosen records, or count its whole audience, without any effect.
from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError

MAX_RECORDS = 5


class JourneyTestRun(models.TransientModel):
    """Shows the path that up to five records would take, and sends the mails on it to the tester only.

    Nothing waits and nothing else changes. A test run uses the rights of whoever starts it; a dry run, those of the
    responsible user, so only that user and managers may start one.
    """

    _name = "journey.test.run"
    _description = "Test Run of a Journey"

    journey_id = fields.Many2one("journey.journey", required=True, readonly=True, ondelete="cascade")
    model_id = fields.Many2one(related="journey_id.model_id")
    email_to = fields.Char("Send Mails To", default=lambda self: self.env.user.email_normalized)
    listen_outcome = fields.Selection(
        [("next", "Something happens"), ("timeout", "Nothing happens in time")],
        "Where a Step Listens",
        default="next",
        required=True,
    )
    answer_ids = fields.One2many(
        "journey.test.run.answer",
        "run_id",
        "At Single Steps",
        compute="_compute_answer_ids",
        store=True,
        readonly=False,
    )
    record_ids = fields.One2many("journey.test.run.record", "run_id", "Records")
    line_ids = fields.One2many("journey.test.run.line", "run_id", "Path", readonly=True)
    mail_count = fields.Integer("Mails Sent to You", readonly=True)
    result = fields.Text(readonly=True)

    @api.depends("journey_id")
    def _compute_answer_ids(self):
        """One line for each step that listens, which follows the answer for all until it gets its own."""
        for run in self:
            listening = run.journey_id.shown_version_id.node_ids.filtered(lambda node: node.kind == "listen")
            run.answer_ids = [fields.Command.clear()] + [
                fields.Command.create({"node_id": node.id}) for node in listening
            ]

    def _get_answers(self):
        """:return: ``{id of a listening step: (outcome, id of the path or None)}``, of those with an own answer"""
        answers = {}
        for line in self.answer_ids.filtered("answer"):
            path = line.edge_id if line.answer == "branch" else line.edge_id.browse()
            if line.answer == "branch" and path.source_id != line.node_id:
                raise UserError(self.env._("Choose the path that “%(step)s” takes.", step=line.node_id.name))
            answers[line.node_id.id] = (line.answer, path.id or None)
        return answers

    def action_test(self):
        """Button: walk the chosen records through the journey.

        :raise UserError: no record, too many, or no address to send to
        """
        self.ensure_one()
        self.journey_id.check_access("write")
        records = self._get_records()
        address = tools.email_normalize(self.email_to)
        if not address:
            raise UserError(self.env._("Enter one email address to send the mails of the test to."))
        steps, mails = self.env["journey.rehearsal"]._walk(
            self.journey_id, records, self.listen_outcome, self._get_answers()
        )
        self._send(mails, address)
        self.line_ids.unlink()
        self.env["journey.test.run.line"].create([step | {"run_id": self.id} for step in steps])
        self.write({"mail_count": len(mails), "result": False})
        return self._show()

    def _get_records(self):
        """:raise UserError: see :meth:`action_test`"""
        chosen = [line.record for line in self.record_ids if line.record]
        if not chosen or len(chosen) > MAX_RECORDS:
            raise UserError(self.env._("Choose one to %(count)s records to test with.", count=MAX_RECORDS))
        model_name = self.journey_id.model_name
        if any(record._name != model_name for record in chosen):
            raise UserError(
                self.env._("Only %(model)s can take part in this journey.", model=self.journey_id.model_id.name)
            )
        records = self.env[model_name].browse(dict.fromkeys(record.id for record in chosen)).exists()
        records.check_access("read")
        return records

    def _send(self, mails, address):
        """Put the mails into the outbox for the tester alone: without CC, tracking or a mailing to count them."""
        self.env["mail.mail"].sudo().create(
            [
                {
                    "subject": self.env._("[TEST] %(subject)s", subject=mail["subject"] or ""),
                    "email_to": address,
                    "email_from": mail["email_from"],
                    "reply_to": mail["reply_to"],
                    "body_html": mail["body_html"],
                    "attachment_ids": [fields.Command.link(attachment) for attachment in mail["attachment_ids"]],
                    "auto_delete": True,
                }
                for mail in mails
            ]
        )
        if mails:
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def action_dry_run(self):
        """Button: count who would enter now, and where they would go at the first split."""
        self.ensure_one()
        self.journey_id.check_access("write")
        journey = self.journey_id
        if journey.user_id != self.env.user and not self.env.user.has_group("crm_buying_journey.group_manager"):
            raise AccessError(
                self.env._("Only %(user)s or a manager may count the audience.", user=journey.user_id.name)
            )
        if journey.user_id != self.env.user and not self.env.su:
            journey._check_no_escalation()
        counts = self.env["journey.rehearsal"]._count_audience(journey)
        lines = [self.env._("%(count)s records would enter now.", count=counts["entering"])]
        if counts["split"]:
            lines.append(self.env._("At the step “%(step)s” they would go:", step=counts["split"].name))
            lines += [f"– {label}: {count}" for label, count in counts["paths"]]
        else:
            lines.append(self.env._("There is no split on their way."))
        self.line_ids.unlink()
        self.write({"result": "\n".join(lines), "mail_count": 0})
        return self._show()

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test Run"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class JourneyTestRunAnswer(models.TransientModel):
    _name = "journey.test.run.answer"
    _description = "Answer of a Step in a Test Run"
    _order = "id"

    run_id = fields.Many2one("journey.test.run", required=True, ondelete="cascade")
    node_id = fields.Many2one("journey.node", "Step", required=True, readonly=True, ondelete="cascade")
    answer = fields.Selection(
        [
            ("next", "Something happens"),
            ("branch", "Something happens that has a path of its own"),
            ("timeout", "Nothing happens in time"),
        ],
        help="Empty: as chosen for all steps.",
    )
    edge_id = fields.Many2one(
        "journey.edge",
        "Path",
        ondelete="cascade",
        domain="[('source_id', '=', node_id), ('outcome', '=', 'branch')]",
    )


class JourneyTestRunRecord(models.TransientModel):
    _name = "journey.test.run.record"
    _description = "Record of a Test Run"

    run_id = fields.Many2one("journey.test.run", required=True, ondelete="cascade")
    # decides what the field below offers; a default of the view, since a new line does not know its run yet
    model_id = fields.Many2one("ir.model", ondelete="cascade")
    record = fields.Reference(selection="_selection_model")

    @api.model
    def _selection_model(self):
        return [(model.model, model.name) for model in self.env["journey.journey"]._get_allowed_models()]


class JourneyTestRunLine(models.TransientModel):
    _name = "journey.test.run.line"
    _description = "Step of a Test Run"
    _order = "id"

    run_id = fields.Many2one("journey.test.run", required=True, ondelete="cascade")
    record_name = fields.Char("Record")
    visit = fields.Integer("No.")
    node_name = fields.Char("Step")
    summary = fields.Char("What It Does")
    state = fields.Selection([("waiting", "Waiting"), ("done", "Done"), ("skipped", "Skipped"), ("failed", "Failed")])
    outcome = fields.Char("Way Out")
    reason = fields.Char()
