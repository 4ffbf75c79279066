# Files for advertising platforms.
import base64
import csv
import hashlib
import io

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestWizardAudienceExport(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        may_export = Command.link(cls.env.ref("base.group_allow_export").id)
        (cls.user | cls.sales).write({"group_ids": [may_export]})

    def make_wizard(self, groups=None, user=None, **values):
        wizard = self.env["buying.group.audience.export"].with_user(user or self.user)
        wizard = wizard.with_context(active_model="buying.group", active_ids=(groups or self.group).ids)
        return wizard.create(values)

    def export(self, groups=None, user=None, **values):
        """The wizard and the file's rows, the header first."""
        wizard = self.make_wizard(groups, user, **values)
        wizard.action_export()
        return wizard, list(csv.reader(io.StringIO(base64.b64decode(wizard.file).decode("utf-8"))))

    def assign(self, *people, role=None):
        for person in people:
            self.group.assign_member(person, role or self.champion)

    def test_a_company_list_has_one_row_per_account(self):
        self.account.write(
            {"website": "https://azure.test.example.com", "email": "Info@Azure.test.example.com", "city": "Fremont"}
        )
        self.account.country_id = self.env.ref("base.us")
        other = self.env["buying.solution"].create({"name": "Shelves test", "template_id": self.template.id})
        second = self.env["buying.group"].create({"solution_id": other.id, "partner_id": self.account.id})
        wizard, rows = self.export(self.group | second)
        self.assertEqual(rows[0][:3], ["companyname", "companywebsite", "companyemaildomain"])
        self.assertEqual(len(rows), 2)
        row = dict(zip(*rows, strict=True))
        self.assertEqual(
            (row["companyname"], row["companyemaildomain"], row["city"], row["companycountry"]),
            ("Azure Interior Test", "azure.test.example.com", "Fremont", "US"),
        )
        self.assertEqual((wizard.row_count, wizard.duplicate_count), (1, 1))

    def test_a_mail_domain_that_many_firms_share_is_left_out(self):
        self.account.email = "azure@gmail.com"
        _wizard, rows = self.export()
        self.assertEqual(dict(zip(*rows, strict=True))["companyemaildomain"], "")

    def test_a_contact_list_has_the_members(self):
        self.director.email = " Brandon.Freeman@Test.Example.COM "
        self.assign(self.director, self.analyst)
        self.group.remove_member(self.analyst)
        self.assign(self.clerk)
        self.clerk.active = False
        _wizard, rows = self.export(format="linkedin_contact")
        header = ["email", "firstname", "lastname", "jobtitle", "employeecompany", "country", "googleaid"]
        self.assertEqual(rows[0], header)
        self.assertEqual(
            rows[1:],
            [
                [
                    "brandon.freeman@test.example.com",
                    "Brandon",
                    "Freeman",
                    "Managing Director",
                    "Azure Interior Test",
                    "",
                    "",
                ]
            ],
        )

    def test_only_the_chosen_roles(self):
        self.assign(self.director, role=self.decision_maker)
        self.assign(self.clerk)
        _wizard, rows = self.export(format="linkedin_contact", role_ids=self.decision_maker.ids)
        self.assertEqual([row[2] for row in rows[1:]], ["Freeman"])

    def test_blacklisted_and_opted_out_people_are_left_out_and_counted(self):
        nobody = self.make_person("Toni Rhodes", parent=self.account)
        nobody.email = "no address"
        twin = self.make_person("Brandon Freeman", parent=self.account)
        self.assign(self.director, self.analyst, self.clerk, nobody, twin)
        self.env["mail.blacklist"].create({"email": self.analyst.email})
        self.env["mailing.subscription"].create(
            {
                "contact_id": self.env["mailing.contact"].create({"name": "Colleen", "email": self.clerk.email}).id,
                "list_id": self.env["mailing.list"].create({"name": "News"}).id,
                "opt_out": True,
            }
        )
        wizard, rows = self.export(format="google")
        self.assertEqual([row[0] for row in rows[1:]], ["brandon.freeman@test.example.com"])
        self.assertEqual(
            (wizard.row_count, wizard.refused_count, wizard.unaddressed_count, wizard.duplicate_count), (1, 2, 1, 1)
        )

    def test_google_hashes_all_but_country_and_postal_code(self):
        self.director.write({"email": "Brandon.Freeman+odoo@Gmail.com", "zip": "94538", "name": "Brandon FREEMAN"})
        self.director.country_id = self.env.ref("base.us")
        self.director.phone = "+1 650-253-0000"
        self.assign(self.director)

        def hashed(text):
            return hashlib.sha256(text.encode()).hexdigest()

        _wizard, rows = self.export(format="google", is_hashed=True)
        self.assertEqual(rows[0], ["Email", "Phone", "First Name", "Last Name", "Country", "Zip"])
        self.assertEqual(rows[1][0], hashed("brandonfreeman@gmail.com"))
        self.assertEqual(rows[1][2:], [hashed("brandon"), hashed("freeman"), "US", "94538"])
        if self.director.phone_sanitized == "+16502530000":  # only where the host can read numbers
            self.assertEqual(rows[1][1], hashed("+16502530000"))

    def test_linkedin_takes_hashed_addresses_and_nothing_else(self):
        self.assign(self.director)
        _wizard, rows = self.export(format="linkedin_contact", is_hashed=True)
        digest = hashlib.sha256(b"brandon.freeman@test.example.com").hexdigest()
        self.assertEqual(rows[1], [digest, "", "", "", "", "", ""])

    def test_formulas_become_plain_text(self):
        for name in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx"):
            with self.subTest(name=name):
                self.account.name = name
                _wizard, rows = self.export()
                self.assertEqual(rows[1][0], f"'{name}")

    def test_ranges_include_both_ends(self):
        self.group.sudo().engagement = 5.1
        for low, high, count in ((5.1, 5.1, 1), (5, 6, 1), (5.2, 6, 0), (0, 5, 0)):
            wizard = self.make_wizard(engagement_min=low, engagement_max=high)
            self.assertEqual(wizard.group_count, count, (low, high))

    def test_filters_leave_out_groups(self):
        self.group.status = "Hot"
        for values, count in (
            ({"status": "Hot"}, 1),
            ({"status": "Cold"}, 0),
            ({"missing_role_ids": self.champion.ids}, 1),
            ({"missing_role_ids": self.practitioner.ids}, 0),
            ({"solution_ids": self.solution.ids}, 1),
            ({"template_ids": self.template.ids}, 1),
            ({"completeness_min": 1}, 0),
        ):
            self.assertEqual(self.make_wizard(**values).group_count, count, values)

    def test_an_empty_file_is_refused(self):
        with self.assertRefused("Nothing would be in the file"):
            self.export(format="google")

    def test_a_range_upside_down_is_refused(self):
        with self.assertRefused("ends below its start"):
            self.export(completeness_min=60, completeness_max=50)

    def test_groups_of_another_company_are_not_exported(self):
        self.account.company_id = self.other_company
        wizard = self.env["buying.group.audience.export"].with_user(self.user)
        self.assertEqual(wizard.create({"solution_ids": self.solution.ids}).group_count, 0)

    def test_sales_may_not_export(self):
        with self.assertRefused("not allowed", AccessError):
            self.make_wizard(user=self.sales)

    def test_who_may_not_export_at_all_may_not_here(self):
        self.user.group_ids -= self.env.ref("base.group_allow_export")
        with self.assertRefused("not allowed to export", AccessError):
            self.export()
