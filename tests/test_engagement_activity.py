# Activities: recorded under known codes, with the account of the day, and never changed afterwards.
from datetime import datetime

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BuyingJourneyCase

CODES = (
    "email_sent",
    "email_opened",
    "email_clicked",
    "email_replied",
    "email_bounced",
    "email_unsubscribed",
    "form_filled",
    "page_viewed",
    "meeting_attended",
    "event_registered",
    "event_attended",
    "quotation_sent",
    "order_confirmed",
    "interesting_moment",
    "group_assigned",
    "group_removed",
    "stage_changed",
    "status_changed",
    "completeness_changed",
    "engagement_changed",
)


@tagged("post_install", "-at_install")
class TestEngagementActivity(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Type = cls.env["engagement.activity.type"].with_user(cls.user)

    def test_every_documented_code_is_known(self):
        self.assertLessEqual(set(CODES), set(self.Type.search([]).mapped("code")))

    def test_an_unknown_code_is_refused(self):
        for code in ("email_eaten", "EMAIL_OPENED", "", False):
            with self.subTest(code=code), self.assertRefused("no activity type with the code"):
                self.Type.log(code, self.director)

    def test_what_is_recorded(self):
        before = fields.Datetime.now()
        activity = self.Type.log(
            "email_opened", self.director, subject="A new office", new_value="2", group_id=self.group.id
        )
        self.assertEqual((activity.code, activity.channel), ("email_opened", "email"))
        self.assertEqual((activity.partner_id, activity.group_id), (self.director, self.group))
        self.assertEqual((activity.subject, activity.new_value), ("A new office", "2"))
        self.assertGreaterEqual(activity.date, before)
        self.assertEqual(activity.display_name, f"{activity.type_id.name}: A new office")
        moment = datetime(2024, 2, 29, 12)
        self.assertEqual(self.Type.log("page_viewed", self.director, date=moment).date, moment)

    def test_one_activity_for_each_person(self):
        activities = self.Type.log("event_attended", self.director + self.clerk)
        self.assertEqual(activities.partner_id, self.director + self.clerk)
        self.assertEqual(len(activities), 2)

    def test_the_account_is_the_company_of_the_contact(self):
        for person, account in (
            (self.director, self.account),
            (self.child_manager, self.child_account),
            (self.account, self.account),
            (self.make_person("Jesse Brown"), self.env["res.partner"]),
        ):
            with self.subTest(person=person.name):
                self.assertEqual(self.Type.log("form_filled", person).account_id, account)
        other = self.make_account("Ready Mat Test")
        self.assertEqual(self.Type.log("form_filled", self.director, account_id=other.id).account_id, other)

    def test_the_account_stays_that_of_the_day(self):
        activity = self.Type.log("form_filled", self.director)
        self.director.parent_id = self.make_account("Ready Mat Test")
        self.assertEqual(activity.account_id, self.account)

    def test_an_activity_may_concern_an_account_or_a_group_only(self):
        nobody = self.env["res.partner"]
        activity = self.Type.log("stage_changed", nobody, account_id=self.account.id, group_id=self.group.id)
        self.assertFalse(activity.partner_id)
        self.assertEqual(activity.account_id, self.account)

    def test_what_happened_cannot_be_changed_or_deleted(self):
        activity = self.Type.log("form_filled", self.director)
        for user in (self.sales, self.user, self.manager, self.system):
            for values in ({"subject": "Better"}, {"date": "2020-01-01"}, {"partner_id": self.clerk.id}):
                with self.subTest(user=user.login, values=values), self.assertRaises(UserError):
                    activity.with_user(user).write(values)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                activity.with_user(user).unlink()
        self.assertTrue(activity.exists())

    def test_who_may_record(self):
        for user in (self.sales, self.own_sales, self.internal):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.Type.with_user(user).log("form_filled", self.director)
        self.assertTrue(self.Type.with_user(self.manager).log("form_filled", self.director))

    def test_activities_of_other_companies_and_foreign_accounts_are_hidden(self):
        activity = self.Type.log("form_filled", self.director)

        def found(user):
            return bool(activity.with_user(user).search([("id", "=", activity.id)]))

        self.account.user_id = self.sales
        self.assertTrue(found(self.sales))
        self.assertFalse(found(self.own_sales))
        self.account.user_id = self.own_sales
        self.assertTrue(found(self.own_sales))
        self.director.company_id = self.other_company
        for user in (self.sales, self.own_sales, self.user, self.manager):
            self.assertFalse(found(user), user.login)
        self.assertTrue(found(self.other_user))

    def test_the_activities_of_a_deleted_contact_or_group_go_along(self):
        activity = self.Type.log("form_filled", self.director)
        of_group = self.Type.log("status_changed", self.clerk, group_id=self.group.id)
        self.director.unlink()
        self.group.unlink()
        self.assertFalse((activity + of_group).exists())

    def test_types_have_unique_codes_and_belong_to_managers(self):
        with self.assertRaises(AccessError):
            self.Type.create({"name": "Fair", "code": "fair_visited"})
        Type = self.Type.with_user(self.manager)
        Type.create({"name": "Fair", "code": "fair_visited", "channel": "event"})
        self.assertTrue(self.Type.log("fair_visited", self.director))
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            Type.create({"name": "Opened", "code": "email_opened"})
