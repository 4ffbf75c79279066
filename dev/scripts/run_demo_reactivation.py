"""Part of dev/scripts/run_demo.py: three weeks of a journey that brings lost leads back, as they would have gone.

Everything goes through the engine and the host's own ways; after each week, the dates of what happened are moved a week
into the past, so that the next week may begin.
"""

from datetime import timedelta

from odoo import fields

PRICE, SKILLS, STOCK = "crm.lost_reason_1", "crm.lost_reason_2", "crm.lost_reason_3"
NAMES = ("Limited shelves", "Office chairs", "Oak desks", "Meeting table", "Reception desk", "Acoustic walls")
SUBJECTS = {
    "What you were looking for is available now": "Limited items back in stock! Act now!",
    "It will not be there for long": "Stock is running low. Did you get yours?",
    "There is still time to decide": "You still have time to add this to your collection",
    "Last chance: 20% off": "20% off, don't miss your last chance before it is gone",
}
# what is moved into the past: table → its dates, and what concerns the journey
DATES = {
    "journey_participant": (
        ("entered_at", "arrived_at", "waiting_since", "due_at", "left_at", "goal_at"),
        "journey_id = %(journey)s",
    ),
    "journey_trace": (("started_at", "date"), "journey_id = %(journey)s"),
    "mailing_trace": (
        ("sent_datetime", "open_datetime", "links_click_datetime", "reply_datetime"),
        "mass_mailing_id = ANY(%(mailings)s)",
    ),
    "link_tracker_click": (
        ("create_date",),
        "mailing_trace_id IN (SELECT id FROM mailing_trace WHERE mass_mailing_id = ANY(%(mailings)s))",
    ),
    "journey_journey": (("published_at",), "id = %(journey)s"),
    "mailing_mailing": (("sent_date",), "id = ANY(%(mailings)s)"),
    "engagement_activity": (
        ("date",),
        (
            "res_model = 'mailing.trace' AND res_id IN"
            " (SELECT id FROM mailing_trace WHERE mass_mailing_id = ANY(%(mailings)s))"
        ),
    ),
    "crm_lead": (("reactivated_date", "date_closed", "reactivation_lost_date"), "id = ANY(%(leads)s)"),
    "mail_message": (("date",), "model = 'crm.lead' AND res_id = ANY(%(leads)s)"),
}


def run(env, deliver):
    """Let the three weeks pass.

    :param deliver: sends what waits in the outbox
    :return: the journey
    """
    admin = env.ref("base.user_admin")
    env = env(user=admin)
    engine = env["journey.engine"].sudo()
    leads = _make_lost(env, admin)
    _make_waiting(env, admin, leads)
    audience = [("active", "=", False), ("won_status", "=", "lost"), ("id", "in", leads.ids)]
    journey = env["journey.journey"]._create_reactivation(audience, name="Limited items are back in stock")
    campaign = env["utm.campaign"].create({"title": "Limited items are back in stock", "user_id": admin.id})
    for mailing in journey.node_ids.mailing_id:
        mailing.write({"subject": SUBJECTS.get(mailing.subject, mailing.subject), "campaign_id": campaign.id})
    journey.result_cost = 250
    journey.action_publish()

    def week(opens=(), clicks=(), replies=()):
        """A week: mails leave, people open, click and answer a while later, and the week is over."""
        engine.tick()
        deliver()
        _shift(env, journey, leads, timedelta(hours=3))
        for number in opens:
            _last_trace(env, leads[number]).set_opened()
        for number in clicks:
            _click(env, _last_trace(env, leads[number]))
        for number in replies:
            _answer(env, leads[number], _last_trace(env, leads[number]))
        engine.tick()
        _shift(env, journey, leads, timedelta(days=7) - timedelta(hours=3))

    week(opens=(0, 1, 2, 3), clicks=(1, 2))
    week(opens=(1, 4), clicks=(3,), replies=(1,))
    week(opens=(2, 3))
    engine.tick()
    env.invalidate_all()
    came_back = leads.filtered("reactivated_date")
    came_back.action_set_won()
    env.cr.commit()
    return journey


def _make_lost(env, admin):
    """Leads of Odoo's demo contacts, lost half a year ago for lack of stock."""
    contacts = env["res.partner"].search([("email", "!=", False), ("is_company", "=", False), ("user_ids", "=", False)])
    contacts = contacts.filtered(lambda contact: not contact.is_blacklisted)[: len(NAMES)]
    leads = env["crm.lead"].create(
        [
            {
                "name": name,
                "type": "opportunity",
                "partner_id": contact.id,
                "user_id": admin.id,
                "expected_revenue": 4000 + 1500 * number,
            }
            for number, (name, contact) in enumerate(zip(NAMES, contacts, strict=False))
        ]
    )
    leads.action_set_lost(lost_reason_id=env.ref(STOCK).id)
    leads.date_closed = fields.Datetime.now() - timedelta(days=180)
    return leads


def _make_waiting(env, admin, mailed):
    """Leads lost for several reasons some months ago, which nobody has written to since."""
    contacts = env["res.partner"].search([("email", "!=", False), ("is_company", "=", False), ("user_ids", "=", False)])
    products = ("Standing desks", "Conference table", "Lockers", "Partition walls", "Desk lamps")
    for number, contact in enumerate(contacts - mailed.partner_id):
        lead = env["crm.lead"].create(
            {
                "name": products[number % len(products)],
                "type": "opportunity",
                "partner_id": contact.id,
                "user_id": admin.id,
                "expected_revenue": 2500 + 1300 * number,
            }
        )
        lead.action_set_lost(lost_reason_id=env.ref((STOCK, PRICE, STOCK, SKILLS)[number % 4]).id)
        lead.date_closed = fields.Datetime.now() - timedelta(days=(210, 215, 240)[number % 3])


def _last_trace(env, lead):
    return env["mailing.trace"].search([("model", "=", "crm.lead"), ("res_id", "=", lead.id)], order="id desc", limit=1)


def _click(env, trace):
    link = env["link.tracker"].search([("mass_mailing_id", "=", trace.mass_mailing_id.id)], limit=1)
    env["link.tracker.click"].sudo().add_click(
        link.code, ip=f"192.0.2.{trace.id % 250}", country_code="BE", mailing_trace_id=trace.id
    )


def _answer(env, lead, trace):
    """The answer comes in by mail, as at the host's gateway."""
    env["mail.thread"].sudo().message_process(
        "crm.lead",
        f"From: {lead.partner_id.email_formatted}\nTo: info@example.com\n"
        f"Subject: Re: {trace.mass_mailing_id.subject}\nMessage-Id: <answer.{trace.id}@example.com>\n"
        f"References: {trace.message_id}\nIn-Reply-To: {trace.message_id}\n\n"
        "Yes, we still need them. Please send us a quotation.",
        thread_id=lead.id,
    )


def _shift(env, journey, leads, span):
    """Move what happened so far into the past."""
    env.flush_all()
    known = {"journey": journey.id, "mailings": journey.node_ids.mailing_id.ids, "leads": leads.ids, "span": span}
    for table, (columns, condition) in DATES.items():
        moved = ", ".join(f"{column} = {column} - %(span)s" for column in columns)
        env.cr.execute(f"UPDATE {table} SET {moved} WHERE {condition}", known)
    env.invalidate_all()
