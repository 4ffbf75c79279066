# Mailings that are arms of an A/B test.
from odoo import api, fields, models
from odoo.exceptions import UserError

from .mailing_mailing_expiry import EXPIRY_FIELDS

# what the recipients of an arm see, or who they are: frozen while the test runs
FROZEN = {
    "subject",
    "preview",
    "body_arch",
    "body_html",
    "email_from",
    "mailing_domain",
    "mailing_model_id",
    "contact_list_ids",
    "attachment_ids",
    "use_exclusion_list",
    "cc_slot_ids",
    "copy_limit",
    "topic_id",
    "is_operational",
    *EXPIRY_FIELDS,
}


class MailingMailing(models.Model):
    """``ab_test_id`` is set on all arms of a test, on the mailing that the test was set up on as well as on the copies
    of it. Mailings without it behave as ever.
    """

    _inherit = "mailing.mailing"

    ab_test_id = fields.Many2one(
        "mailing.ab.test", "A/B Test", index="btree_not_null", ondelete="set null", copy=False, readonly=True
    )
    is_ab_variant = fields.Boolean(
        "Variant of an A/B Test", copy=False, readonly=True, help="Hidden from the list of mailings."
    )
    ab_test_state = fields.Selection(related="ab_test_id.state", string="State of the A/B Test", tracking=False)
    ab_arm_ids = fields.One2many(related="ab_test_id.arm_ids", string="Arms", readonly=True)
    ab_comparison = fields.Html(related="ab_test_id.comparison_html", string="Comparison")
    ab_main_mailing_id = fields.Many2one(related="ab_test_id.mailing_id", string="Mailing of the A/B Test")

    @api.constrains("ab_testing_enabled", "ab_test_id")
    def _check_one_ab_test(self):
        if self.filtered(lambda mailing: mailing.ab_testing_enabled and mailing.ab_test_id):
            raise UserError(self.env._("This mailing has an A/B test already; the simple one cannot be used besides."))

    def write(self, vals):
        if FROZEN & vals.keys():
            self._check_not_tested()
        if not self.env.su and {"ab_test_id", "is_ab_variant"} & vals.keys():
            raise UserError(self.env._("Set up an A/B test to make a mailing an arm of it."))
        result = super().write(vals)
        if "active" in vals:
            # the queue looks at each arm by itself: archived together, none is sent
            mains = self.sudo().filtered(lambda mailing: mailing.ab_test_id and not mailing.is_ab_variant)
            variants = mains.ab_test_id.arm_ids.mailing_id - self
            if variants:
                variants.write({"active": vals["active"]})
        return result

    def _check_not_tested(self):
        """:raise UserError: one of these mails is being tested, which ends with another mail than it began with"""
        # users of Email Marketing need not see tests, which protect their mails all the same
        tested = self.sudo().filtered(lambda mailing: mailing.ab_test_id.state == "running")
        if tested and not self.env.su:
            raise UserError(
                self.env._(
                    "“%(mail)s” is being tested: its mails cannot be changed before the A/B test is over.",
                    mail=tested[:1].subject,
                )
            )

    def _check_content_editable(self):
        self._check_not_tested()
        return super()._check_content_editable()

    @api.model_create_multi
    def create(self, vals_list):
        # defaults of a request would come in as well
        given = {name for vals in vals_list for name in vals}
        given |= {name.removeprefix("default_") for name in self.env.context if name.startswith("default_")}
        if not self.env.su and {"ab_test_id", "is_ab_variant"} & given:
            raise UserError(self.env._("Set up an A/B test to make a mailing an arm of it."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_variant(self):
        if self.filtered(lambda mailing: mailing.is_ab_variant and mailing.ab_test_id):
            raise UserError(self.env._("This mail is an arm of an A/B test. Delete the arm there."))

    def unlink(self):
        """A draft takes its test along; a test that has started refuses."""
        tests = self.env["mailing.ab.test"].with_context(active_test=False).search([("mailing_id", "in", self.ids)])
        tests.unlink()
        return super(MailingMailing, self.exists()).unlink()

    # Setting up ---------------------------------------------------------------------------------------------------

    def action_create_ab_test(self):
        """Button: set up an A/B test on this mailing."""
        self.ensure_one()
        if not self.ab_test_id:
            self.env["mailing.ab.test"].create({"mailing_id": self.id, "name": self.subject})
        return self.action_open_ab_test()

    def action_open_ab_test(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("A/B Test"),
            "res_model": "mailing.ab.test",
            "res_id": self.ab_test_id.id,
            "view_mode": "form",
        }

    def action_send_winner_mailing(self):
        self._refuse_simple_ab_test()
        return super().action_send_winner_mailing()

    def action_select_as_winner(self):
        self._refuse_simple_ab_test()
        return super().action_select_as_winner()

    def _refuse_simple_ab_test(self):
        if self.ab_test_id:
            raise UserError(self.env._("The A/B test of this mailing decides by itself, or choose an arm there."))

    # Sending ------------------------------------------------------------------------------------------------------

    def action_put_in_queue(self):
        """Sending one arm sends the test: all arms together, at the time set on the test's own mailing."""
        tests = self.ab_test_id.filtered(lambda test: not test.journey_node_id)
        for test in tests:
            if test.state != "draft":
                test.check_access("write")
                # asked above; the arms' mails are the test's
                test.sudo()._queue_arms()
                continue
            test._check_ready()
            arms = test.arm_ids.mailing_id
            main = test.mailing_id if test.mailing_id in self else (self & arms)[:1]
            arms.write({"schedule_type": main.schedule_type, "schedule_date": main.schedule_date})
            super(MailingMailing, arms).action_put_in_queue()
        others = self.filtered(lambda mailing: mailing.ab_test_id not in tests)
        return super(MailingMailing, others).action_put_in_queue() if others else None

    def action_cancel(self):
        """Taking back one arm before anybody was drawn takes back all; afterwards, the test has to be stopped."""
        tests = self.ab_test_id.filtered(lambda test: not test.journey_node_id)
        if tests.filtered(lambda test: test.state in ("running", "decided")):
            raise UserError(
                self.env._("The A/B test of this mailing has started. Stop the test to send no more mails.")
            )
        return super(MailingMailing, self | tests.arm_ids.mailing_id).action_cancel()

    def action_retry_failed(self):
        """Failed mails of arms go back to the outbox: their recipients were drawn once and for good."""
        arms = self.filtered(lambda mailing: mailing.ab_test_id and not mailing.journey_node_id)
        if arms:
            arms._send_failed_again()
        others = self - arms
        return super(MailingMailing, others).action_retry_failed() if others else None

    def _get_remaining_recipients(self):
        test = self._get_one_off_test()
        if not test or test.state == "draft":
            return super()._get_remaining_recipients()
        return test._has_recipients(self)

    def _get_siblings(self):
        return super()._get_siblings() | self.sudo().ab_test_id.arm_ids.mailing_id.sudo(False)

    def _get_one_off_test(self):
        self.ensure_one()
        # the host's queue asks, as whoever
        return self.sudo().ab_test_id.filtered(lambda test: not test.journey_node_id)

    def _get_seen_list(self):
        """Core would read all addresses that were mailed before, again for each batch; the composer asks about its own
        batch instead."""
        if self._get_one_off_test():
            return set()
        return super()._get_seen_list()

    def _action_send_mail(self, res_ids=None):
        # the host's queue asks, as whoever
        tests = self.sudo().ab_test_id.filtered(lambda test: not test.journey_node_id)
        others = self.filtered(lambda mailing: mailing.sudo().ab_test_id not in tests)
        result = super(MailingMailing, others)._action_send_mail(res_ids=res_ids) if others else True
        if tests and res_ids is not None:
            raise UserError(self.env._("An A/B test draws its recipients itself."))
        for test in tests:
            test._send_guarded()
        return result

    def _compose_for(self, res_ids):
        """Make the mails of this mailing for some recipients, in state outgoing, without committing: core's composer,
        as core's mailings drive it.
        """
        self.ensure_one()
        user = self.user_id or self.write_uid or self.env.user
        mailing = self.with_context(**self.env["res.users"].with_user(user).context_get())
        values = {
            "auto_delete": not mailing.keep_archives,
            "auto_delete_keep_log": mailing.reply_to_mode == "update",
            "author_id": user.partner_id.id,
            "attachment_ids": [(4, attachment.id) for attachment in mailing.attachment_ids],
            "body": mailing._prepend_preview(mailing.body_html or "", mailing.preview),
            "composition_mode": "mass_mail",
            "email_from": mailing.email_from,
            "force_send": False,
            "mail_server_id": mailing.mail_server_id.id,
            "mailing_list_ids": [(4, mailing_list.id) for mailing_list in mailing.contact_list_ids],
            "mass_mailing_id": mailing.id,
            "model": mailing.mailing_model_real,
            "reply_to_force_new": mailing.reply_to_mode == "new",
            "subject": mailing.subject,
            "template_id": False,
            "use_exclusion_list": mailing.use_exclusion_list,
        }
        if mailing.reply_to_mode == "new":
            values["reply_to"] = mailing.reply_to
        composer = (
            mailing.env["mail.compose.message"]
            .with_context(
                active_ids=res_ids,
                default_composition_mode="mass_mail",
                mailing_by_filter={},
                **mailing._get_mass_mailing_context(),
            )
            .create(values)
        )
        composer._action_send_mail(auto_commit=False)
