# Listen: who wakes whom, the first event, timeouts, and what waiting costs.
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common_graph import GraphCase


@tagged("post_install", "-at_install")
class TestJourneyListen(GraphCase):
    def listen(self, records, codes=("email_opened",), edges=(), nodes=None, tick=True, publish=True, **values):
        """A journey that listens; what was waited for ends at "Heard"."""
        types = self.env["engagement.activity.type"].union(*(self.activity_type(code) for code in codes))
        journey, made = self.make_graph(
            records._name,
            [("id", "in", records.ids)],
            {"Listen": {"kind": "listen", "activity_type_ids": types.ids, **values}, "Heard": {}, **(nodes or {})},
            [("Listen", "Heard", "next"), *edges],
            publish=publish,
        )
        if tick:
            self.engine.tick()
        return journey, made

    def assertHeard(self, journey, *records):
        heard = {res_id for res_id, name in self.path_of(journey).items() if name == "Heard"}
        self.assertEqual(heard, {record.id for record in records})

    def test_only_who_did_it_moves_and_only_once_it_happens(self):
        active, other, machine = self.make_contacts(3)
        journey, _nodes = self.listen(active + other + machine)
        self.assertHeard(journey)
        self.assertEqual(set(journey.participant_ids.mapped("due_at")), {False}, "whoever listens is never due")
        self.log("email_opened", active, subject="Offer")
        self.log("email_clicked", other)
        self.log("email_opened", machine, is_automatic=True)
        self.engine.tick()
        self.assertHeard(journey, active)
        trace = journey.participant_ids.trace_ids.filtered(lambda trace: trace.state == "done" and trace.visit == 1)
        self.assertIn("Offer", trace.reason)

    def test_what_happened_before_the_arrival_does_not_count(self):
        contact = self.make_contacts(1)
        self.log("email_opened", contact)
        journey, _nodes = self.listen(contact)
        self.log("email_opened", contact, date=fields.Datetime.now() - timedelta(hours=1))
        self.engine.tick()
        self.assertHeard(journey)
        self.log("email_opened", contact)
        self.engine.tick()
        self.assertHeard(journey, contact)

    def test_one_event_moves_through_one_listening_step(self):
        """Two listening steps for the same event need it twice."""
        contact = self.make_contacts(1)
        kind = {"kind": "listen", "activity_type_ids": self.activity_type("email_opened").ids}
        journey, _nodes = self.make_graph(
            "res.partner",
            [("id", "=", contact.id)],
            {"One": kind, "Two": kind, "Heard": {}},
            [("One", "Two", "next"), ("Two", "Heard", "next")],
        )
        self.engine.tick()
        self.log("email_opened", contact)
        self.engine.tick()
        self.assertEqual(self.path_of(journey), {contact.id: "Two"})
        self.log("email_opened", contact)
        self.engine.tick()
        self.assertHeard(journey, contact)

    def test_activity_between_arrival_and_the_first_look_is_not_lost(self):
        contact = self.make_contacts(1)
        start = fields.Datetime.now()
        journey, nodes = self.make_graph(
            "res.partner",
            [("id", "=", contact.id)],
            {
                "Start": {"kind": "merge"},
                "Listen": {"kind": "listen", "activity_type_ids": self.activity_type("email_opened").ids},
                "Heard": {},
            },
            [("Start", "Listen", "next"), ("Listen", "Heard", "next")],
        )
        with freeze_time(start):
            self.engine.tick(limit=1)
            self.assertEqual(journey.participant_ids.node_id, nodes["Listen"])
            self.assertFalse(journey.participant_ids.waiting_since)
            self.log("email_opened", contact)
            self.engine.tick()
        self.assertHeard(journey, contact)

    def test_any_of_its_people_moves_a_group_and_a_group_event_does(self):
        other = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": self.other_account.id})
        journey, _nodes = self.listen(self.group + other, ("email_opened", "interesting_moment"))
        self.log("email_opened", self.colleen)
        self.engine.tick()
        self.assertHeard(journey, self.group)
        self.log("interesting_moment", self.env["res.partner"], group_id=other.id)
        self.engine.tick()
        self.assertHeard(journey, self.group, other)

    def test_event_of_another_group_of_the_same_person_does_not_move_a_group(self):
        solution = self.env["buying.solution"].create({"name": "Other", "template_id": self.template.id})
        other = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.account.id})
        other.assign_member(self.brandon, self.role_decision)
        journey, _nodes = self.listen(self.group + other, ("interesting_moment",))
        self.log("interesting_moment", self.brandon, group_id=other.id)
        self.engine.tick()
        self.assertHeard(journey, other)

    def test_people_below_and_affiliated_people_move_an_account(self):
        lab = self.env["res.partner"].create({"name": "Lab", "is_company": True, "parent_id": self.account.id})
        below = self.env["res.partner"].create({"name": "Nicole Ford", "parent_id": lab.id})
        contractor = self.env["res.partner"].create(
            {"name": "Billy Fox", "affiliated_account_ids": self.other_account.ids}
        )
        journey, _nodes = self.listen(self.account + self.other_account + lab)
        self.log("email_opened", below)
        self.engine.tick()
        self.assertHeard(journey, self.account, lab)
        self.log("email_opened", contractor)
        self.engine.tick()
        self.assertHeard(journey, self.account, lab, self.other_account)

    def test_contact_of_a_lead_moves_it_and_a_lead_without_one_rests(self):
        with_contact, without = self.env["crm.lead"].create(
            [{"name": "A", "partner_id": self.brandon.id}, {"name": "B"}]
        )
        journey, _nodes = self.listen(with_contact + without)
        self.log("email_opened", self.brandon + self.colleen)
        self.engine.tick()
        self.assertHeard(journey, with_contact)

    def test_only_people_in_the_roles_count(self):
        journey, _nodes = self.listen(self.group, role_ids=self.role_decision.ids)
        self.log("email_opened", self.colleen)
        self.engine.tick()
        self.assertHeard(journey)
        self.log("email_opened", self.brandon)
        self.engine.tick()
        self.assertHeard(journey, self.group)

    def test_filter_on_the_activity(self):
        contact = self.make_contacts(1)
        journey, _nodes = self.listen(contact, activity_domain="[('subject', 'ilike', 'offer')]")
        self.log("email_opened", contact, subject="News")
        self.engine.tick()
        self.assertHeard(journey)
        self.log("email_opened", contact, subject="Our offer")
        self.engine.tick()
        self.assertHeard(journey, contact)

    def test_first_of_several_events_decides_on_the_path(self):
        first, second = self.make_contacts(2)
        path = ("Listen", "Clicked", "branch", {"activity_type_ids": self.activity_type("email_clicked").ids})
        journey, _nodes = self.listen(first + second, ("email_opened", "email_clicked"), [path], {"Clicked": {}})
        now = fields.Datetime.now()
        self.log("email_clicked", first, date=now + timedelta(seconds=5))
        self.log("email_opened", first, date=now + timedelta(seconds=1))
        self.log("email_clicked", second)
        self.engine.tick()
        self.assertEqual(self.path_of(journey), {first.id: "Heard", second.id: "Clicked"})

    def test_timeout_takes_its_path_or_ends_the_journey(self):
        contact = self.make_contacts(1)
        start = fields.Datetime.to_datetime("2026-03-02 10:00:00")
        for edges, nodes, end in (
            ([("Listen", "Late", "timeout")], {"Late": {}}, "Late"),
            ([], {}, "Listen"),
        ):
            with freeze_time(start):
                journey, _nodes = self.listen(
                    contact,
                    edges=edges,
                    nodes=nodes,
                    timeout_value=3,
                    timeout_unit="days",
                    until_time=12,
                    until_tz="UTC",
                )
            self.assertEqual(journey.participant_ids.due_at, fields.Datetime.to_datetime("2026-03-05 12:00:00"))
            with freeze_time("2026-03-05 11:59:59"):
                self.engine.tick()
            self.assertEqual(journey.participant_ids.state, "active")
            with freeze_time("2026-03-05 12:00:00"):
                self.engine.tick()
            self.assertEqual((journey.participant_ids.state, self.path_of(journey)), ("completed", {contact.id: end}))

    def test_summary_counts_in_singular_and_plural(self):
        _journey, nodes = self.listen(self.make_contacts(1), timeout_value=1, timeout_unit="weeks")
        self.assertTrue(nodes["Listen"].summary.endswith(", for 1 week"), nodes["Listen"].summary)
        nodes["Listen"].timeout_value = 2
        self.assertTrue(nodes["Listen"].summary.endswith(", for 2 weeks"), nodes["Listen"].summary)

    def test_event_before_the_timeout_counts_even_if_it_is_seen_later(self):
        early, late = self.make_contacts(2)
        with freeze_time("2026-03-02 10:00:00"):
            journey, _nodes = self.listen(
                early + late,
                edges=[("Listen", "Late", "timeout")],
                nodes={"Late": {}},
                timeout_type="date",
                timeout_date="2026-03-03 10:00:00",
            )
        self.log("email_opened", early, date="2026-03-03 09:00:00")
        self.log("email_opened", late, date="2026-03-03 11:00:00")
        with freeze_time("2026-03-04 10:00:00"):
            self.engine.tick()
        self.assertEqual(self.path_of(journey), {early.id: "Heard", late.id: "Late"})

    def test_deleted_record_leaves_and_by_hand_goes_on(self):
        gone, stays = self.make_contacts(2)
        journey, _nodes = self.listen(gone + stays)
        gone_id = gone.id
        gone.unlink()
        journey.participant_ids.action_skip_wait()
        self.engine.tick()
        states = {participant.res_id: participant.state for participant in journey.participant_ids}
        self.assertEqual(states, {gone_id: "exited", stays.id: "completed"})

    def test_paused_journey_hears_what_came_when_it_goes_on(self):
        contact = self.make_contacts(1)
        journey, _nodes = self.listen(contact)
        journey.with_user(self.manager).action_pause()
        self.log("email_opened", contact)
        self.engine.tick()
        self.assertHeard(journey)
        journey.with_user(self.manager).action_resume()
        self.engine.tick()
        self.assertHeard(journey, contact)

    def test_engine_is_called_only_if_somebody_listens(self):
        contact = self.make_contacts(1)
        journey, _nodes = self.listen(contact, ("survey_answered",))
        with patch.object(type(self.engine), "_trigger", autospec=True) as trigger:
            self.log("meeting_attended", contact)
            self.assertFalse(trigger.called)
            self.log("survey_answered", contact)
            self.assertEqual(trigger.call_count, 1)
            journey.with_user(self.manager).action_abort()
            self.log("survey_answered", contact)
            self.assertEqual(trigger.call_count, 1)

    def test_waiting_costs_nothing(self):
        def queries(count):
            contacts = self.make_contacts(count)
            self.listen(contacts)
            self.log("email_opened", self.brandon)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.engine.tick()
            return self.env.cr.sql_log_count - before

        queries(3)
        few = queries(3)
        self.assertLessEqual(queries(150), few + 15)

    def test_publish_names_what_is_missing(self):
        list_contact = self.env["mailing.contact"].create({"name": "Nobody's contact"})
        for records, values, error in (
            (self.account, {"activity_type_ids": False}, "Choose what to listen for"),
            (self.account, {"timeout_value": -1}, "cannot be negative"),
            (self.account, {"timeout_value": 601, "timeout_unit": "months"}, "too long"),
            (self.account, {"edges": [("Listen", "Late", "timeout")], "nodes": {"Late": {}}}, "but no timeout"),
            (self.account, {"edges": [("Listen", "Late", "branch")], "nodes": {"Late": {}}}, "Path Late: choose"),
            (list_contact, {}, "no contact"),
        ):
            journey, _nodes = self.listen(records, tick=False, publish=False, **values)
            self.assertRegex("\n".join(journey._get_publish_errors()), f"Listen: .*{error}")
