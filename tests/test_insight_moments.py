# Interesting moments by hand, and the last one on groups, members, contacts and accounts.
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_engagement import EngagementScoreCase

TEXT = "Asked for the delivery time of 40 desks"


class MomentCase(EngagementScoreCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Activity = cls.env["engagement.activity"]
        cls.Note = cls.env["engagement.moment.note"]
        cls.group.assign_member(cls.director, cls.decision_maker)

    def note(self, record, user=None, description=TEXT, moment_type="milestone", **values):
        """As the button and its dialog do."""
        action = record.with_user(user or self.sales).action_note_moment()
        wizard = self.Note.with_user(user or self.sales).with_context(**action["context"])
        before = self.moments()
        wizard.create({"description": description, "moment_type": moment_type, **values}).action_confirm()
        return self.moments() - before

    def moments(self):
        return self.Activity.search([("code", "=", "interesting_moment")])

    def chatter(self, record):
        return " ".join(record.sudo().message_ids.mapped("body"))


@tagged("post_install", "-at_install")
class TestMoments(MomentCase):
    def test_salesperson_notes_a_moment_of_a_person(self):
        moment = self.note(self.director)
        self.assertEqual(
            (moment.partner_id, moment.account_id, moment.subject, moment.moment_type, moment.create_uid),
            (self.director, self.account, TEXT, "milestone", self.sales),
        )
        self.assertIn(TEXT, self.chatter(self.director))
        self.assertEqual(self.director.message_ids[0].author_id, self.sales.partner_id)

    def test_moment_of_an_account_a_group_and_a_lead(self):
        of_account, of_group = self.note(self.account), self.note(self.group)
        self.assertEqual((of_account.partner_id.id, of_account.account_id), (False, self.account))
        self.assertEqual((of_group.group_id, of_group.account_id), (self.group, self.account))
        self.assertIn(TEXT, self.chatter(self.group))
        lead = self.env["crm.lead"].create({"name": "Desks", "partner_id": self.director.id, "user_id": self.sales.id})
        of_lead = self.note(lead)
        self.assertEqual((of_lead.partner_id, of_lead.res_model, of_lead.res_id), (self.director, "crm.lead", lead.id))
        self.assertIn(TEXT, self.chatter(lead))

    def test_moment_of_a_lead_without_contact_is_about_its_group_or_refused(self):
        lead = self.env["crm.lead"].create({"name": "Desks", "user_id": self.sales.id})
        with self.assertRefused("no contact"):
            self.note(lead)
        lead.buying_group_id = self.group
        self.assertEqual(self.note(lead).group_id, self.group)

    def test_description_has_up_to_140_characters_and_says_by_how_many_it_is_over(self):
        self.assertEqual(len(self.note(self.director, description="x" * 140).subject), 140)
        with self.assertRefused("has 145 characters.* up to 140: take away 5"):
            self.note(self.director, description="x" * 145)
        with self.assertRefused("Say what happened"):
            self.note(self.director, description="   ")
        self.assertEqual(self.note(self.director, description="  two   words ").subject, "two words")

    def test_a_moment_is_not_noted_ahead(self):
        with self.assertRefused("still to come"):
            self.note(self.director, date=fields.Datetime.now() + timedelta(days=1))
        past = self.now - timedelta(days=3)
        self.assertEqual(self.note(self.director, date=past).date, past)

    def test_nobody_notes_what_they_may_not_see(self):
        self.account.user_id = self.user
        with self.assertRaises(AccessError):
            self.note(self.group, user=self.own_sales)
        with self.assertRaises(AccessError):
            self.Activity.with_user(self.internal)._note_moment(self.director, "web", TEXT)
        with self.assertRefused("Open a contact"):
            self.Note.with_user(self.sales).create(
                {"res_model": "res.users", "res_id": self.user.id, "description": TEXT}
            ).action_confirm()

    def test_dialog_names_no_foreign_activity(self):
        """What others did stands in the name of an activity."""
        mine, foreign = self.note(self.director, user=self.own_sales), self.note(self.group)
        wizard = self.Note.with_user(self.own_sales).create({"activity_id": mine.id, "description": TEXT})
        self.account.user_id = self.user
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(self.Activity.with_user(self.own_sales).search([("id", "=", foreign.id)]))
        with self.assertRaises(AccessError):
            self.Note.with_user(self.own_sales).create({"activity_id": foreign.id, "description": TEXT})
        with self.assertRaises(AccessError):
            wizard.activity_id = foreign

    def test_author_corrects_and_removes_and_the_chatter_tells(self):
        moment = self.note(self.director).with_user(self.sales)
        action = moment.action_edit_moment()
        self.assertEqual(action["context"]["default_description"], TEXT)
        wizard = self.Note.with_user(self.sales).with_context(**action["context"])
        wizard.create({"description": "Asked for 50 desks", "moment_type": "email"}).action_confirm()
        self.assertEqual((moment.subject, moment.moment_type), ("Asked for 50 desks", "email"))
        self.assertIn("corrected", self.chatter(self.director))
        self.assertIn("Asked for 50 desks", self.director.with_user(self.sales).last_moment)
        moment.action_remove_moment()
        self.assertFalse(moment.exists())
        self.assertIn("removed", self.chatter(self.director))
        self.assertFalse(self.director.with_user(self.sales).last_moment)

    def test_only_author_and_manager_may_change_it(self):
        moment = self.note(self.director)
        for method in ("action_edit_moment", "action_remove_moment"):
            with self.assertRaises(AccessError):
                getattr(moment.with_user(self.user), method)()
        self.assertFalse(moment.with_user(self.user).can_change_moment)
        moment.with_user(self.manager)._correct_moment("web", "Corrected")
        self.assertEqual(moment.subject, "Corrected")
        with self.assertRefused("cannot be changed"):
            moment.with_user(self.manager).write({"subject": "Directly"})

    def test_nothing_else_of_the_log_can_be_changed_or_removed(self):
        opened = self.happen(self.director, "email_opened")
        for method in ("action_edit_moment", "action_remove_moment"):
            with self.assertRefused("Only interesting moments"):
                getattr(opened.with_user(self.manager), method)()

    # The last one -------------------------------------------------------------------------------------------------

    def log(self, days_ago, text, **values):
        base = {"type_id": self.Type._get_by_code("interesting_moment").id, "new_value": "web", "subject": text}
        return self.Activity.create(base | {"date": self.now - timedelta(days=days_ago)} | values)

    def test_last_moment_of_person_account_member_and_group(self):
        self.log(5, "Old", partner_id=self.director.id)
        self.log(2, "New", partner_id=self.director.id)
        self.log(1, "Of a stranger", partner_id=self.clerk.id)
        self.log(-1, "Still to come", partner_id=self.director.id)
        env = self.env(user=self.sales)
        self.assertEqual(self.director.with_env(env).last_moment, "Web: New")
        self.assertEqual(self.group.with_env(env).last_moment, "Web: New (Brandon Freeman)")
        self.assertEqual(self.group.with_env(env).last_moment_date, self.now - timedelta(days=2))
        row = self.row_of(self.group, self.director).with_env(env)
        self.assertEqual((row.last_moment, row.last_moment_date), ("Web: New", self.now - timedelta(days=2)))
        self.assertEqual(self.account.with_env(env).last_moment, "Web: Of a stranger (Colleen Diaz)")
        self.log(1, "The whole account", account_id=self.account.id)
        self.assertEqual(self.group.with_env(env).last_moment, "Web: The whole account")
        self.assertFalse(self.analyst.with_env(env).last_moment)

    def test_last_moment_is_searched_as_it_is_shown(self):
        self.log(9, "Prices", partner_id=self.director.id)
        self.log(2, "Desks", partner_id=self.director.id)
        self.log(20, "Prices", partner_id=self.clerk.id)
        env = self.env(user=self.sales)
        people = self.director + self.clerk + self.analyst

        def found(*condition):
            return env["res.partner"].search([("id", "in", people.ids), condition])

        self.assertEqual(found("last_moment", "ilike", "price"), self.clerk)
        self.assertEqual(found("last_moment", "ilike", "desk"), self.director)
        self.assertEqual(found("last_moment_date", ">=", "today -7d"), self.director)
        self.assertEqual(found("last_moment_date", "<", "today -7d"), self.clerk)
        self.assertEqual(found("last_moment", "!=", False), self.director + self.clerk)
        self.assertEqual(found("last_moment", "=", False), self.analyst)
        self.assertEqual(found("last_moment", "not ilike", "desk"), self.clerk + self.analyst)
        groups = env["buying.group"].search([("last_moment", "ilike", "desk"), ("id", "=", self.group.id)])
        self.assertEqual(groups, self.group)
        members = env["buying.group.member"].search([("last_moment", "ilike", "desk")])
        self.assertEqual(members.partner_id, self.director)

    def test_last_moment_shows_nothing_that_the_reader_may_not_see(self):
        other = self.make_account("Other account", user_id=self.user.id)
        contractor = self.make_person("Addison Olson", parent=other)
        self.account.user_id = self.own_sales
        self.group.assign_member(contractor, self.champion)
        self.log(1, "Secret", partner_id=contractor.id)
        self.log(3, "Known", partner_id=self.director.id)
        self.assertEqual(self.group.with_user(self.user).last_moment, "Web: Secret (Addison Olson)")
        self.env.invalidate_all()
        self.assertEqual(self.group.with_user(self.own_sales).last_moment, "Web: Known (Brandon Freeman)")
        Group = self.env["buying.group"].with_user(self.own_sales)
        self.assertFalse(Group.search([("last_moment", "ilike", "Secret")]))
        self.assertEqual(Group.search([("last_moment", "ilike", "Known")]), self.group)

    def test_last_moments_cost_the_same_for_many(self):
        people = self.env["res.partner"].create(
            [{"name": f"Person {n}", "parent_id": self.account.id} for n in range(40)]
        )
        for person in people:
            self.log(1, "Seen", partner_id=person.id)

        def count(records):
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            records.with_user(self.sales).mapped("last_moment")
            return self.env.cr.sql_log_count - start

        count(people[:1])
        self.assertLessEqual(count(people), count(people[:2]) + 1)

    def test_merged_people_have_one_last_moment(self):
        double = self.make_person("Brandon Freeman", parent=self.account)
        self.log(1, "Of the double", partner_id=double.id)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.director + double).ids, self.director, extra_checks=False
        )
        self.env.invalidate_all()
        self.assertEqual(self.director.with_user(self.sales).last_moment, "Web: Of the double")

    def test_moments_of_a_group_are_those_of_its_members_and_account(self):
        own = self.log(1, "Own", group_id=self.group.id, account_id=self.account.id)
        of_member = self.log(2, "Member", partner_id=self.director.id)
        of_account = self.log(3, "Account", account_id=self.account.id)
        self.log(1, "Stranger", partner_id=self.clerk.id)
        domain = self.group.with_user(self.sales).action_view_moments()["domain"]
        self.assertEqual(self.Activity.search(domain), own + of_member + of_account)

    def test_moments_of_a_person_and_an_account_and_nothing_else(self):
        own = self.log(2, "Own", partner_id=self.director.id)
        other = self.log(3, "Other", partner_id=self.clerk.id)
        self.happen(self.director, "email_opened")
        for partner, expected in ((self.director, own), (self.account, own + other)):
            domain = partner.with_user(self.sales).action_view_moments()["domain"]
            self.assertEqual(self.Activity.search(domain), expected)
