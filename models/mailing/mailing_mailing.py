# Mailings: CC slots, and mailings that belong to a journey.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# what may be written on the mail of a published journey by whoever may write mailings: it changes no mail
STATISTICS = {"active", "color", "favorite", "favorite_date", "sent_date", "kpi_mail_required"}
STATISTICS |= {"result_cost", "result_cost_currency_id"}


class MailingMailing(models.Model):
    """A mailing may copy other people (``cc_slot_ids``), and may be the mail of a journey's step.

    A journey's mailing is ``draft`` while its journey is built and ``done`` from publishing on, although mails still
    leave: in the states between, the host's mailing queue would send it to its whole audience by itself.
    """

    _inherit = "mailing.mailing"

    journey_node_id = fields.Many2one(
        "journey.node", "Journey Step", index="btree_not_null", ondelete="set null", copy=False, readonly=True
    )
    cc_slot_ids = fields.One2many("mailing.cc.slot", "mailing_id", "CC Recipients", copy=True)
    copy_count = fields.Integer("Copies", compute="_compute_copy_count")

    def _compute_copy_count(self):
        counts = dict(
            self.env["mailing.trace.copy"]._read_group(
                [("mailing_id", "in", self.ids), ("state", "!=", "skipped")], ["mailing_id"], ["__count"]
            )
        )
        for mailing in self:
            mailing.copy_count = counts.get(mailing, 0)

    @api.constrains("cc_slot_ids")
    def _check_cc_slots(self):
        """At most five, as in Dynamics 365 Customer Insights – Journeys."""
        for mailing in self:
            if len(mailing.cc_slot_ids) > 5:
                raise UserError(self.env._("A mailing can copy up to five recipients."))

    def _uses_addon(self):
        """Whether this mailing uses anything that this addon adds; others are composed and sent as Odoo does it."""
        return bool(self.journey_node_id or self.cc_slot_ids or self.topic_id or self.sudo().ab_test_id)

    def _check_editable(self):
        """A published journey was approved with its mails; only managers still correct them.

        :raise UserError: one of these mailings is the mail of a published journey
        """
        # the version's state counts, too: that of a mailing can be set back
        published = self.sudo().filtered(
            lambda mailing: (
                mailing.journey_node_id
                and (mailing.state == "done" or mailing.journey_node_id.version_id.state != "draft")
            )
        )
        if published and not self.env.su and not self.env.user.has_group("crm_buying_journey.group_manager"):
            raise UserError(self.env._("Only managers may change the mail of a published journey."))

    def _check_content_editable(self):
        """What belongs to a mail without being a field of it, such as its CC slots and attachments, changes only where
        the mail itself may.

        :raise UserError: one of these mails stays as it is
        """
        self._check_editable()

    def _refuse_journey(self):
        """:raise UserError: one of these mailings belongs to a journey, which alone sends it"""
        if self.filtered("journey_node_id"):
            raise UserError(self.env._("This mail belongs to a journey. It is sent when participants reach its step."))

    def action_launch(self):
        self._refuse_journey()
        return super().action_launch()

    def action_schedule(self):
        self._refuse_journey()
        return super().action_schedule()

    def action_put_in_queue(self):
        self._refuse_journey()
        return super().action_put_in_queue()

    def _action_send_mail(self, res_ids=None):
        self._refuse_journey()
        return super()._action_send_mail(res_ids=res_ids)

    @api.model_create_multi
    def create(self, vals_list):
        mailings = super().create(vals_list)
        if not self.env.su and mailings.filtered("journey_node_id"):
            raise UserError(self.env._("Only a journey's step says which mail is its own."))
        return mailings

    def write(self, vals):
        if not self.env.su:
            if "journey_node_id" in vals:
                raise UserError(self.env._("Only a journey's step says which mail is its own."))
            if {"mailing_model_id", "mailing_type"} & vals.keys() and self.filtered("journey_node_id"):
                raise UserError(self.env._("The step of the journey says who gets its mail."))
            if vals.keys() - STATISTICS:
                self._check_editable()
        if vals.get("state") in ("in_queue", "sending"):
            self._refuse_journey()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_of_running_journeys(self):
        """Its step would send nothing any more, and be published all the same."""
        if not self.env.su and self.filtered(lambda mailing: mailing.journey_node_id and mailing.state == "done"):
            raise UserError(self.env._("The mail of a published journey cannot be deleted. Abort the journey."))

    def action_retry_failed(self):
        """Failed mails of a journey go back to the outbox; the mailing itself is never queued.

        A mail that may have been sent already stays as it is: to send it once more is for somebody who has looked.
        """
        of_journeys = self.filtered("journey_node_id")
        if of_journeys.sudo().journey_node_id.journey_id.filtered(lambda journey: journey.state == "aborted"):
            raise UserError(self.env._("The journey was aborted; its mails stay unsent."))
        if of_journeys:
            of_journeys._send_failed_again()
        others = self - of_journeys
        return super(MailingMailing, others).action_retry_failed() if others else None

    def _get_seen_list(self):
        """A step may mail the same address again on its next visit; the composer asks only about its own batch."""
        if self.journey_node_id:
            return []
        return super()._get_seen_list()

    def _get_opt_out_list(self):
        """Core asks the mailing's lists, which a step does not have: whoever left all their lists wants no mail."""
        if not (self.journey_node_id and self.mailing_model_real == "mailing.contact"):
            return super()._get_opt_out_list()
        self.env["mailing.subscription"].flush_model()
        self.env.cr.execute("""
            SELECT contact.email_normalized
              FROM mailing_contact contact
              JOIN mailing_subscription subscription ON subscription.contact_id = contact.id
             WHERE contact.email_normalized IS NOT NULL
          GROUP BY contact.email_normalized
            HAVING bool_and(subscription.opt_out)
        """)
        return [email for (email,) in self.env.cr.fetchall()]

    def action_view_copies(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Copies"),
            "res_model": "mailing.trace.copy",
            "view_mode": "list,kanban,form",
            "mobile_view_mode": "kanban",
            "domain": list(Domain("mailing_id", "=", self.id)),
        }
