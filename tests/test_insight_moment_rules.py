# Rules that find interesting moments: when they do, once each, and what people may do with them.
from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.crm_buying_journey.models.insight.moments import engagement_moment_rule_run as run

from .test_insight_moments import MomentCase


class RuleCase(MomentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule = cls.env["engagement.moment.rule"]
        cls.Rule.search([]).active = False
        # what the tests record was recorded this very moment, and would be held as not yet judged
        cls.startClassPatcher(patch.object(run, "HOLD", timedelta(days=-1)))

    @classmethod
    def make_rule(cls, codes=("page_viewed",), **values):
        kinds = cls.env["engagement.activity.type"].search([("code", "in", codes)])
        base = {"name": "Test rule", "times": 3, "days": 7, "description": "Came {count} times: {subject}"}
        return cls.Rule.create(base | {"activity_type_ids": [Command.set(kinds.ids)]} | values)

    def visit(self, *days_ago, person=None, code="page_viewed", subject="Desks", **values):
        """Seconds apart, if on the same day."""
        return self.Activity.create(
            [
                {
                    "type_id": self.Type._get_by_code(code).id,
                    "partner_id": (person or self.director).id,
                    "date": self.now - timedelta(days=days, minutes=5 - number),
                    "subject": subject,
                    **values,
                }
                for number, days in enumerate(days_ago)
            ]
        )

    def run_rules(self):
        """:return: the moments that were made"""
        before = self.moments()
        self.Rule._cron_run()
        return self.moments() - before


@tagged("post_install", "-at_install")
class TestMomentRules(RuleCase):
    def test_the_third_visit_in_a_week_makes_a_moment_and_the_second_none(self):
        rule = self.make_rule()
        self.visit(3, 2)
        self.assertFalse(self.run_rules())
        third = self.visit(1)
        moment = self.run_rules()
        self.assertEqual(
            (moment.partner_id, moment.account_id, moment.subject, moment.moment_type, moment.date),
            (self.director, self.account, "Came 3 times: Desks", "web", third.date),
        )
        self.assertEqual(moment.moment_rule_id, rule)
        self.assertEqual((rule.made_count, rule.last_made_date), (1, third.date))
        self.assertFalse(rule.last_error)

    def test_visits_that_lie_farther_apart_make_none(self):
        self.make_rule()
        self.visit(9, 8, 1)
        self.assertFalse(self.run_rules())

    def test_the_window_is_counted_to_the_second(self):
        self.make_rule(times=2, cooldown_days=30)
        last = self.visit(1)
        self.Activity.create(
            {
                "type_id": last.type_id.id,
                "partner_id": self.director.id,
                "date": last.date - timedelta(days=7, seconds=1),
            }
        )
        self.assertFalse(self.run_rules())
        self.Activity.create(
            {"type_id": last.type_id.id, "partner_id": self.director.id, "date": last.date - timedelta(days=7)}
        )
        self.assertEqual(len(self.run_rules()), 1)

    def test_nothing_is_found_twice(self):
        self.make_rule()
        self.visit(3, 2, 1)
        self.assertEqual(len(self.run_rules()), 1)
        self.assertFalse(self.run_rules())
        self.assertFalse(self.run_rules())

    def test_one_burst_gives_one_moment_and_the_next_week_another(self):
        self.make_rule(times=1, days=1)
        self.visit(10, 10, 9, 8, 5, 2, 1)
        self.assertEqual([(self.now - m.date).days for m in self.run_rules().sorted("date")], [10, 2])

    def test_without_cool_down_each_activity_beyond_the_number_makes_one(self):
        self.make_rule(cooldown_days=0)
        self.visit(5, 4, 3, 2)
        self.assertEqual(len(self.run_rules()), 2)
        self.visit(1)
        self.assertEqual(len(self.run_rules()), 1)
        self.assertFalse(self.run_rules())

    def test_what_arrives_late_counts_and_doubles_nothing(self):
        self.make_rule()
        self.visit(5, 1)
        self.assertFalse(self.run_rules())
        self.visit(3)  # recorded last, happened between
        moment = self.run_rules()
        self.assertEqual((self.now - moment.date).days, 1, "the number was reached with the visit of yesterday")
        self.visit(4)
        self.assertFalse(self.run_rules(), "within the cool-down, though the number was reached before now")

    def test_people_are_counted_one_by_one_or_as_an_account(self):
        self.make_rule(name="One", description="one")
        self.make_rule(name="All", level="account", description="{account} came {count} times")
        self.visit(3, 2)
        self.visit(1, person=self.analyst)
        moment = self.run_rules()
        self.assertEqual(moment.subject, "Azure Interior Test came 3 times")
        self.assertEqual((moment.partner_id.id, moment.account_id), (False, self.account))

    def test_the_filter_decides_what_counts(self):
        self.make_rule(times=1, domain="[('subject', 'ilike', 'price')]")
        self.visit(2)
        self.assertFalse(self.run_rules())
        self.visit(1, subject="Price list")
        self.assertEqual(self.run_rules().subject, "Came 1 times: Price list")

    def test_machines_and_what_is_still_to_come_do_not_count(self):
        self.make_rule(times=1)
        self.visit(1, is_automatic=True)
        self.visit(-2)
        self.assertFalse(self.run_rules())

    def test_a_fresh_activity_is_held_until_it_can_be_judged(self):
        self.make_rule(times=1)
        with patch.object(run, "HOLD", timedelta(minutes=2)):
            self.visit(0)
            self.assertFalse(self.run_rules())
            self.env.cr.execute("UPDATE engagement_activity SET create_date = create_date - interval '3 minutes'")
            self.assertEqual(len(self.run_rules()), 1)

    def test_a_scanners_click_makes_no_moment(self):
        self.make_rule(("email_clicked",), times=1)
        mailing = self.env["mailing.mailing"].create({"subject": "Offer"})
        sent = self.now - timedelta(hours=1)
        traces = self.env["mailing.trace"].create(
            [
                {
                    "trace_type": "mail",
                    "mass_mailing_id": mailing.id,
                    "model": "res.partner",
                    "res_id": person.id,
                    "sent_datetime": sent,
                }
                for person in (self.director, self.analyst)
            ]
        )
        for trace, person, seconds in zip(traces, (self.director, self.analyst), (1, 600), strict=True):
            self.Activity.create(
                {
                    "type_id": self.Type._get_by_code("email_clicked").id,
                    "partner_id": person.id,
                    "date": sent + timedelta(seconds=seconds),
                    "subject": "Offer",
                    "res_model": "mailing.trace",
                    "res_id": trace.id,
                }
            )
        self.assertEqual(self.run_rules().partner_id, self.analyst)

    def test_a_click_is_known_by_its_link(self):
        rule = self.make_rule(("email_clicked",), times=1, domain="[('link', 'ilike', 'pricing')]")
        mailing = self.env["mailing.mailing"].create({"subject": "Offer"})
        for number, url in enumerate(("https://www.example.com/pricing?a=1", "https://www.example.com/desks")):
            trace = self.env["mailing.trace"].create(
                {
                    "trace_type": "mail",
                    "mass_mailing_id": mailing.id,
                    "model": "res.partner",
                    "res_id": self.director.id,
                }
            )
            link = self.env["link.tracker"].create({"url": url, "title": "Example"})
            click = self.env["link.tracker.click"].create({"link_id": link.id, "mailing_trace_id": trace.id})
            activity = self.Activity.create(
                {
                    "type_id": self.Type._get_by_code("email_clicked").id,
                    "partner_id": (self.director, self.analyst)[number].id,
                    "date": click.create_date,
                    "subject": "Offer",
                    "res_model": "mailing.trace",
                    "res_id": trace.id,
                }
            )
            self.assertIn(url, activity.link)
        self.assertEqual(self.run_rules().partner_id, self.director)
        self.assertEqual(rule.made_count, 1)

    def test_old_news_makes_no_moment(self):
        self.make_rule(times=1)
        self.visit(31, person=self.analyst)
        self.visit(29)
        self.assertEqual(self.run_rules().partner_id, self.director)

    def test_a_rule_looks_forward_from_when_it_is_made_or_made_active(self):
        self.visit(3, 2, 1)
        rule = self.make_rule()
        self.assertFalse(self.run_rules())
        self.visit(0)
        self.assertEqual(len(self.run_rules()), 1, "what happened before counts for the number")
        rule.active = False
        self.visit(1, 1, 1, person=self.analyst)
        self.assertFalse(self.run_rules())
        rule.active = True
        self.assertFalse(self.run_rules())

    def test_a_removed_moment_does_not_come_back(self):
        rule = self.make_rule()
        self.visit(3, 2, 1)
        self.run_rules().with_user(self.manager).action_remove_moment()
        self.assertFalse(self.run_rules())
        rule.write({"read_mark": 0, "seen": False})  # even if all were read again
        self.assertFalse(self.run_rules())
        self.assertEqual(rule.made_count, 1)

    def test_a_rules_moment_is_changed_by_managers_only(self):
        self.make_rule(times=1)
        self.visit(1)
        moment = self.run_rules()
        with self.assertRaises(AccessError):
            moment.with_user(self.user).action_remove_moment()
        moment.with_user(self.manager).action_remove_moment()

    def test_deleted_and_archived_people(self):
        rule = self.make_rule()
        of_account = self.make_rule(level="account", name="All")
        self.visit(3, 2, 1)
        gone = self.make_person("Addison Olson", parent=self.account)
        self.visit(1, 1, person=gone)
        gone.unlink()
        self.director.active = False
        moments = self.run_rules()
        self.assertEqual(moments.moment_rule_id, of_account, "what an archived person did still counts for the account")
        self.director.active = True
        self.visit(0)
        self.assertEqual(self.run_rules().moment_rule_id, rule)
        self.director.unlink()
        self.assertFalse(rule.hit_ids)
        self.assertFalse(self.run_rules())

    def test_merged_people_count_as_one_and_keep_their_cool_down(self):
        self.make_rule()
        double = self.make_person("Brandon Freeman", parent=self.account)
        self.visit(4, 3)
        self.visit(2, person=double)
        self.assertFalse(self.run_rules())
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.director + double).ids, self.director, extra_checks=False
        )
        self.visit(1)
        self.assertEqual(self.run_rules().partner_id, self.director)
        other = self.make_person("Brandon Freeman", parent=self.account)
        self.visit(1, 1, 1, person=other)
        self.assertEqual(len(self.run_rules()), 1)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.director + other).ids, self.director, extra_checks=False
        )
        self.visit(0)
        self.assertFalse(self.run_rules())

    def test_a_rule_of_a_company_sees_no_other_company(self):
        self.make_rule(times=1, company_id=self.other_company.id)
        theirs = self.make_person("Addison Olson", company_id=self.other_company.id)
        ours = self.make_person("Edwin Hansen", company_id=self.company.id)
        self.visit(1, person=theirs)
        self.visit(1, person=ours)
        self.visit(1)
        self.assertEqual(self.run_rules().partner_id, theirs + self.director, "and what belongs to none")

    def test_a_broken_rule_stops_no_other_and_says_why(self):
        broken = self.make_rule(times=1, name="Broken", sequence=1)
        self.make_rule(times=1, sequence=2)
        self.env.cr.execute("UPDATE engagement_moment_rule SET domain = '[(1' WHERE id = %s", [broken.id])
        broken.invalidate_recordset()
        self.visit(1)
        self.assertEqual(len(self.run_rules()), 1)
        self.assertIn("no valid filter", broken.last_error)

    def test_long_subjects_are_cut_so_that_the_moment_fits(self):
        self.make_rule(times=1, description="Looked at {subject} today")
        self.visit(1, subject="x" * 300)
        text = self.run_rules().subject
        self.assertLessEqual(len(text), 140)
        self.assertTrue(text.startswith("Looked at xxx") and text.endswith("… today"), text)

    def test_a_subject_with_braces_is_no_placeholder(self):
        self.make_rule(times=1, description="Looked at {subject}")
        self.visit(1, subject="{account} {0} %s")
        self.assertEqual(self.run_rules().subject, "Looked at {account} {0} %s")

    def test_who_listens_for_moments_is_woken(self):
        self.make_rule(times=1)
        self.visit(1)
        with patch.object(type(self.Activity), "_on_recorded") as woken:
            self.run_rules()
        self.assertIn({"interesting_moment"}, [call.args[-1] for call in woken.call_args_list])

    def test_what_the_rule_would_have_found(self):
        self.visit(40, 39, 38)  # too long ago
        self.visit(20, 19, 18, 17)
        self.visit(3, 2, 1)
        rule = self.make_rule()
        self.assertEqual(rule.found_count, 2)
        rule.cooldown_days = 0
        self.assertEqual(rule.found_count, 3)
        rule.times = 4
        self.assertEqual(rule.found_count, 1)
        rule.domain = "[('subject', '=', 'Chairs')]"
        self.assertEqual(rule.found_count, 0)

    def test_numbers_texts_and_filters_are_checked(self):
        rule = self.make_rule().with_user(self.manager)
        for name, value in (("times", 0), ("days", 0), ("days", 366), ("cooldown_days", -1), ("times", 10**12)):
            with self.subTest(name=name, value=value), self.assertRefused("must be a whole number"):
                rule.write({name: value})
        with self.assertRefused("take away 1"):
            rule.description = "x" * 141
        with self.assertRefused(r"\{name\} stands for nothing"):
            rule.description = "Hello {name}"
        with self.assertRefused("Filter|filter|condition"):
            rule.domain = "[('no_such_field', '=', 1)]"
        with self.assertRefused("would find what it made"):
            rule.activity_type_ids = self.Type._get_by_code("interesting_moment")
        with self.assertRefused("Choose the activities"):
            rule.activity_type_ids = False

    def test_managers_set_rules_and_others_do_not(self):
        rule = self.make_rule()
        for user in (self.user, self.sales):
            self.assertEqual(rule.with_user(user).name, "Test rule")
            with self.assertRaises(AccessError):
                rule.with_user(user).times = 1
        with self.assertRefused("noted by the rule itself"):
            rule.with_user(self.manager).read_mark = 0
        with self.assertRaises(AccessError):  # the filter names what a manager of marketing may not read
            rule.with_user(self.manager).domain = "[('partner_id.signup_type', '=', 'reset')]"
        with self.assertRefused("own companies"):
            rule.with_user(self.manager).company_id = self.other_company

    def test_cost_does_not_grow_with_the_people(self):
        self.make_rule(times=1)

        def cost(count):
            people = self.env["res.partner"].create([{"name": f"P {n}"} for n in range(count)])
            for person in people:
                self.visit(1, person=person)
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            self.assertEqual(len(self.run_rules()), count)
            return self.env.cr.sql_log_count - start

        cost(1)
        few = cost(2)
        self.assertLessEqual(cost(60), few + 3)

    def test_ready_made_rules_can_be_switched_on(self):
        third = self.env.ref("crm_buying_journey.engagement_moment_rule_third_visit")
        pricing = self.env.ref("crm_buying_journey.engagement_moment_rule_pricing")
        (third + pricing).active = True
        self.visit(3, 2, 1, subject="Desks")
        self.visit(1, person=self.analyst, subject="/pricing")
        self.assertEqual(
            set(self.run_rules().mapped("subject")),
            {"Visited the website 3 times in a week, last: Desks", "Looked at prices: /pricing"},
        )
