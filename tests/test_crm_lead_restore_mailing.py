# Plain mailings that bring their lost leads back when their customers respond.
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common_reactivation import ReactivationCase


@tagged("post_install", "-at_install")
class TestRestoreOfMailings(ReactivationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            "restore_marketer",
            "crm_buying_journey.group_user,sales_team.group_sale_salesman_all_leads",
            email="restore.marketer@example.com",
        )
        cls.traces = cls.mail(cls.leads)
        cls.mailing = cls.traces.mass_mailing_id

    def choose(self, restore_on, user=None, mailing=None):
        (mailing or self.mailing).with_user(user or self.user).restore_on = restore_on

    def restore(self):
        self.env.flush_all()
        return self.env["mailing.mailing"]._cron_restore_leads()

    def test_off_by_default(self):
        self.assertFalse(self.mailing.restore_on)
        self.at(self.traces[0], "email_replied")
        self.assertFalse(self.restore())
        self.assertFalse(self.lead.active)

    def test_an_answer_brings_back(self):
        self.choose("reply")
        self.at(self.traces[0], "email_replied")
        self.assertEqual(self.restore(), self.lead)
        self.assertEqual(self.leads.mapped("active"), [True, False, False])
        self.assertEqual(self.lead.reactivation_mailing_id, self.mailing)
        self.assertEqual(self.lead.reactivation_response, "reply")
        self.assertEqual(self.lead.reactivation_user_id, self.user)
        self.assertEqual(self.lead.reactivation_lost_reason_id, self.reason)
        self.assertEqual(self.lead.activity_ids.user_id, self.salesperson)
        # once more is harmless
        self.assertFalse(self.restore())
        self.assertEqual(len(self.lead.activity_ids), 1)

    def test_an_answer_by_mail_wakes_it_and_an_absence_note_does_not(self):
        self.choose("reply")
        cron = self.env.ref("crm_buying_journey.ir_cron_lead_restore")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])

        def receive(trace, headers=""):
            with self.mock_mail_gateway():
                self.env["mail.thread"].message_process(
                    "crm.lead",
                    "From: brandon.test@example.com\nTo: catchall@test.example.com\nSubject: Re: Back\n"
                    f"Message-Id: <a{trace.id}@x>\nReferences: {trace.message_id}\n{headers}\nYes",
                    thread_id=trace.res_id,
                )

        receive(self.traces[1], "Auto-Submitted: auto-replied\n")
        self.assertEqual(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]), triggers)
        self.assertFalse(self.restore())
        receive(self.traces[0])
        self.assertGreater(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]), triggers)
        self.assertEqual(self.restore(), self.lead)

    def test_a_click_brings_back_only_where_the_mailing_says_so(self):
        self.choose("reply")
        self.at(self.traces[0], "email_clicked")
        self.assertFalse(self.restore())
        self.choose("click")
        self.assertEqual(self.restore(), self.lead)

    def test_scanners_bring_nothing_back(self):
        self.choose("click")
        self.at(self.traces[0], "email_clicked", is_automatic=True)
        self.at(self.traces[1], "email_clicked", date=self.traces[1].sent_datetime + timedelta(seconds=1))
        for _link in range(3):
            self.at(self.traces[2], "email_clicked", hours=3)
        self.assertFalse(self.restore())

    def test_a_fresh_click_waits_until_it_can_be_judged(self):
        self.choose("click")
        cron = self.env.ref("crm_buying_journey.ir_cron_lead_restore")
        self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
        activity = self.at(self.traces[0], "email_clicked", hours=0)
        trigger = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(len(trigger), 1)
        self.assertGreaterEqual(trigger.call_at, fields.Datetime.now() + timedelta(minutes=2))
        self.at(self.traces[1], "email_clicked", hours=0)
        self.assertEqual(len(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])), 1, "once a minute")
        self.assertFalse(self.restore())
        activity.sudo().date -= timedelta(minutes=3)
        self.assertEqual(self.restore(), self.lead)

    def test_a_form_brings_back_whoever_got_the_mail_before(self):
        self.choose("reply")
        log = self.env["engagement.activity.type"].log
        log("form_filled", self.brandon, date=fields.Datetime.now() - timedelta(hours=30))
        self.assertFalse(self.restore(), "the form was filled in before the mail")
        log("form_filled", self.colleen)
        self.assertEqual(self.restore(), self.other_lead)

    def test_a_lead_that_is_lost_again_stays_lost(self):
        self.choose("click")
        self.at(self.traces[0], "email_replied")
        self.restore()
        self.lead.action_set_lost(lost_reason_id=self.reason.id)
        self.assertFalse(self.restore())

    def test_with_the_rights_of_whoever_chose(self):
        own = new_test_user(
            self.env,
            "restore_own",
            "crm_buying_journey.group_user,sales_team.group_sale_salesman",
            email="restore.own@example.com",
        )
        self.choose("reply", user=own)
        self.assertEqual(self.mailing.restore_user_id, own)
        self.other_lead.user_id = own
        self.at(self.traces[:2], "email_replied")
        self.assertEqual(self.restore(), self.other_lead, "not the lead of somebody else")
        # who copies a mailing stands behind the copy
        copied = self.mailing.with_user(self.user).copy()
        self.assertEqual((copied.restore_on, copied.restore_user_id), ("reply", self.user))
        self.mailing.with_user(self.user).write({"restore_user_id": self.env.ref("base.user_admin").id})
        self.assertEqual(self.mailing.restore_user_id, own)
        mailer = new_test_user(self.env, "restore_mailer", "mass_mailing.group_mass_mailing_user")
        with self.assertRaises(AccessError):
            self.choose("reply", user=mailer)
        self.assertFalse(self.mailing.with_user(mailer).copy().restore_on, "copies the mailing, not the choice")
        own.active = False
        self.lead.user_id = False
        self.assertFalse(self.restore())

    def test_one_that_cannot_come_back_keeps_nobody_else_lost(self):
        self.choose("reply")
        self.at(self.traces, "email_replied")
        broken = self.other_lead
        self.patch(
            type(self.env["ir.actions.server"]),
            "_restore_leads",
            self.fail_for(broken, type(self.env["ir.actions.server"])._restore_leads),
        )
        self.assertEqual(self.restore(), self.lead | self.bare_lead)
        self.assertFalse(broken.active)

    def fail_for(self, broken, original):
        def restore(action, leads, responses):
            if broken.id in leads.ids:
                raise ValueError("broken")
            return original(action, leads, responses)

        return restore

    def test_deleted_and_merged_leads_are_harmless(self):
        self.choose("reply")
        self.at(self.traces, "email_replied")
        self.bare_lead.unlink()
        head = self.Lead.create({"name": "Better", "probability": 80, "partner_id": self.brandon.id})
        (self.lead | head).merge_opportunity()
        self.assertEqual(self.restore(), self.other_lead)

    def test_mails_of_journeys_leave_it_to_their_steps(self):
        journey = self.env["journey.journey"].create(
            {"name": "Leads", "model_id": self.env["ir.model"]._get_id("crm.lead"), "domain": "[]"}
        )
        node = self.env["journey.node"].create(
            {"version_id": journey.draft_version_id.id, "kind": "email", "name": "Mail"}
        )
        self.mailing.sudo().write({"journey_node_id": node.id, "restore_on": "reply"})
        self.mailing.sudo().restore_user_id = self.user
        self.at(self.traces[0], "email_replied")
        self.assertFalse(self.restore())

    def test_the_wizard_hands_the_choice_on(self):
        wizard = self.env["crm.lead.reactivate"].with_user(self.user).create({"lead_ids": self.leads.ids})
        self.assertFalse(wizard.restore_on)
        for guard in ("mailing", "journey", "order"):
            wizard[f"guard_{guard}"] = False
        self.assertFalse(wizard._create_mailing().restore_on)
        wizard.restore_on = "click"
        mailing = wizard._create_mailing()
        self.assertEqual((mailing.restore_on, mailing.restore_user_id), ("click", self.user))
        mailing = self.env["mailing.mailing"].browse(wizard.action_create_ab_mailing()["res_id"])
        self.assertEqual(set(mailing.ab_test_id.arm_ids.mailing_id.mapped("restore_on")), {"click"})
        self.assertEqual(mailing.ab_test_id.arm_ids.mailing_id.restore_user_id, self.user)
