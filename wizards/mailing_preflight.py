# Wizard: what would happen if a mail were sent now.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class MailingPreflight(models.TransientModel):
    """The numbers and findings of one mail before it is launched: a one-off mailing, or the mail of a journey's step as
    if everybody of the audience came to it now. Matched = excluded by reason + will be sent; each number opens its
    list. Counted with the rights of the user who looks; nothing is made or sent.
    """

    _name = "mailing.preflight"
    _description = "Preflight of a Mail"
    _rec_name = "subject"

    mailing_id = fields.Many2one("mailing.mailing", readonly=True, required=True, ondelete="cascade")
    node_id = fields.Many2one("journey.node", "Step", readonly=True, ondelete="cascade")
    subject = fields.Char(related="mailing_id.subject")
    mailing_state = fields.Selection(related="mailing_id.state", string="State of the Mailing")
    line_ids = fields.One2many("mailing.preflight.line", "preflight_id", "Recipients")
    finding_ids = fields.One2many("mailing.preflight.finding", "preflight_id", "Findings")
    matched_count = fields.Integer("Matched", readonly=True)
    excluded_count = fields.Integer("Excluded", readonly=True)
    sent_count = fields.Integer("Will Be Sent", readonly=True)
    copies = fields.Char(readonly=True)
    test_note = fields.Char("A/B Test", readonly=True)
    error_count = fields.Integer("Errors", compute="_compute_finding_counts")
    warning_count = fields.Integer("Warnings", compute="_compute_finding_counts")

    @api.depends("finding_ids.level")
    def _compute_finding_counts(self):
        for preflight in self:
            levels = preflight.finding_ids.mapped("level")
            preflight.error_count = levels.count("error")
            preflight.warning_count = levels.count("warning")

    @api.model_create_multi
    def create(self, vals_list):
        preflights = super().create(vals_list)
        for preflight in preflights:
            preflight._look()
        return preflights

    def _look(self):
        """Count everything and keep the lists behind the numbers."""
        Audiences = self.env["mailing.audience"]
        mailing, node = self.mailing_id, self.node_id
        if node:
            if node.mailing_id != mailing:
                raise UserError(self.env._("The step has another mail."))
            audience = Audiences._get_node_audience(node)
        else:
            audience = Audiences._get_mailing_audience(mailing)
        going = audience.get_going()
        labels = Audiences._get_reason_labels()
        counts = dict.fromkeys(labels, 0)
        for reason in audience.refused.values():
            counts[reason] += 1
        lines = [("matched", self.env._("Matched"), len(audience.matched))]
        lines += [(reason, labels[reason], count) for reason, count in counts.items() if count]
        lines.append(("going", self.env._("Will be sent"), len(going)))
        findings = mailing._get_findings(mailing._get_sample(going))
        if not going:
            findings.append(("warning", self.env._("Nobody would get this mail.")))
        self.write(
            {
                "matched_count": len(audience.matched),
                "excluded_count": len(audience.refused),
                "sent_count": len(going),
                "copies": self._get_copies(going),
                "test_note": self._get_test_note(len(going)),
                "line_ids": [
                    fields.Command.create({"code": code, "label": label, "count": count})
                    for code, label, count in lines
                ],
                "finding_ids": [fields.Command.create({"level": level, "text": text}) for level, text in findings],
            }
        )
        self._keep(audience)

    def _get_copies(self, going):
        mailing = self.mailing_id
        if not mailing.cc_slot_ids:
            return False
        return mailing._get_copy_sentence(mailing._get_copy_forecast(going))

    def _get_test_note(self, count):
        """What becomes of those who will be sent the mail, if it is tested: not everybody gets one at once."""
        test = self.mailing_id.ab_test_id.filtered(lambda test: test.state == "draft")
        if not test:
            return False
        sizes = dict.fromkeys(("assigned", "held", "holdout"), 0)
        for state, size, *_arm in test._get_parts(count):
            sizes[state] += size
        if test.journey_node_id:
            # drawn as they come, so these are what is to be expected; nobody waits
            sizes["assigned"] += sizes["held"]
            return self.env._(
                "A/B test: about %(assigned)s get one of %(arms)s arms, and about %(holdout)s no mail at all.",
                arms=len(test.arm_ids),
                **sizes,
            )
        return self.env._(
            "A/B test: %(assigned)s get one of %(arms)s arms at once, %(held)s wait for the decision, and %(holdout)s "
            "get no mail at all.",
            arms=len(test.arm_ids),
            **sizes,
        )

    def _keep(self, audience):
        """One row per recipient, by one statement: there may be a hundred thousand."""
        self.env["mailing.preflight.recipient"].flush_model()
        rows = [
            (
                record_id,
                ", ".join(audience.addresses[record_id].to or audience.addresses[record_id].own),
                audience.refused.get(record_id),
            )
            for record_id in audience.matched
        ]
        if not rows:
            return
        ids, emails, reasons = map(list, zip(*rows, strict=True))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_preflight_recipient (
                       preflight_id, res_model, res_id, email, reason, create_uid, create_date, write_uid, write_date)
                SELECT %(preflight)s, %(model)s, row.id, NULLIF(row.email, ''), COALESCE(row.reason, 'going'),
                       %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM unnest(%(ids)s::int[], %(emails)s::varchar[], %(reasons)s::varchar[])
                       WITH ORDINALITY AS row(id, email, reason, place)
              ORDER BY row.place
                """,
                preflight=self.id,
                model=self.mailing_id.mailing_model_real,
                uid=self.env.uid,
                now=self.env.cr.now(),
                ids=ids,
                emails=emails,
                reasons=reasons,
            )
        )
        self.env["mailing.preflight.recipient"].invalidate_model()

    def _open(self):
        """:return: the dialog"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preflight"),
            "res_model": "mailing.preflight",
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_open(self):
        return self._open()

    def action_launch(self):
        """Button: send the mailing now."""
        self.ensure_one()
        self.mailing_id.action_launch()
        return {"type": "ir.actions.client", "tag": "soft_reload"}
