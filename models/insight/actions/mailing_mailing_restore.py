# Plain mailings whose lost leads come back by themselves when their customers respond.
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.modules import module
from odoo.service.model import retrying
from odoo.tools import SQL

from ...crm.crm_lead_reactivation import CLICK_HOLD
from ...journey.journey_engine import RETRYABLE

_logger = logging.getLogger(__name__)

# what wakes the scheduled action; it looks back further than any outage should last
RESPONSE_CODES = ("email_replied", "email_clicked", "form_filled")
LOOK_BACK = timedelta(days=7)


class MailingMailing(models.Model):
    """``restore_on`` says by which response a lost lead comes back that got this mailing; empty: by none. A step of a
    journey says that itself, so there the field is of no account.

    A scheduled action, woken by each response, brings leads back by the server action *Bring Back Lost Leads*, which
    says the stage, salesperson, tags and activity. It counts what a person did since the loss, see
    :meth:`crm.lead._get_responses`, and holds a click until it is certain that no scanner made it. Whoever made the
    choice stands behind it: leads that ``restore_user_id`` may not change stay lost.
    """

    _inherit = "mailing.mailing"

    restore_on = fields.Selection(
        [("reply", "An Answer or a Form"), ("click", "An Answer, a Form or a Click")],
        "Bring Back Lost Leads After",
        help="A lost lead that got this mail comes back when its customer does this, as the server action Bring Back "
        "Lost Leads says. Absence notes and virus scanners bring nothing back. Empty: leads stay lost until somebody "
        "brings them back.",
    )
    restore_user_id = fields.Many2one(
        "res.users", "Brought Back for", readonly=True, help="Who chose this; leads are brought back with these rights."
    )

    # few mailings make the choice, and each response asks for them
    _restore_on_idx = models.Index("(id) WHERE restore_on IS NOT NULL")

    @api.model_create_multi
    def create(self, vals_list):
        mailings = super().create(vals_list)
        mailings.filtered("restore_on")._answer_for_restoring()
        return mailings

    def write(self, vals):
        if "restore_user_id" in vals and not self.env.su:
            vals = {name: value for name, value in vals.items() if name != "restore_user_id"}
        result = super().write(vals)
        if vals.get("restore_on"):
            self._answer_for_restoring()
        return result

    def copy_data(self, default=None):
        """Who may not change leads still copies mailings, but not this choice."""
        vals_list = super().copy_data(default)
        if not self.env.su and not self.env["crm.lead"].has_access("write"):
            for vals in vals_list:
                vals.pop("restore_on", None)
        return vals_list

    def _answer_for_restoring(self):
        """The current user is behind the choice, also on a copy.

        :raise AccessError: the user may not change leads
        """
        if not self or self.env.su:
            return
        self.env["crm.lead"].check_access("write")
        # nobody writes it by hand; who chose the action has just been asked for the rights it needs
        self.sudo().restore_user_id = self.env.uid

    @api.model
    def _wake_restoring(self, codes):
        """Wake the scheduled action if one of these activities may bring back a lead."""
        if not set(RESPONSE_CODES) & set(codes):
            return
        self.flush_model(["restore_on"])
        if not self.env.execute_query(SQL("SELECT FROM mailing_mailing WHERE restore_on IS NOT NULL LIMIT 1")):
            return
        cron = self.env.ref("crm_buying_journey.ir_cron_lead_restore", raise_if_not_found=False)
        if not cron:
            return
        at = fields.Datetime.now()
        if "email_clicked" in codes:
            # to the full minute, so that a thousand clicks do not wake it a thousand times
            at = (at + CLICK_HOLD).replace(second=0) + timedelta(minutes=1)
            # when scheduled actions run is administrators' business, waking ours is not
            if self.env["ir.cron.trigger"].sudo().search_count([("cron_id", "=", cron.id), ("call_at", "=", at)]):
                return
        cron.sudo()._trigger(at)

    @api.model
    def _cron_restore_leads(self):
        """Scheduled action: bring back the lost leads whose customers responded to a mailing that says so.

        Somebody may bring back, change or merge one of these leads at the same moment. Then all is looked up anew,
        and what others have done is not done once more.

        :return: the leads that came back
        :rtype: crm.lead
        """
        if module.current_test:
            return self._restore_responding_leads()
        return retrying(self._restore_responding_leads, self.env)

    @api.model
    def _restore_responding_leads(self):
        action = self.env.ref("crm_buying_journey.action_lead_restore", raise_if_not_found=False)
        restored = self.env["crm.lead"]
        if not action:
            return restored
        for user_id, lead_ids in self._find_responding_leads().items():
            # to see whether whose rights are to be used still works here
            user = self.env["res.users"].sudo().browse(user_id or []).exists().filtered("active")
            if not user:
                continue
            try:
                restored |= self._restore_for(user, lead_ids, action)
            except RETRYABLE:
                raise
            except Exception:
                # one that cannot come back keeps nobody else lost
                for lead_id in lead_ids:
                    restored |= self._try_restoring(user, lead_id, action)
            if not module.current_test:
                self.env["ir.cron"]._commit_progress()
        return restored

    def _try_restoring(self, user, lead_id, action):
        try:
            return self._restore_for(user, [lead_id], action)
        except RETRYABLE:
            raise
        except Exception:
            _logger.info("Lead %s could not be brought back for %s", lead_id, user.login, exc_info=True)
            return self.env["crm.lead"]

    def _restore_for(self, user, lead_ids, action):
        """:return: those of the leads that came back"""
        env = self.env(user=user, context={"lang": user.lang, "tz": user.tz, "journey_step": True})
        env = env(context=dict(env.context, allowed_company_ids=user.company_ids.ids))
        leads = env["crm.lead"].with_context(active_test=False).search([("id", "in", lead_ids)])
        leads = leads._filtered_access("write")
        if leads:
            with self.env.cr.savepoint():
                # its parameters are read; leads are handled with the rights of the user in ``env``
                action.with_env(env).sudo()._run_action_lead_restore_multi({"records": leads, "env": env})
        return leads.filtered("active").with_env(self.env)

    @api.model
    def _find_responding_leads(self):
        """Lost leads with a response since the loss that their mailing asks for; one statement, which begins with what
        people did lately.

        :return: ``{id of the user who is behind it: [lead ids]}``
        :rtype: dict
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
            WITH recent AS MATERIALIZED (
                SELECT activity.date, activity.res_model, activity.res_id, activity.partner_id, type.code
                  FROM engagement_activity activity
                  JOIN engagement_activity_type type ON type.id = activity.type_id AND type.code IN %(codes)s
                 WHERE activity.date > %(since)s AND activity.is_automatic IS NOT TRUE
            )
            SELECT mailing.restore_user_id, lead.id
              FROM recent
              JOIN mailing_trace trace ON recent.res_model = 'mailing.trace' AND trace.id = recent.res_id
              JOIN mailing_mailing mailing ON mailing.id = trace.mass_mailing_id AND mailing.journey_node_id IS NULL
              JOIN crm_lead lead ON trace.model = 'crm.lead' AND lead.id = trace.res_id
             WHERE mailing.restore_on IS NOT NULL AND lead.won_status = 'lost'
               AND (recent.code = 'email_replied' OR mailing.restore_on = 'click')
               AND recent.date >= COALESCE(lead.date_closed, lead.create_date)
         UNION
            SELECT mailing.restore_user_id, lead.id
              FROM recent
              JOIN crm_lead lead ON lead.partner_id = recent.partner_id
              JOIN mailing_trace trace ON trace.model = 'crm.lead' AND trace.res_id = lead.id
               AND trace.sent_datetime <= recent.date AND trace.is_test_trace IS NOT TRUE
              JOIN mailing_mailing mailing ON mailing.id = trace.mass_mailing_id AND mailing.journey_node_id IS NULL
             WHERE recent.code = 'form_filled'
               AND mailing.restore_on IS NOT NULL AND lead.won_status = 'lost'
               AND recent.date >= COALESCE(lead.date_closed, lead.create_date)
          ORDER BY 1, 2
                """,
                codes=RESPONSE_CODES,
                since=fields.Datetime.now() - LOOK_BACK,
            )
        )
        found = {}
        for user_id, lead_id in rows:
            found.setdefault(user_id, []).append(lead_id)
        return found
