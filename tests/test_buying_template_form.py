# The form of role templates: rules that are being edited or no longer work, and what stays open on a live template.
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import BuyingJourneyCase


@tagged("post_install", "-at_install")
class TestBuyingTemplateForm(BuyingJourneyCase):
    def make_draft(self, domain, **values):
        line = self.line(self.champion, "", auto_assign=True, domain=domain)
        Template = self.env["buying.role.template"].with_user(self.user)
        return Template.create({"name": "Rule test", "line_ids": [line], **values})

    # A rule that no longer works

    def test_a_rule_on_a_deleted_field_says_so_and_stops_the_job_by_name(self):
        line = self.template.line_ids[1]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE buying_role_template_line SET domain = %s WHERE id = %s", ["[('x_gone', '=', 1)]", line.id]
        )
        line.invalidate_recordset()
        self.assertEqual(line.with_user(self.user).match_count, 0)
        self.assertRegex(line.with_user(self.user).rule_error, "x_gone")
        self.solution.update_groups = True
        job = self.make_job(self.account)
        with self.assertRefused("rule for Champion in the role template Warehouse test .*x_gone"):
            job.with_user(self.user).run()
        self.assertFalse(job.last_run)

    def test_a_rule_that_compares_different_kinds_says_so(self):
        template = self.make_draft("[('id', '=', 'boss')]")
        template.line_ids.role_id.sequence = 7
        with mute_logger("odoo.sql_db"):
            self.assertEqual(template.line_ids.match_count, 0)
        self.assertTrue(template.line_ids.rule_error)
        self.assertEqual(template.line_ids.role_id.sequence, 7)
        with mute_logger("odoo.sql_db"), self.assertRefused("Champion: "):
            template.action_publish()

    # The form

    def test_the_number_of_matches_follows_the_rule_while_it_is_edited(self):
        self.director.function = self.clerk.function = "Zeppelin pilot"
        with Form(self.make_draft("[('function', '=', 'nobody')]")) as form, form.line_ids.edit(0) as line:
            self.assertEqual(line.match_count, 0)
            line.domain = "[('function_words', 'ilike', 'zeppelin')]"
            self.assertEqual((line.match_count, line.rule_error), (2, False))
            line.domain = "[('x_gone', '=', 1)]"
            self.assertEqual(line.match_count, 0)
            self.assertIn("x_gone", line.rule_error)
            line.domain = "[('function_words', 'ilike', 'zeppelin')]"

    def test_the_button_shows_the_people_who_match(self):
        line = self.make_draft(f"[('id', 'in', {(self.account + self.director).ids})]").line_ids
        action = line.action_view_matches()
        self.assertEqual(self.env["res.partner"].search(action["domain"]), self.director)
        line.domain = "[]"
        self.assertFalse(self.env["res.partner"].search(line.action_view_matches()["domain"]))

    def test_managers_change_the_members_required_of_a_live_template_in_the_form(self):
        with Form(self.template.with_user(self.manager)) as form, form.line_ids.edit(0) as line:
            line.members_required = 4
            for name in ("weight", "role_id", "is_required", "auto_assign", "domain"):
                with self.subTest(field=name), self.assertRaisesRegex(AssertionError, "readonly"):
                    setattr(line, name, line[name] if name != "role_id" else self.practitioner)
        self.assertEqual(self.template.line_ids.mapped("members_required"), [4, 1, 2])

    def test_users_read_a_live_template_only(self):
        form = Form(self.template.with_user(self.user))
        with self.assertRaisesRegex(AssertionError, "not editable"), form.line_ids.edit(0) as line:
            line.members_required = 4

    def test_users_change_the_members_required_of_a_draft(self):
        template = self.make_draft("[('function', '=', 'nobody')]")
        with Form(template) as form, form.line_ids.edit(0) as line:
            line.members_required = 4
        self.assertEqual(template.line_ids.members_required, 4)

    # Names, and who published when

    def test_a_template_has_a_name_in_each_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.make_draft("[('function', '=', 'nobody')]")
        template.with_context(lang="fr_FR").name = "Règle"
        self.assertEqual((template.name, template.with_context(lang="fr_FR").name), ("Rule test", "Règle"))

    def test_nobody_says_who_published(self):
        values = {"published_date": "2020-01-01 00:00:00", "published_uid": self.manager.id}
        draft = self.make_draft("[('function', '=', 'nobody')]", **values)
        self.assertEqual((draft.published_date, draft.published_uid.id), (False, False))
        with self.assertRefused("Publish the template"):
            draft.write(values)
        draft.action_publish()
        self.assertEqual(draft.published_uid, self.user)
        self.assertTrue(draft.published_date)
        copy = draft.copy()
        self.assertEqual((copy.published_date, copy.published_uid.id), (False, False))
