# What the tests of the dashboard's pages share.
import datetime as dt
import json

from freezegun import freeze_time

from odoo import fields

from .common_stage import BuyingStageCase

MONDAY = dt.datetime(2026, 3, 2, 12)


class DashboardCase(BuyingStageCase):
    """Figures of the groups of one solution, whatever else the database holds; see ``page``."""

    page = "buying.dashboard"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.filters = {"solution_ids": cls.solution.ids}

    def get_data(self, user=None, **filters):
        dashboard = self.env[self.page].with_user(user or self.user).with_context(tz="UTC")
        return dashboard.get_data(self.filters | filters)

    def make_groups(self, count, name="Deco Addict Test", solution=None, **values):
        accounts = self.env["res.partner"].create(
            [{"name": f"{name} {number}", "is_company": True, "user_id": False, **values} for number in range(count)]
        )
        solution = solution or self.solution
        return self.env["buying.group"].create(
            [{"solution_id": solution.id, "partner_id": account.id} for account in accounts]
        )

    def set_figures(self, groups, **values):
        """Write figures as they are, without anything that would compute them."""
        self.env.flush_all()
        for name, value in values.items():
            self.env.cr.execute(f"UPDATE buying_group SET {name} = %s WHERE id = ANY(%s)", [value, groups.ids])
        self.env.invalidate_all()

    def figures(self, chart):
        return {row["label"]: row["values"] for row in chart["rows"]}

    def assertDrillsDown(self, chart, user=None):
        """Behind each number there are as many records, also after the domain went to the browser and back."""
        models = chart.get("models") or [chart["model"]] * len(chart["series"])
        for row in chart["rows"]:
            for value, domain, model_name in zip(row["values"], row["domains"], models, strict=False):
                if domain is not False:
                    model = self.env[model_name].with_user(user or self.user)
                    self.assertEqual(model.search_count(json.loads(json.dumps(domain))), value, row["label"])

    def assertTilesDrillDown(self, tiles, user=None):
        for tile in tiles:
            model = self.env[tile["model"]].with_user(user or self.user)
            self.assertEqual(model.search_count(json.loads(json.dumps(tile["domain"]))), tile["value"], tile["label"])

    def move(self, group, days_ago, *stages):
        for stage in stages:
            with freeze_time(fields.Datetime.now() - dt.timedelta(days=days_ago)):
                group.with_user(self.user).set_stage(stage)

    def count_statements(self, **filters):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.get_data(**filters)
        return self.env.cr.sql_log_count - before


class DashboardEngagementCase(DashboardCase):
    """What people of two groups did in March; see ``did``."""

    page = "buying.dashboard.engagement"
    period = {"date_from": "2026-03-02", "date_to": "2026-03-17"}  # two weeks and two days

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["engagement.activity"].search([]).sudo().unlink()
        cls.group.assign_member(cls.director, cls.decision_maker)
        cls.group.assign_member(cls.analyst, cls.influencer)
        cls.second = cls.make_second()
        cls.toni, cls.edwin = cls.second.member_ids.partner_id.sorted("id")

    @classmethod
    def make_second(cls, **values):
        """Another account with a group of two."""
        account = cls.make_account("Second Test", **values)
        company = {"company_id": values["company_id"]} if "company_id" in values else {}
        group = cls.env["buying.group"].create({"solution_id": cls.solution.id, "partner_id": account.id})
        group.assign_member(cls.make_person("Toni Rhodes", parent=account, **company), cls.champion)
        group.assign_member(cls.make_person("Edwin Hansen", parent=account, **company), cls.influencer)
        return group

    @classmethod
    def did(cls, person, days=0, code="email_opened", hours=0, **values):
        date = MONDAY + dt.timedelta(days=days, hours=hours)
        return cls.env["engagement.activity.type"].log(code, person, date=date, **values)

    def get_data(self, user=None, **filters):
        return super().get_data(user, **(self.period | filters))
