# The lists behind the figures of engagement: who did how much in the period of the number that was clicked.
import json

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_dashboard import DashboardEngagementCase

COLUMNS = ("engaged_state", "engaged_people_count", "engaged_activity_count", "engaged_last_date")


@tagged("post_install", "-at_install")
class TestInsightEngagedLists(DashboardEngagementCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.did(cls.director, 0)
        cls.did(cls.director, 1)
        cls.did(cls.analyst, 8, code="page_viewed")
        cls.did(cls.toni, 15)
        cls.did(cls.toni, 20)  # after the period
        cls.did(cls.clerk, 1)  # no member

    def open_list(self, chart, row=None, index=0, user=None):
        """The records behind a number, as the web client asks for them."""
        model_name, context, domain = chart["model"], dict(chart.get("context") or {}), chart["domain"]
        if row is not None:
            model_name = (chart.get("models") or [model_name] * 9)[index]
            own = (chart.get("contexts") or [{}] * 9)[index]
            context = context | row.get("context", {}) | own if model_name == chart["model"] else {}
            domain = row["domains"][index]
        context = json.loads(json.dumps({"active_test": True, "tz": "UTC", **context}))
        view = self.env.ref(context["list_view_ref"])
        self.assertEqual(view.model, model_name)
        model = self.env[model_name].with_user(user or self.user).with_context(**context)
        arch = model.get_view(view.id, "list")["arch"]
        order = arch.split('default_order="')[1].split('"')[0]
        for column in COLUMNS:
            if f'name="{column}"' in arch:
                self.assertIn(column, model.fields_get([column]))
        return model.search(json.loads(json.dumps(domain)), order=order)

    def figures_of(self, records):
        return [
            (
                record.name,
                record.engaged_state,
                record.engaged_people_count,
                record.engaged_activity_count,
                str(record.engaged_last_date or ""),
            )
            for record in records
        ]

    def test_accounts(self):
        chart = self.get_data()["doughnuts"]["accounts"]
        self.make_groups(1, "Ready Mat Test")
        engaged = self.open_list(chart, chart["rows"][0])
        self.assertEqual(
            self.figures_of(engaged),
            [
                ("Azure Interior Test", "engaged", 2, 3, "2026-03-10 12:00:00"),
                ("Second Test", "engaged", 1, 1, "2026-03-17 12:00:00"),
            ],
        )
        idle = self.open_list(chart, chart["rows"][1])
        self.assertEqual(self.figures_of(idle), [("Ready Mat Test 0", "not", 0, 0, "")])
        self.assertEqual(self.open_list(chart).ids, engaged.ids + idle.ids)  # those who did nothing come last

    def test_groups(self):
        chart = self.get_data()["doughnuts"]["groups"]
        groups = self.open_list(chart, chart["rows"][0])
        self.assertEqual(groups, self.group | self.second)
        self.assertEqual([values[1:4] for values in self.figures_of(groups)], [("engaged", 2, 3), ("engaged", 1, 1)])

    def test_people(self):
        chart = self.get_data()["doughnuts"]["people"]
        people = self.open_list(chart, chart["rows"][0])
        self.assertEqual(
            self.figures_of(people),
            [
                (self.director.name, "engaged", 1, 2, "2026-03-03 12:00:00"),
                *(
                    (person.name, "engaged", 1, 1, date)
                    for person, date in sorted(
                        [(self.analyst, "2026-03-10 12:00:00"), (self.toni, "2026-03-17 12:00:00")],
                        key=lambda pair: pair[0].id,
                    )
                ),
            ],
        )
        self.assertEqual(
            [values[:2] for values in self.figures_of(self.open_list(chart, chart["rows"][1]))],
            [(self.edwin.name, "not")],
        )

    def test_each_week_tells_of_itself(self):
        for what, figures in (("people", [(1, 2), (1, 1), (1, 1)]), ("groups", [(1, 2), (1, 1), (1, 1)])):
            chart = self.get_data()["lines"][what]
            for row, (count, activities) in zip(chart["rows"], figures, strict=True):
                engaged = self.open_list(chart, row, 0)
                self.assertEqual((len(engaged), sum(engaged.mapped("engaged_activity_count"))), (count, activities))
                for record in self.open_list(chart, row, 1):
                    self.assertEqual((record.engaged_state, record.engaged_activity_count), ("not", 0))

    def test_filters_of_the_page_hold_in_the_list(self):
        chart = self.get_data(channels=["web"])["doughnuts"]["accounts"]
        self.assertEqual([values[2:4] for values in self.figures_of(self.open_list(chart))], [(1, 1), (0, 0)])
        chart = self.get_data(role_ids=self.decision_maker.ids)["doughnuts"]["groups"]
        self.assertEqual([values[2:4] for values in self.figures_of(self.open_list(chart))], [(1, 2), (0, 0)])

    def test_roles(self):
        # as a member is left whose role was deleted
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE buying_group_member SET role_id = NULL WHERE group_id = %s AND partner_id = %s",
            [self.group.id, self.analyst.id],
        )
        self.env.invalidate_all()
        data = self.get_data()
        for row in data["roles"]["rows"]:
            people = self.open_list(data["roles"], row)
            self.assertEqual(set(people.mapped("engaged_state")), {"engaged"})
        self.assertEqual(people, self.analyst)
        self.assertEqual(row["label"], "No role")
        chart = data["role_lines"]
        self.assertEqual(chart["series"][-1], "No role")
        self.assertEqual(
            [
                self.open_list(chart, row, index).mapped("engaged_activity_count")
                for row in chart["rows"]
                for index in range(len(chart["series"]))
                if row["values"][index]
            ],
            [[2], [1], [1]],
        )

    def test_most_active_accounts(self):
        top = self.get_data()["top"]
        people = self.open_list(top, top["rows"][0], 0)
        self.assertEqual(people, self.director | self.analyst)
        self.assertEqual(sum(people.mapped("engaged_activity_count")), top["rows"][0]["values"][1])

    def test_a_list_counts_what_its_user_may_see(self):
        elsewhere = self.make_second(company_id=self.other_company.id)
        self.did(elsewhere.member_ids.partner_id[0])
        self.second.partner_id.user_id = self.sales
        for user, engaged in ((self.own_sales, 1), (self.sales, 2), (self.other_user, 3)):
            for what in ("accounts", "groups"):
                chart = self.get_data(user)["doughnuts"][what]
                records = self.open_list(chart, chart["rows"][0], user=user)
                self.assertEqual(len(records), engaged)
                self.assertEqual(set(records.mapped("engaged_state")), {"engaged"})
        # whose groups somebody may not see tells no figures either, whoever made the link
        link = self.get_data(self.sales)["doughnuts"]["accounts"]["context"]
        account = self.second.partner_id.with_user(self.own_sales).with_context(**link)
        self.assertEqual((account.engaged_state, account.engaged_activity_count), ("not", 0))

    def test_days_are_those_of_the_user(self):
        self.did(self.edwin, -1, hours=11.5)  # 23:30 on Sunday in UTC
        page = self.env[self.page].with_user(self.user).with_context(tz="Europe/Brussels")
        chart = page.get_data(self.filters | self.period)["doughnuts"]["people"]
        edwin = self.edwin.with_user(self.user).with_context(**chart["context"])
        self.assertEqual(edwin.with_context(tz="Europe/Brussels").engaged_activity_count, 1)
        self.assertEqual(edwin.with_context(tz="UTC").engaged_activity_count, 0)

    def test_every_column_can_be_sorted_by(self):
        chart = self.get_data()["doughnuts"]["people"]
        people = self.open_list(chart)
        nobody = {"engaged_state": "not", "engaged_last_date": False}
        for column in COLUMNS:
            self.assertTrue(people.fields_get([column])[column]["sortable"])
            falling = people.search([("id", "in", people.ids)], order=f"{column} desc, id").mapped(column)
            rising = people.search([("id", "in", people.ids)], order=f"{column}, id").mapped(column)
            self.assertEqual((falling[-1], rising[0]), (nobody.get(column, 0),) * 2)
            self.assertEqual(falling[:-1], sorted(falling[:-1], reverse=True))
            self.assertEqual(rising[1:], sorted(rising[1:]))

    def test_without_a_period_there_is_nothing_to_tell(self):
        person = self.director.with_user(self.user)
        self.assertEqual([person[column] for column in COLUMNS], [False, 0, 0, False])
        self.assertTrue(person.search([("id", "=", person.id)], order="engaged_activity_count desc"))
        # a group's form that was opened from a list of accounts
        group = self.group.with_user(self.user).with_context(engaged_what="accounts")
        self.assertFalse(group.engaged_state)

    def test_a_broken_context_is_refused(self):
        person = self.director.with_user(self.user)
        for broken in (
            {"engaged_filters": "{"},
            {"engaged_filters": "[1]"},
            {"engaged_filters": 7},
            {"engaged_filters": '{"role_ids": "x"}'},
            {"engaged_from": "yesterday"},
            {"engaged_from": "2026-03-02", "engaged_to": "2026-01-01"},
            {"engaged_role": "1; DROP TABLE"},
        ):
            with self.subTest(broken), self.assertRaises(UserError):
                person.with_context(engaged_what="people", **broken).mapped("engaged_state")

    def test_the_number_of_statements_does_not_grow(self):
        def count(number):
            chart = self.get_data()["doughnuts"]["groups"]
            self.make_groups(number, f"Late {number}")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            groups = self.env["buying.group"].with_user(self.user).with_context(**chart["context"])
            groups.search(chart["domain"], order="engaged_activity_count desc").mapped("engaged_activity_count")
            return self.env.cr.sql_log_count - before

        count(1)
        self.assertEqual(count(1), count(30))
