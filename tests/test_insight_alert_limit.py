# More than 500 recipients of a sales alert: the same ones get it each time, and whoever looks learns of the others.
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..models.insight.actions import sales_alert, sales_alert_recipients
from ..models.insight.alert import buying_alert_send
from .common_alert import SALES, AlertCase

LIMIT = 3


@tagged("post_install", "-at_install")
class TestAlertLimit(AlertCase):
    """With a limit of three instead of 500; that the limit is 500 is tested with the recipients."""

    def setUp(self):
        super().setUp()
        for module in (sales_alert, sales_alert_recipients):
            self.startPatcher(patch.object(module, "MAX_RECIPIENTS", LIMIT))
        # made in another order than that of their names
        self.users = self.env["res.users"].union(
            *(
                new_test_user(
                    self.env,
                    f"limit_{name.lower()}",
                    "crm_buying_journey.group_sales",
                    name=name,
                    email=f"{name.lower()}@example.com",
                )
                for name in ("Dora", "Anna", "Carl", "Bert")
            )
        )
        self.team = self.env["crm.team"].create({"name": "West", "member_ids": [Command.set(self.users[:3].ids)]})

    def emails(self):
        return self.alerts()[-1].recipient_ids.mapped("email")

    def test_a_team_of_just_so_many_gets_it_and_nobody_is_left_out(self):
        self.run_on(self.make_action(alert_team_id=self.team.id), self.group)
        self.assertEqual(self.emails(), ["anna@example.com", "carl@example.com", "dora@example.com"])
        self.assertFalse(self.alerts().left_out)

    def test_the_log_and_the_chatter_tell_who_is_left_out(self):
        action = self.make_action(
            alert_team_id=self.team.id, alert_to_salesperson=True, alert_email_to="zoe@example.com"
        )
        for _times in range(2):
            result = self.run_on(action.with_user(self.manager), self.group)
            self.assertEqual(self.emails(), [SALES, "anna@example.com", "carl@example.com"])
        alert = self.alerts()[-1].with_user(self.salesperson)
        self.assertEqual(
            alert.left_out.split("\n"),
            [
                "Dora: only the first 3 recipients get a sales alert.",
                "zoe@example.com: only the first 3 recipients get a sales alert.",
            ],
        )
        self.assertIn("Not everybody got the sales alert: Dora: only", self.group.message_ids.sorted("id")[-1].body)
        self.assertIn("Not everybody got the sales alert: Dora: only", result["params"]["message"])
        found = self.env["buying.alert"].search([("left_out", "!=", False), ("group_id", "=", self.group.id)])
        self.assertEqual(found, self.alerts())

    def test_a_team_that_grew_after_publishing_is_told_of_in_the_timeline(self):
        journey = self.make_alert_journey("buying.group", self.group, alert_team_id=self.team.id)
        self.team.member_ids += self.users[3]
        self.engine.tick()
        trace = journey.participant_ids.trace_ids
        self.assertEqual(trace.state, "done")
        self.assertIn("Dora: only the first 3 recipients get a sales alert.", trace.reason)
        self.assertEqual(self.emails(), ["anna@example.com", "bert@example.com", "carl@example.com"])

    def test_publishing_says_how_many_there_are(self):
        self.team.member_ids += self.users[3]
        journey = self.make_alert_journey(
            "buying.group", self.group, publish=False, alert_team_id=self.team.id, alert_email_to="zoe@example.com"
        )
        with self.assertRaisesRegex(UserError, "This one would have 5, of whom 4 are users"):
            journey.with_user(self.manager).action_publish()

    def test_the_preview_tells_who_would_be_left_out(self):
        journey = self.make_alert_journey(
            "buying.group", self.group, publish=False, alert_team_id=self.team.id, alert_to_salesperson=True
        )
        action = journey.node_ids.with_user(self.marketer).action_preview_alert()
        preview = self.env["buying.alert.preview"].with_user(self.marketer).browse(action["res_id"])
        self.assertEqual(len(preview.sent_to.split("\n")), LIMIT)
        self.assertEqual(preview.refused, "Dora: only the first 3 recipients get a sales alert.")

    def test_who_is_refused_takes_nobody_s_place(self):
        self.env["mail.blacklist"]._add("outside@example.com")
        action = self.make_action(
            alert_to_salesperson=True, alert_email_to="outside@example.com, a@example.com, b@example.com"
        )
        self.run_on(action, self.group)
        self.assertEqual(self.emails(), [SALES, "a@example.com", "b@example.com"])
        self.assertEqual(self.alerts().left_out, "outside@example.com: Blacklisted address.")

    def test_a_user_without_an_address_keeps_it_from_nobody_else(self):
        journey = self.make_alert_journey("buying.group", self.group, alert_team_id=self.team.id)
        self.users[1].partner_id.email = False
        self.env.flush_all()
        self.engine.tick()
        self.assertEqual(self.emails(), ["carl@example.com", "dora@example.com"])
        self.assertIn("Anna has no email address.", journey.participant_ids.trace_ids.reason)

    def test_an_action_that_names_nobody_is_refused(self):
        action = self.make_action(alert_team_id=self.team.id)
        self.team.member_ids = False
        with self.assertRaisesRegex(UserError, "no recipient"), self.assertLogs("odoo.addons.base.models", "WARNING"):
            self.run_on(action, self.group)

    def test_of_very_many_the_first_ones_are_listed(self):
        tell = self.env["buying.alert"]._tell_lines
        most = buying_alert_send.MAX_LINES
        self.assertEqual([tell([]), tell(["a"]), tell(["a", "b"])], ["", "a", "a\nb"])
        self.assertEqual(tell(["x"] * most).count("\n"), most - 1)
        self.assertEqual(tell([*["x"] * most, "y", "z"]).split("\n")[-1], "And 2 more.")
