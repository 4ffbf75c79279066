"""Run in Odoo's shell on the first start of dev/serve: brings the demo to life and prints what happened.

The environment variable BJ_MAILS names the folder in which the local SMTP sink keeps the mails, BJ_ADDRESS the address
that links in the mails lead to.
"""

import email
import email.policy
import importlib.util
import os
import pathlib
from collections import Counter

from odoo import fields

env = self.env
engine = env["journey.engine"]
journey = env.ref("crm_buying_journey.journey_handover")
folder = pathlib.Path(os.environ["BJ_MAILS"])
env["ir.config_parameter"].set_param("web.base.url", os.environ["BJ_ADDRESS"])


def deliver():
    """Send what waits in the outbox, the way the host's own queue does."""
    models = ["res.partner", "buying.group", "crm.lead"]
    mails = env["mail.mail"].search([("state", "=", "outgoing"), ("model", "in", models)])
    env["mail.mail"].process_email_queue(mails.ids)
    env.cr.commit()


if journey.state == "draft":
    journey.action_publish()
engine.tick()
deliver()
# a few recipients react, so that the activity log has something to tell
traces = env["mailing.trace"].search(
    [("journey_participant_id.journey_id", "=", journey.id), ("trace_status", "=", "sent")]
)
# nobody reads within a second
traces.sent_datetime = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
traces[:6].set_opened()
for trace in traces[:3]:
    code = env["link.tracker"].search([("mass_mailing_id", "=", trace.mass_mailing_id.id)], limit=1).code
    env["link.tracker.click"].add_click(code, ip="127.0.0.1", country_code="BE", mailing_trace_id=trace.id)
# and the members of one group have more to talk about with sales
ready = env["buying.group"].search(
    [("partner_id.name", "=", "Gemini Furniture"), ("solution_id", "=", journey.solution_id.id)], limit=1
)
people = ready._get_alert_members().partner_id
for days, code, subject, moment, person in (
    (6, "page_viewed", "Standing desks for open offices", False, people[:1]),
    (5, "email_clicked", "A new office for your team", False, people[1:2]),
    (4, "page_viewed", "Acoustic panels against noise", False, people[1:2]),
    (3, "page_viewed", "Standing desks for open offices", False, people[1:2]),
    (2, "meeting_attended", "A walk through the showroom", False, people[:1]),
    (2, "interesting_moment", "Asked for an offer for two floors", "milestone", people[:1]),
    (1, "interesting_moment", "Third visit in a week", "web", people[1:2]),
):
    moment_of = fields.Datetime.subtract(fields.Datetime.now(), days=days)
    env["engagement.activity.type"].log(code, person, moment_of, subject, new_value=moment)
ready.status = "Asks for an offer"
env["engagement.score.model"].compute_scores()
# the two days of the wait are over at once
journey.participant_ids.action_skip_wait()
engine.tick()
deliver()

# the ready-made journeys, with people inside
admin = env.ref("base.user_admin")
ready_made = env["journey.journey"].with_user(admin)
soon = env["crm.lead"].search([("email_from", "!=", False), ("type", "=", "opportunity")], limit=3)
soon.date_deadline = fields.Date.add(fields.Date.today(), days=7)  # whom to remind
for template in ("welcome_group", "nurture_silent", "reminder_date"):
    wizard = env["journey.import"].with_user(admin).create({"origin": "template", "template": template})
    ready_made |= ready_made.browse(wizard.action_import()["res_id"])
ready_made.action_publish()
engine.tick()
deliver()

# a mailing with copies; two salespeople look at theirs
copied_mailing = env.ref("crm_buying_journey.mailing_cc_demo", raise_if_not_found=False)
if copied_mailing and copied_mailing.state == "draft":
    print(f"Before sending: {copied_mailing._get_copy_sentence(copied_mailing._get_copy_forecast())}")
    copied_mailing.action_send_mail()
    deliver()
    copies = env["mailing.trace.copy"].search([("mailing_id", "=", copied_mailing.id), ("mode", "=", "tracked")])
    read = copies.filtered(lambda copy: copy.state == "sent")[:2]
    read._set_opened()
    read[:1]._set_clicked("https://www.example.com/catalogue")

# three weeks of bringing lost leads back; the shell runs this text, so it knows no folder of its own
scripts = pathlib.Path(os.environ["BJ_SCRIPTS"])


def load(name):
    spec = importlib.util.spec_from_file_location(name, scripts / f"{name}.py")
    part = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(part)
    return part


lost = load("run_demo_reactivation").run(env, deliver)
ready_made |= lost
load("run_demo_history").run(env)

# a newsletter whose subject was tested: 60 % of the readers got one of two, 10 % nothing, the rest the winner
readers = env["mailing.list"].create({"name": "Office Newsletter"})
env["mailing.contact"].create(
    [
        {
            "name": f"Reader {number}",
            "email": f"reader.{number}@newsletter.example.com",
            "subscription_ids": [(0, 0, {"list_id": readers.id})],
        }
        for number in range(1, 201)
    ]
)
newsletter = (
    env["mailing.mailing"]
    .with_user(admin)
    .create(
        {
            "subject": "Our spring catalogue",
            "body_html": """<div>
                <p>Desks that grow with you: <a href="https://www.example.com/spring">have a look</a>.</p>
                <p><a href="/unsubscribe_from_list">Unsubscribe</a></p></div>""",
            "mailing_model_id": env["ir.model"]._get_id("mailing.list"),
            "contact_list_ids": [(6, 0, readers.ids)],
            "mailing_domain": str([("list_ids", "in", readers.ids)]),
        }
    )
)
newsletter.action_create_ab_test()
ab_test = newsletter.ab_test_id
ab_test.write({"name": "Spring catalogue: which subject?", "test_percent": 60, "holdout_percent": 10, "min_sample": 50})
ab_test.method = "fixed"
ab_test.arm_ids[1].subject = "Sit or stand: desks for 20 % less"
newsletter.action_launch()


def send_newsletter():
    """Make the mails and let them count as sent: 180 files more in the sink would hide the others."""
    env["mailing.mailing"].browse(ab_test.arm_ids.mailing_id.ids)._action_send_mail()
    mails = env["mail.mail"].search([("mailing_id", "in", ab_test.arm_ids.mailing_id.ids), ("state", "=", "outgoing")])
    mails.mailing_trace_ids.write(
        {"trace_status": "sent", "sent_datetime": fields.Datetime.subtract(fields.Datetime.now(), hours=3)}
    )
    mails.state = "sent"


send_newsletter()
for arm, opened, clicked in zip(ab_test.arm_ids, (22, 34), (5, 27), strict=True):
    reached = env["mailing.trace"].search([("mass_mailing_id", "=", arm.mailing_id.id)], order="id")
    reached[:opened].set_opened()
    code = env["link.tracker"].search([("mass_mailing_id", "=", arm.mailing_id.id)], limit=1).code
    for trace in reached[:clicked]:
        env["link.tracker.click"].add_click(code, ip="127.0.0.1", country_code="BE", mailing_trace_id=trace.id)
# the days until the deadline are over at once
ab_test.sudo().deadline = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)
ab_test.decide()
send_newsletter()
env.cr.commit()
print(f"A/B test “{ab_test.name}”: {ab_test.outcome}, arm {ab_test.winner_arm_id.letter or 'none'}")

groups = env["buying.group"].search([])
print(f"Buying groups built: {len(groups)}")
for group in groups:
    missing = ", ".join(group.missing_role_ids.mapped("name")) or "none"
    print(
        f"  {group.name}: {group.member_count} members, {group._get_completeness_text()} complete, missing: {missing}, "
        f"engagement {group.engagement:.0f}, stage {group.stage_id.name or 'none'}"
    )
for one in journey + ready_made:
    states = Counter(one.participant_ids.mapped("state"))
    inside = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "nobody yet"
    print(f"Journey “{one.name}”: {inside}")
print(
    f"Lost leads: {lost.result_sent} mails, {lost.result_engaged} engaged, {lost.result_ignored} ignored, "
    f"{lost.result_reactivated} brought back, {lost.result_won_revenue:.0f} won"
)
messages = [
    email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in sorted(folder.glob("*.eml"))
]
copied = sum(1 for message in messages if message["Cc"])
print(f"Mails delivered to the local sink: {len(messages)}, {copied} of them with a copy")
for message in messages:
    copy = f"  Cc: {message['Cc']}" if message["Cc"] else ""
    print(f"  To: {message['To']}{copy}  Subject: {message['Subject']}")
print("In the browser: Buying Journeys > Buying Groups, and Buying Journeys > Journeys > All Journeys > Handover")
