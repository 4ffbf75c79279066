# Mails: what people without the right to do so cannot do, also by writing fields instead of pressing buttons.
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common_journey import BODY
from .test_mailing_cc_slots import CopyCase


@tagged("post_install", "-at_install")
class TestMailingRights(CopyCase):
    def make_published(self):
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": self.brandon.id})
        journey = self.make_journey("crm.lead", [("id", "=", lead.id)], [{"kind": "email"}])
        return journey.node_ids.mailing_id

    def make_one_off(self, **values):
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": self.brandon.id})
        return self.env["mailing.mailing"].create(
            {
                "subject": "Offer",
                "body_html": BODY,
                "mailing_type": "mail",
                "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
                "mailing_domain": str([("id", "=", lead.id)]),
                **values,
            }
        )

    def test_a_published_mail_is_not_made_a_draft_to_change_it(self):
        mailing = self.make_published()
        self.assertEqual(mailing.state, "done")
        for change in (
            lambda own: own.write({"state": "draft"}),
            lambda own: own.action_cancel(),
            lambda own: own.write({"state": "draft", "body_html": "<p>Other</p>"}),
        ):
            with self.assertRaises(UserError):
                change(mailing.with_user(self.marketer))
        self.assertEqual(mailing.state, "done")

    def test_a_published_mail_is_not_deleted(self):
        mailing = self.make_published()
        mailing_user = new_test_user(self.env, "bj_mass_mailing", "mass_mailing.group_mass_mailing_user")
        for user in (self.marketer, mailing_user, self.manager):
            with self.assertRaises(UserError):
                mailing.with_user(user).unlink()
        self.assertTrue(mailing.exists())

    def test_an_operational_mail_is_launched_by_managers_only(self):
        mailing = self.make_one_off(is_operational=True)
        for change in (
            lambda own: own.action_launch(),
            lambda own: own.write({"state": "in_queue"}),
            lambda own: own.write({"state": "sending"}),
            lambda own: own.action_send_mail(),
        ):
            with self.assertRaises(AccessError):
                change(mailing.with_user(self.marketer))
        mailing.with_user(self.manager).action_launch()
        self.assertEqual(mailing.state, "in_queue")
        with self.assertRaises(AccessError):
            mailing.with_user(self.marketer).body_html = "<p>Advertising</p>"

    def attach(self, mailing, **values):
        attachment = self.env["ir.attachment"].create({"name": "offer.txt", "raw": b"Offer", **values})
        mailing.sudo().attachment_ids |= attachment
        return attachment

    def assertClosed(self, attachment, *users):
        for user in users:
            own = attachment.with_user(user)
            for change in (
                lambda own: own.write({"raw": b"Another offer"}),
                lambda own: own.write({"name": "other.txt"}),
                lambda own: own.write({"type": "url", "url": "https://www.example.com"}),
                lambda own: own.unlink(),
            ):
                with self.assertRaises(UserError):
                    change(own)
        self.assertEqual((attachment.name, attachment.raw), ("offer.txt", b"Offer"))

    def test_what_a_published_mail_holds_is_not_changed_behind_it(self):
        mailing = self.make_published()
        own = {"res_model": "mailing.mailing", "res_id": mailing.id}
        attachment = self.attach(mailing, **own)
        # a picture in the text, and a file that somebody uploaded elsewhere
        picture = self.env["ir.attachment"].create({"name": "offer.txt", "raw": b"Offer", **own})
        lead = self.env["crm.lead"].create({"name": "Lead"})
        shared = self.attach(mailing, res_model="crm.lead", res_id=lead.id)
        mailing_user = new_test_user(self.env, "bj_mass_mailing", "mass_mailing.group_mass_mailing_user")
        for held in (attachment, picture, shared):
            self.assertClosed(held, self.marketer, mailing_user)
            held.with_user(self.manager).raw = b"Corrected"
        with self.mock_mail_gateway():
            self.engine.tick()
            self.env["mail.mail"].search([("mailing_id", "=", mailing.id)]).send()
        self.assertEqual([part[1] for part in self._mails[0]["attachments"]], [b"Corrected", b"Corrected"])

    def test_files_of_drafts_and_of_others_are_changed_as_ever(self):
        mailing = self.make_one_off()
        attachment = self.attach(mailing, res_model="mailing.mailing", res_id=mailing.id)
        attachment.with_user(self.marketer).raw = b"Another offer"
        self.assertEqual(attachment.raw, b"Another offer")
        attachment.with_user(self.marketer).unlink()
        # by somebody who knows nothing of mailings
        outsider = new_test_user(self.env, "bj_outsider", "base.group_user,base.group_partner_manager")
        own = self.env["ir.attachment"].with_user(outsider)
        other = own.create({"name": "a", "raw": b"a", "res_model": "res.partner", "res_id": self.brandon.id})
        other.raw = b"b"
        other.unlink()

    def test_files_of_a_launched_operational_mail_and_of_a_test_are_closed(self):
        mailing = self.make_one_off(is_operational=True)
        attachment = self.attach(mailing, res_model="mailing.mailing", res_id=mailing.id)
        mailing.with_user(self.manager).action_launch()
        self.assertClosed(attachment, self.marketer)
        tested = self.make_one_off()
        attachment = self.attach(tested, res_model="mailing.mailing", res_id=tested.id)
        tested.with_user(self.marketer).action_create_ab_test()
        tested.ab_test_id.arm_ids[1].subject = "Other"
        tested.ab_test_id.sudo().state = "running"
        self.assertClosed(attachment, self.marketer, self.manager)
        slot = self.env["mailing.cc.slot"].sudo().create({"mailing_id": tested.id, "path": "user_id"})
        for change in (
            lambda: slot.with_user(self.manager).sudo(False).write({"path": "team_id.user_id"}),
            lambda: slot.with_user(self.manager).sudo(False).unlink(),
            lambda: (
                self.env["mailing.cc.slot"].with_user(self.manager).create({"mailing_id": tested.id, "path": "user_id"})
            ),
        ):
            with self.assertRaisesRegex(UserError, "being tested"):
                change()

    def test_fields_of_ours_never_keep_anybody_from_reading_a_record(self):
        """As scripts and exports do, which read all fields that a user may see."""
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": self.brandon.id})
        mailing = self.make_one_off(cc_slot_ids=[Command.create({"path": "user_id"})])
        topic = self.env["mailing.list"].create({"name": "News", "is_public": True})
        contact = self.env["mailing.contact"].create({"email": "c@example.com", "list_ids": topic.ids})
        trace = self.env["mailing.trace"].create(
            {"mass_mailing_id": mailing.id, "model": "crm.lead", "res_id": lead.id, "email": "c@example.com"}
        )
        reason = self.env["crm.lost.reason"].search([], limit=1)
        outsider = new_test_user(self.env, "bj_outsider", "base.group_user")
        sales = new_test_user(self.env, "bj_sales_only", "sales_team.group_sale_salesman_all_leads")
        mailer = new_test_user(self.env, "bj_mailer", "mass_mailing.group_mass_mailing_user")
        for user, records in (
            (outsider, [self.brandon, outsider]),
            (sales, [lead, self.brandon, reason]),
            (mailer, [mailing, topic, contact, trace, self.brandon, topic.subscription_ids]),
        ):
            for record in records:
                own = record.with_user(user)
                names = [
                    name
                    for name in own.fields_get()
                    if "crm_buying_journey" in own._fields[name]._modules and own._fields[name].type != "properties"
                ]
                with self.subTest(user=user.login, model=record._name):
                    own.env.invalidate_all()
                    own.read(names)

    def test_the_queue_copies_nobody_whom_the_responsible_may_not_read(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        hidden = self.env["res.partner"].create(
            {"name": "Hidden", "email": "hidden@example.com", "company_id": company.id, "is_company": True}
        )
        person = self.env["res.partner"].create({"name": "Nicole Ford", "email": "nicole@example.com"})
        self.env.cr.execute("UPDATE res_partner SET parent_id = %s WHERE id = %s", (hidden.id, person.id))
        self.env.invalidate_all()
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": person.id})
        mailing = (
            self.env["mailing.mailing"]
            .with_user(self.marketer)
            .create(
                {
                    "subject": "Offer",
                    "body_html": BODY,
                    "mailing_type": "mail",
                    "mailing_model_id": self.env["ir.model"]._get_id("crm.lead"),
                    "mailing_domain": str([("id", "=", lead.id)]),
                    "cc_slot_ids": [Command.create({"path": "partner_id.parent_id"})],
                }
            )
        )
        mailing.action_launch()
        with self.mock_mail_gateway():
            # as the queue runs: with system rights
            mailing.sudo(False).with_user(self.env.ref("base.user_root"))._action_send_mail()
        copy = self.env["mailing.trace.copy"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(copy.mapped("reason"), ["forbidden"])
