# Server action "Bring Back Lost Leads": restores lost leads whose customers responded, and hands them to sales.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...crm.crm_lead_reactivation import CLICK_HOLD
from ...journey.ir_actions_server import StepAction

PARAMETERS = (
    "restore_response_only",
    "restore_stage_id",
    "restore_user_id",
    "restore_tag_ids",
    "restore_activity",
    "restore_activity_type_id",
)


class IrActionsServer(models.Model):
    """Restoring counts only what a person did: see ``crm.lead._get_responses``. A click is held until it is certain
    that no scanner made it; a step waits for that. Leads that are not lost, or not any more, stay as they are, so
    running the action twice does nothing the second time.
    """

    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("lead_restore", "Bring Back Lost Leads"), ("code",)],
        ondelete={"lead_restore": "cascade"},
    )
    restore_response_only = fields.Boolean(
        "Only After a Response",
        default=True,
        help="Restores a lead only if its customer answered, filled in a form or followed a link since it was lost; "
        "what machines did does not count. Run by hand, the action restores in any case.",
    )
    restore_stage_id = fields.Many2one(
        "crm.stage",
        "Stage of the Lead",
        ondelete="set null",
        domain="[('is_won', '=', False)]",
        help="Empty, or not a stage of the lead's team: the stage in which the lead was lost.",
    )
    restore_user_id = fields.Many2one(
        "res.users",
        "Salesperson",
        ondelete="set null",
        domain="[('share', '=', False)]",
        help="Empty: whoever had the lead; if they have left, the leader of the sales team.",
    )
    restore_tag_ids = fields.Many2many(
        "crm.tag", "ir_act_server_restore_tag_rel", "action_id", "tag_id", "Tags of the Lead"
    )
    restore_activity = fields.Boolean("Plan an Activity", default=True)
    restore_activity_type_id = fields.Many2one(
        "mail.activity.type",
        "Type of Activity",
        ondelete="set null",
        domain="[('res_model', 'in', (False, 'crm.lead'))]",
        help="Empty: a to-do.",
    )

    @api.constrains("restore_stage_id")
    def _check_restore_stage(self):
        if self.restore_stage_id.filtered("is_won"):
            raise UserError(self.env._("A lead comes back to be won, so its stage cannot be one for won leads."))

    def _get_step_actions(self):
        return super()._get_step_actions() | {"lead_restore": StepAction(("crm.lead",), PARAMETERS)}

    def _get_journey_summary(self):
        if self.state != "lead_restore":
            return super()._get_journey_summary()
        if self.restore_response_only:
            return self.env._("Bring back the lost lead if its customer responded")
        return self.env._("Bring back the lost lead")

    def _run_action_lead_restore_multi(self, eval_context=None):
        """Restore those leads that are lost, all at once: stage, salesperson, tags, activity, and a note that says what
        happened.

        :return: see :meth:`_report_skipped`; for a step also ``journey_later``, ``{lead id: when to try again}``
        """
        leads = self._get_action_records(eval_context).exists()
        leads.check_access("write")
        lost = leads.filtered(lambda lead: lead.won_status == "lost")
        reasons = {lead.id: self.env._("The lead is not lost.") for lead in leads - lost}
        responses = lost._get_responses()
        judged = {lead_id: response for lead_id, response in responses.items() if response.judged}
        later = {}
        if self.restore_response_only and self._get_action_source() != "manual":
            for lead in lost.filtered(lambda lead: lead.id not in judged):
                if lead.id in responses:
                    later[lead.id] = responses[lead.id].date + CLICK_HOLD
                    reasons[lead.id] = self.env._("Whether a person or a machine followed the link is not certain yet.")
                else:
                    reasons[lead.id] = self.env._("No person has responded since the lead was lost.")
            lost = lost.filtered(lambda lead: lead.id in judged)
        if lost:
            self._restore_leads(lost, judged)
        result = self._report_skipped(leads, reasons)
        if later and self.env.context.get("journey_step"):
            result["journey_later"] = later
        return result

    def _restore_leads(self, leads, responses):
        """Bring these lost leads back.

        :param dict responses: ``{lead id: what a person did}``
        """
        # who may read a lead may read why it was lost, and which journey and mailings brought it back
        reasons = {lead.id: lead.lost_reason_id.sudo().name for lead in leads}
        leads = leads.with_context(
            reactivation_responses=responses,
            reactivation_journey_id=self.sudo().journey_node_id.journey_id.id,
        )
        leads.action_unarchive()
        # as core's Restore button does, with one write for leads of the same probability
        for probability, alike in leads.grouped("automated_probability").items():
            alike.write({"probability": probability})
        caretakers = leads._get_caretaker()
        for lead_ids, values in self._get_restore_values(leads, caretakers):
            leads.browse(lead_ids).write(values)
        texts = self._get_restore_texts(leads, responses, reasons)
        leads._message_log_batch(bodies=texts)
        if self.restore_activity:
            activity_type = self.restore_activity_type_id or self.env.ref("mail.mail_activity_data_todo")
            leads._plan_follow_up(activity_type, texts, self.restore_user_id)

    def _get_restore_values(self, leads, caretakers):
        """:return: ``[(lead ids, values to write)]``, one entry for leads that get the same"""
        stage, by_values = self.restore_stage_id, {}
        for lead in leads:
            user = self.restore_user_id or caretakers[lead.id]
            fits = stage and (not stage.team_ids or lead.team_id in stage.team_ids)
            key = (
                stage.id if fits and lead.stage_id != stage else None,
                user.id if user != lead.user_id else None,
            )
            by_values.setdefault(key, []).append(lead.id)
        tags = (
            {"tag_ids": [fields.Command.link(tag.id) for tag in self.restore_tag_ids]} if self.restore_tag_ids else {}
        )
        for (stage_id, user_id), lead_ids in by_values.items():
            values = dict(tags)
            if stage_id is not None:
                values["stage_id"] = stage_id
            if user_id is not None:
                values["user_id"] = user_id
            if values:
                yield lead_ids, values

    def _get_restore_texts(self, leads, responses, reasons):
        """``{lead id: what happened, for people}``"""
        mailings = self.env["mailing.mailing"].sudo()
        texts = {}
        for lead in leads:
            response = responses.get(lead.id)
            values = {"reason": reasons[lead.id]}
            if response:
                values["response"] = leads._get_response_text(response, mailings.browse(response.mailing_id or []))
            if response and reasons[lead.id]:
                text = self.env._("The lost lead came back. %(response)s. It had been lost for: %(reason)s", **values)
            elif response:
                text = self.env._("The lost lead came back. %(response)s.", **values)
            elif reasons[lead.id]:
                text = self.env._("The lost lead was brought back. It had been lost for: %(reason)s", **values)
            else:
                text = self.env._("The lost lead was brought back.")
            texts[lead.id] = text
        return texts
