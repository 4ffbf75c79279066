# Who is told when a group is complete, or when a member or a required role is lost.
from odoo.tests import tagged

from .common import BuyingJourneyCase

COMPLETE = "crm_buying_journey.buying_group_subtype_complete"
LOST = "crm_buying_journey.buying_group_subtype_role_lost"


@tagged("post_install", "-at_install")
class TestBuyingNotices(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Notice = cls.env["buying.group.notice"]
        cls.Notice.search([]).unlink()
        cls.account.user_id = cls.sales
        cls.sales.notification_type = "inbox"
        cls.second = cls.make_person("Addison Olson", "Analyst", cls.account)
        cls.env.flush_all()
        cls.env.cr.precommit.run()
        cls.Notice.search([]).unlink()

    def end_transaction(self):
        self.env.flush_all()
        self.env.cr.precommit.run()

    def tell(self):
        """What the scheduled action tells after this transaction.

        :return: the messages
        """
        self.end_transaction()
        before = self.env["mail.message"].search([("message_type", "=", "user_notification")])
        self.Notice._cron_tell()
        self.assertFalse(self.Notice.search([]))
        return self.env["mail.message"].search([("message_type", "=", "user_notification")]) - before

    def complete(self, group=None, user=None):
        group = (group or self.group).with_user(user or self.user)
        group.assign_member(self.director, self.decision_maker)
        group.assign_member(self.clerk, self.champion)
        group.assign_member(self.analyst, self.influencer)
        group.assign_member(self.second, self.influencer)

    def test_the_salesperson_is_told_once_that_a_group_is_complete(self):
        self.complete()
        message = self.tell()
        self.assertEqual(message.partner_ids, self.sales.partner_id)
        self.assertEqual((message.model, message.res_id), ("buying.group", self.group.id))
        self.assertEqual(message.subtype_id, self.env.ref(COMPLETE))
        self.assertIn("Every required role is filled.", message.body)
        self.assertIn(self.group.name, message.subject)
        self.assertEqual(message.author_id, self.user.partner_id)
        self.assertEqual(message.notification_ids.notification_type, "inbox")
        self.assertTrue(self.group.complete_date)
        self.group.with_user(self.user).assign_member(self.child_manager, self.champion)
        self.assertFalse(self.tell(), "it was complete before")

    def test_by_mail_if_one_prefers_it(self):
        self.sales.notification_type = "email"
        self.complete()
        mail = self.tell().notification_ids.mail_mail_id
        self.assertEqual((mail.recipient_ids or mail.notification_ids.res_partner_id), self.sales.partner_id)
        self.assertEqual(mail.state, "outgoing", "the queue sends it")

    def test_nobody_is_told_what_they_did_themselves(self):
        self.complete(user=self.sales)
        self.assertFalse(self.tell())

    def test_a_crossing_to_and_fro_is_none(self):
        self.complete()
        self.group.with_user(self.user).remove_member(self.clerk)
        self.end_transaction()
        self.assertFalse(self.Notice.search([("kind", "=", "complete")]))
        self.assertFalse(self.group.complete_date)

    def test_what_is_not_true_any_more_is_not_told(self):
        self.complete()
        self.end_transaction()
        self.group.with_user(self.user).remove_member(self.clerk)
        self.end_transaction()
        self.group.with_user(self.user).assign_member(self.clerk, self.champion)
        message = self.tell()
        self.assertEqual(message.subtype_id, self.env.ref(COMPLETE), "that the role was empty for a while is no news")

    def test_each_crossing_is_told(self):
        self.complete()
        self.assertEqual(len(self.tell()), 1)
        self.group.with_user(self.user).remove_member(self.clerk)
        self.assertEqual(self.tell().subtype_id, self.env.ref(LOST))
        self.group.with_user(self.user).assign_member(self.clerk, self.champion)
        self.assertEqual(self.tell().subtype_id, self.env.ref(COMPLETE))

    def test_a_member_who_left_and_a_role_that_is_empty_are_told_together(self):
        self.complete()
        self.tell()
        group = self.group.with_user(self.user)
        group.remove_member(self.clerk)
        group.remove_member(self.second)
        body = self.tell().body
        self.assertIn("Colleen Diaz left (Champion).", body)
        self.assertIn("Addison Olson left (Influencer).", body)
        self.assertIn("Nobody has the required role Champion any more.", body)
        self.assertNotIn("required role Influencer", body, "one influencer is still there")

    def test_another_role_archived_and_deleted_people_leave_a_role_empty(self):
        self.complete()
        self.tell()
        self.group.with_user(self.user).assign_member(self.clerk, self.influencer)
        self.assertIn("required role Champion", self.tell().body)
        self.director.active = False
        self.assertIn("required role Decision Maker", self.tell().body)
        (self.clerk + self.analyst + self.second).unlink()
        self.assertIn("required role Influencer", self.tell().body)

    def test_many_groups_make_one_message(self):
        accounts = [self.make_account(f"Account {number}", user_id=self.sales.id) for number in range(25)]
        groups = self.env["buying.group"].create(
            [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
        )
        self.end_transaction()
        self.Notice.search([]).unlink()
        for group in groups:
            self.complete(group)
        message = self.tell()
        self.assertEqual(len(message), 1)
        self.assertIn("25 buying groups", message.subject)
        self.assertIn("Account 3", message.body)
        self.assertIn("And 5 more.", message.body)
        self.assertFalse(message.model)

    def test_telling_costs_nothing_per_group(self):
        def cost(count):
            accounts = self.env["res.partner"].create(
                [{"name": f"Cost {n}", "is_company": True, "user_id": self.sales.id} for n in range(count)]
            )
            groups = self.env["buying.group"].create(
                [{"solution_id": self.solution.id, "partner_id": account.id} for account in accounts]
            )
            for group in groups:
                self.complete(group)
            self.end_transaction()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            self.tell()
            return self.env.cr.sql_log_count - start

        cost(2)
        few = cost(2)
        self.assertLessEqual(cost(18), few + 6)

    def test_followers_are_told_unless_they_unticked_it(self):
        self.group.message_subscribe(self.manager.partner_id.ids)
        self.group.message_subscribe(self.sales.partner_id.ids, subtype_ids=self.env.ref(LOST).ids)
        self.complete()
        self.assertEqual(self.tell().partner_ids, self.manager.partner_id)
        self.group.with_user(self.user).remove_member(self.clerk)
        self.assertEqual(self.tell().partner_ids, self.manager.partner_id + self.sales.partner_id)

    def test_a_salesperson_may_want_to_hear_of_followed_groups_only(self):
        self.sales.with_user(self.sales).buying_group_notices = "followed"
        self.complete()
        self.assertFalse(self.tell())

    def test_no_customer_and_nobody_without_rights_is_told(self):
        self.group.message_subscribe((self.director + self.other_user.partner_id).ids)
        self.group.message_subscribe(self.own_sales.partner_id.ids)
        self.solution.company_id = self.company
        self.complete()
        self.assertEqual(self.tell().partner_ids, self.sales.partner_id)

    def test_everybody_reads_it_in_their_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.sales.lang = "fr_FR"
        seen = []
        self.group._notify_responsible(LOST, lambda group: seen.append(group.env.lang) or "x")
        self.assertEqual(seen, ["fr_FR"])

    def test_a_journey_is_nobody(self):
        self.complete()
        self.group.with_user(self.user).remove_member(self.clerk)
        self.env.cr.execute("UPDATE buying_group_member SET source = 'system'")
        self.env.invalidate_all()
        self.group.assign_member(self.clerk, self.champion, "journey")
        self.tell()
        self.group.with_user(self.sales).remove_member(self.clerk, "journey")
        self.assertEqual(self.tell().partner_ids, self.sales.partner_id, "the journey ran with the right of sales")

    def test_a_nightly_job_tells_its_owner_what_it_completed(self):
        """The job runs with the rights of its owner, but is not the owner's doing."""
        self.sales.group_ids += self.env.ref("crm_buying_journey.group_user")
        account = self.make_account("Night account", user_id=self.sales.id)
        for number, title in enumerate(("Director", "Manager", "Analyst", "Analyst")):
            self.make_person(f"Night {number}", title, account)
        job = self.make_job(account, user=self.sales)
        self.end_transaction()
        job.with_user(self.env.ref("base.user_root")).run()
        self.assertEqual(self.tell().partner_ids, self.sales.partner_id)

    def test_a_button_is_the_doing_of_who_pressed_it(self):
        self.sales.group_ids += self.env.ref("crm_buying_journey.group_user")
        account = self.make_account("Day account", user_id=self.sales.id)
        for number, title in enumerate(("Director", "Manager", "Analyst", "Analyst")):
            self.make_person(f"Day {number}", title, account)
        self.make_job(account, user=self.sales).with_user(self.sales).run()
        self.assertFalse(self.tell())

    def test_a_running_job_is_awaited(self):
        job = self.make_job(self.account)
        job.sudo().state = "running"
        self.complete()
        self.end_transaction()
        self.Notice._cron_tell()
        self.assertTrue(self.Notice.search([]))
        job.sudo().state = "idle"
        self.assertEqual(len(self.tell()), 1)

    def test_nobody_writes_when_a_group_became_complete(self):
        with self.assertRefused("follow from other records"):
            self.group.with_user(self.manager).complete_date = "2020-01-01 00:00:00"

    def test_the_owner_of_a_job_is_told_in_their_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.user.lang = "fr_FR"
        job = self.make_job(self.account)
        job.by_hand = True
        languages = []
        original = type(self.env)._

        def translate(env, source, *args, **kwargs):
            languages.append((env.lang, source))
            return original(env, source, *args, **kwargs)

        self.patch(type(self.env), "_", translate)
        job._tell_owner()
        self.assertIn("fr_FR", [lang for lang, source in languages if source.startswith("The buying groups are ready")])
