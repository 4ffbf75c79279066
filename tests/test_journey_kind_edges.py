# Every kind of step at its edges: nobody in the batch, records that are deleted or archived, nobody to act on, no
# address, and calendars. A kind that is new must be added here.
from odoo import fields
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common_graph import GraphCase

CUSTOMER = "[('function', '=', 'Customer')]"
# kinds that look at the record, and so let go of one that is gone; the others do not care what they move
LOOKING = {"action", "email", "listen", "split", "people_split", "wait_field"}
# kinds at which nobody who is there goes on at once
RESTING = {"wait", "listen"}


@tagged("post_install", "-at_install")
class TestKindEdges(GraphCase):
    def make_step(self, name, records, **values):
        """A journey of one step of this kind, between a wait and an end; all stand at the wait."""
        model = records._name
        nodes = {"Wait": {"kind": "wait", "wait_value": 1}, "Step": {"kind": name.partition("_")[0]}}
        edges = [("Wait", "Step", "next")]
        step = nodes["Step"]
        outcomes = [("next", {})]
        if name == "action":
            step["action_server_id"] = self.make_action(model).id
        elif name == "listen":
            step |= {"activity_type_ids": self.activity_type("email_opened").ids, "timeout_value": 0}
        elif name == "split":
            outcomes = [("branch", {"domain": CUSTOMER if model == "res.partner" else "[('id', '=', 0)]"})]
            outcomes.append(("default", {}))
        elif name == "people_split":
            step["kind"] = name
            nodes["Note"] = {
                "kind": "action",
                "people": "people",
                "action_server_id": self.make_action("res.partner").id,
            }
            edges.append(("Step", "Note", "branch", {"domain": "[('id', '>', 0)]"}))
        elif name == "variant":
            outcomes = [("branch", {"percent": 50}), ("branch", {"percent": 50})]
        elif name == "wait_field":
            field = self.env["ir.model.fields"]._get(model, "create_date")
            step |= {"wait_type": "field", "wait_field_id": field.id}
        nodes["End"] = {}
        if name != "end":
            edges += [("Step", "End", outcome, more) for outcome, more in outcomes]
        journey, made = self.make_graph(model, [("id", "in", records.ids)], nodes, edges, publish=False, **values)
        if name == "email":
            made["Step"].mailing_id.write({"subject": "Edges", "body_html": self.mail_body()})
        if name == "end":
            made["End"].unlink()
        journey.with_user(self.manager).action_publish()
        self.engine.tick()
        self.assertEqual(set(journey.participant_ids.node_id.mapped("name")), {"Wait"})
        return journey, made["Step"]

    def traces_at(self, journey, step):
        return journey.participant_ids.trace_ids.filtered(lambda trace: trace.node_id == step)

    def mail_body(self):
        return '<p>Hello</p><p><a href="/unsubscribe_from_list">Unsubscribe</a></p>'

    def make_action(self, model):
        return self.env["ir.actions.server"].create(
            {
                "name": "Note",
                "state": "object_write",
                "model_id": self.env["ir.model"]._get_id(model),
                "update_path": "ref" if model == "res.partner" else "status",
                "value": "noted",
            }
        )

    def go_on(self, journey):
        journey.participant_ids.action_skip_wait()
        with self.mock_mail_gateway():
            self.engine.tick()
        self.env.invalidate_all()

    def names(self):
        kinds = {kind for kind, _label in self.env["journey.node"]._selection_kind()}
        self.assertGreaterEqual(
            {"action", "email", "wait", "listen", "split", "people_split", "variant", "merge", "end"}, kinds
        )
        return sorted(kinds - {"people_split"}) + ["people_split", "wait_field"]

    def test_nobody_in_the_batch(self):
        for name in self.names():
            with self.subTest(kind=name):
                journey, step = self.make_step(name, self.account if name == "people_split" else self.brandon)
                nobody = journey.participant_ids.browse()
                node = step.with_env(journey._as_responsible().env).sudo()
                self.assertEqual(node._get_kind()._process(node, nobody), {})
                # everybody who was due left by a rule right before the step
                journey.exit_domain = "[('id', '>', 0)]"
                self.go_on(journey)
                self.assertEqual(set(journey.participant_ids.mapped("state")), {"exited"})
                self.assertNotIn(step, journey.participant_ids.trace_ids.node_id)

    def test_deleted_and_archived_records(self):
        for name in self.names():
            with self.subTest(kind=name):
                here, archived, deleted = self.make_contacts(3, is_company=name == "people_split", create_date=False)
                journey, step = self.make_step(name, here + archived + deleted)
                deleted_id = deleted.id
                deleted.unlink()
                archived.active = False
                self.go_on(journey)
                states = {entry.res_id: entry.state for entry in journey.participant_ids}
                gone = "exited" if name in LOOKING else "active" if name in RESTING else "completed"
                self.assertEqual(
                    states,
                    {
                        here.id: "active" if name in RESTING else "completed",
                        archived.id: gone,
                        deleted_id: gone,
                    },
                )
                traces = self.traces_at(journey, step)
                self.assertEqual(len(traces), 3, "the step says of each what became of it")
                self.assertNotIn("failed", traces.mapped("state"))
                reasons = traces.filtered(lambda trace: trace.participant_id.state == "exited").mapped("reason")
                self.assertTrue(all("deleted or archived" in reason for reason in reasons), reasons)

    def test_nobody_to_act_on(self):
        """An account without people, and a group without members."""
        empty = self.env["res.partner"].create({"name": "Nobody There", "is_company": True})
        group = self.env["buying.group"].create({"solution_id": self.solution.id, "partner_id": empty.id})
        for name in self.names():
            with self.subTest(kind=name):
                journey, step = self.make_step(name, group)
                if name == "action":
                    action = self.make_action("res.partner")
                    self.env.cr.execute(
                        "UPDATE journey_node SET people = 'people', action_server_id = %s WHERE id = %s",
                        [action.id, step.id],
                    )
                    self.env.invalidate_all()
                self.go_on(journey)
                state = "active" if name in RESTING else "completed"
                self.assertEqual(journey.participant_ids.mapped("state"), [state])
                traces = self.traces_at(journey, step)
                self.assertNotIn("failed", traces.mapped("state"))
                if name in ("action", "email"):
                    self.assertEqual(traces.mapped("state"), ["skipped"])
                    self.assertTrue(traces.reason)

    def test_no_address(self):
        silent, wrong, known = self.make_contacts(3)
        silent.email, wrong.email = False, "no address"
        journey, step = self.make_step("email", silent + wrong + known)
        self.go_on(journey)
        self.assertEqual(set(journey.participant_ids.mapped("state")), {"completed"})
        states = {
            trace.participant_id.res_id: trace.state
            for trace in journey.participant_ids.trace_ids
            if trace.node_id == step
        }
        self.assertEqual(states, {silent.id: "skipped", wrong.id: "skipped", known.id: "done"})
        mails = self.env["mail.mail"].search([("mailing_id", "=", step.mailing_id.id), ("state", "=", "outgoing")])
        self.assertEqual(mails.recipient_ids, known)

    def assertTimeout(self, arrival, expected, **values):
        """A listening step at which somebody arrives then rests until the expected moment (both UTC)."""
        with freeze_time(arrival):
            journey = self.make_journey(
                "res.partner",
                [("id", "=", self.brandon.id)],
                [
                    {"kind": "listen", "activity_type_ids": self.activity_type("email_opened").ids, **values},
                    {"kind": "end"},
                ],
            )
            self.engine.tick()
        self.assertEqual(fields.Datetime.to_string(journey.participant_ids.due_at), expected)
        journey.action_abort()

    def test_timeouts_by_the_calendar(self):
        month = {"timeout_value": 1, "timeout_unit": "months"}
        self.assertTimeout("2027-01-31 10:00:00", "2027-02-28 10:00:00", **month)
        self.assertTimeout("2028-01-31 10:00:00", "2028-02-29 10:00:00", **month)
        year = {"timeout_value": 12, "timeout_unit": "months"}
        self.assertTimeout("2028-02-29 10:00:00", "2029-02-28 10:00:00", **year)
        # 28 March 2027, Brussels: the clock goes forward; a day keeps the time of day, 24 hours do not, so that they
        # miss half past nine and wait for the next one
        half_past_nine = {"until_time": 9.5, "until_tz": "Europe/Brussels"}
        self.assertTimeout(
            "2027-03-27 08:00:00", "2027-03-28 07:30:00", timeout_value=1, timeout_unit="days", **half_past_nine
        )
        self.assertTimeout(
            "2027-03-27 08:00:00", "2027-03-29 07:30:00", timeout_value=24, timeout_unit="hours", **half_past_nine
        )
