# Arms of A/B tests: each one is a mail.
from string import ascii_uppercase

from odoo import api, fields, models
from odoo.exceptions import UserError

from .mailing_ab_test import MAX_ARMS
from .mailing_mailing_expiry import EXPIRY_FIELDS

# what all arms have in common, whatever differs
SETTINGS = (
    "mailing_model_id",
    "mailing_domain",
    "mailing_filter_id",
    "contact_list_ids",
    "mail_server_id",
    "campaign_id",
    "medium_id",
    "user_id",
    "keep_archives",
    "use_exclusion_list",
    "reply_to_mode",
    "reply_to",
    "topic_id",
    "is_operational",
    "copy_limit",
    *EXPIRY_FIELDS,
)
# what the arms of a subject test have in common besides
BODY = ("body_arch", "body_html", "attachment_ids")


class MailingAbArm(models.Model):
    """One of the mails that an A/B test compares. The first arm is the mailing that the test was set up on; each other
    arm owns a copy of it, so that its links, answers, leads and orders are told apart by themselves.
    """

    _name = "mailing.ab.arm"
    _description = "Arm of an A/B Test"
    _order = "test_id, sequence, id"
    _rec_name = "letter"

    test_id = fields.Many2one("mailing.ab.test", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="test_id.company_id", store=True)
    state = fields.Selection(related="test_id.state")
    test_type = fields.Selection(related="test_id.test_type")
    sequence = fields.Integer(default=10)
    letter = fields.Char("Arm", readonly=True, copy=False)
    mailing_id = fields.Many2one("mailing.mailing", "Mail", index=True, ondelete="restrict", readonly=True, copy=False)
    subject = fields.Char(related="mailing_id.subject", readonly=False)
    preview = fields.Char(related="mailing_id.preview", readonly=False)
    email_from = fields.Char(related="mailing_id.email_from", readonly=False)
    weight = fields.Integer(default=1, required=True, help="Shares of the arms are in proportion to their weights.")
    share = fields.Float("Share (%)", compute="_compute_share")
    is_main = fields.Boolean(compute="_compute_is_main")

    _weight_positive = models.Constraint("CHECK(weight BETWEEN 1 AND 1000)", "Weights go from 1 to 1,000.")
    _letter_unique = models.UniqueIndex("(test_id, letter)", "Each arm has a letter of its own.")

    @api.depends("letter", "subject")
    def _compute_display_name(self):
        for arm in self:
            arm.display_name = f"{arm.letter or '?'}: {arm.subject or ''}"

    @api.depends("weight", "test_id.arm_ids.weight")
    def _compute_share(self):
        for arm in self:
            total = sum(arm.test_id.arm_ids.mapped("weight"))
            arm.share = 100 * arm.weight / total if total else 0

    @api.depends("mailing_id", "test_id.mailing_id")
    def _compute_is_main(self):
        for arm in self:
            arm.is_main = bool(arm.mailing_id) and arm.mailing_id == arm.test_id.mailing_id

    @api.model_create_multi
    def create(self, vals_list):
        contents = []
        given = {name for vals in vals_list for name in vals}
        given |= {name.removeprefix("default_") for name in self.env.context if name.startswith("default_")}
        if not self.env.su and {"mailing_id", "letter"} & given:
            raise UserError(self.env._("An arm gets a mail and a letter of its own."))
        for vals in vals_list:
            test = self.env["mailing.ab.test"].browse(vals.get("test_id"))
            contents.append({name: vals.pop(name) for name in ("subject", "preview", "email_from") if vals.get(name)})
            if not self.env.su and test.state != "draft":
                raise UserError(self.env._("The settings of an A/B test are frozen once it has started."))
        arms = super().create(vals_list)
        for test, of_test in arms.grouped("test_id").items():
            # the first arm of all is the mailing itself
            if test.mailing_id not in test.arm_ids.mailing_id:
                of_test.sorted("sequence").filtered(lambda arm: not arm.mailing_id)[
                    :1
                ].sudo().mailing_id = test.mailing_id
        for arm, content in zip(arms, contents, strict=True):
            taken = set((arm.test_id.arm_ids - arm).mapped("letter"))
            arm.sudo().letter = next((letter for letter in ascii_uppercase if letter not in taken), "?")
            arm._ensure_mailings()
            if content:
                arm.mailing_id.write(content)
        return arms

    def _ensure_mailings(self):
        """Give each arm a mail: a copy of the test's mailing."""
        for arm in self.filtered(lambda arm: not arm.mailing_id):
            arm.sudo().mailing_id = arm._copy_mailing(arm.test_id.mailing_id)
        for arm in self:
            if arm.mailing_id.ab_test_id != arm.test_id or not arm.is_main:
                arm.mailing_id.sudo().write(
                    {
                        "ab_test_id": arm.test_id.id,
                        "is_ab_variant": not arm.is_main,
                        "journey_node_id": arm.test_id.mailing_id.journey_node_id.id,
                    }
                )

    def _copy_mailing(self, mailing):
        """A copy to differ from the original; core would take some settings back to their defaults.

        :rtype: mailing.mailing
        """
        # people are told of the mailing, not of each of its variants
        return mailing.with_context(mail_auto_subscribe_no_notify=True).copy(
            {
                "subject": mailing.subject,
                "use_exclusion_list": mailing.use_exclusion_list,
                "email_from": mailing.email_from,
                "campaign_id": mailing.campaign_id.id,
            }
        )

    def write(self, vals):
        if not self.env.su:
            if {"mailing_id", "letter"} & vals.keys():
                raise UserError(self.env._("An arm keeps its mail and its letter."))
            if "test_id" in vals and any(arm.test_id.id != vals["test_id"] for arm in self):
                raise UserError(self.env._("An arm stays in its test."))
            self._check_draft()
        return super().write(vals)

    def _check_draft(self):
        if self.test_id.filtered(lambda test: test.state != "draft"):
            raise UserError(self.env._("The settings of an A/B test are frozen once it has started."))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_main(self):
        self._check_draft()
        if self.filtered("is_main"):
            raise UserError(self.env._("The first arm is the mailing itself. Delete the test to do without it."))

    def unlink(self):
        mailings = self.mailing_id
        result = super().unlink()
        mailings.sudo().write({"journey_node_id": False, "ab_test_id": False})
        mailings.unlink()
        return result

    def _get_content(self):
        """What the recipient sees of this arm, to tell whether two arms are the same.

        :rtype: tuple
        """
        mailing = self.mailing_id
        seen = (mailing.subject, mailing.preview or "", mailing.email_from)
        return (*seen, str(mailing.body_html or "")) if self.test_type == "mail" else seen

    def _share_settings(self):
        """Bring to all arms what they have in common: recipients and options, and the body of a subject test."""
        for test in self.test_id:
            main = test.mailing_id
            # mails of arms are written by their test alone
            variants = (test.arm_ids.mailing_id - main).sudo()
            names = SETTINGS + (BODY if test.test_type == "subject" else ())
            values = main._convert_to_write({name: main[name] for name in names})
            for variant in variants:
                variant.with_context(bj_ab_share=True, mail_auto_subscribe_no_notify=True).write(dict(values))
                if test.test_type == "subject":
                    variant.cc_slot_ids.unlink()
                    main.cc_slot_ids.copy({"mailing_id": variant.id})

    def action_copy(self):
        """Button: one more arm like this one."""
        self.ensure_one()
        self._check_draft()
        if len(self.test_id.arm_ids) >= MAX_ARMS:
            raise UserError(self.env._("An A/B test has at most %(most)s arms.", most=MAX_ARMS))
        last = max(self.test_id.arm_ids.mapped("sequence"))
        arm = self.create({"test_id": self.test_id.id, "weight": self.weight, "sequence": last + 1})
        source = self.mailing_id
        values = source._convert_to_write({name: source[name] for name in ("subject", "preview", "email_from", *BODY)})
        arm.mailing_id.write(values)

    def action_open_mailing(self):
        """Button: write the mail of this arm."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mail of Arm %(arm)s", arm=self.letter),
            "res_model": "mailing.mailing",
            "res_id": self.mailing_id.id,
            "view_mode": "form",
        }

    def action_choose(self):
        """Button: send this arm to the rest, by hand."""
        self.ensure_one()
        return self.test_id.choose(self)

    def action_test(self):
        """Button: send a test of this arm to oneself."""
        self.ensure_one()
        if self.state == "draft":
            self._share_settings()
        return self.mailing_id.action_test()
