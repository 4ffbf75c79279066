"""Gives the demo's buying groups a past, so that the dashboard has moves and trends to tell of; part of run_demo.py."""

from odoo import fields

# account: how many days ago its office group came to each stage, the present one last
STAGES = {
    "base.res_partner_2": (50,),
    "base.res_partner_3": (60, 35),
    "base.res_partner_4": (45,),
    "base.res_partner_12": (70, 40, 6),
}
# what people did before the 90 days that trends look at: person, code, times
BEFORE = [
    ("base.res_partner_address_16", "email_opened", 2),
    ("base.res_partner_address_1", "page_viewed", 1),
    ("base.res_partner_address_5", "event_attended", 4),
    ("base.res_partner_address_31", "email_clicked", 6),
    ("base.res_partner_address_10", "email_opened", 12),
    ("base.res_partner_address_10", "event_attended", 2),
    ("base.res_partner_address_15", "page_viewed", 3),
    ("base.res_partner_address_24", "email_opened", 9),
]


def run(env):
    now = fields.Datetime.now()
    groups = env["buying.group"].search([])
    env.flush_all()
    env.cr.execute(
        "UPDATE buying_group SET create_date = %s WHERE id = ANY(%s)",
        [fields.Datetime.subtract(now, days=80), groups.ids],
    )
    moved = env["engagement.activity.type"].search([("code", "=", "stage_changed")])
    solution = env.ref("crm_buying_journey.buying_solution_office")
    for account, days in STAGES.items():
        group = groups.filtered(
            lambda group, account=account: group.solution_id == solution and group.partner_id == env.ref(account)
        )
        moves = env["engagement.activity"].search(
            [("group_id", "=", group.id), ("type_id", "=", moved.id)], order="date, id"
        )
        for move, ago in zip(moves, days, strict=False):
            move.sudo().date = fields.Datetime.subtract(now, days=ago)
        group.sudo().stage_date = fields.Datetime.subtract(now, days=days[-1])
    for person, code, times in BEFORE:
        for number in range(times):
            date = fields.Datetime.subtract(now, days=100 + 5 * number)
            env["engagement.activity.type"].log(code, env.ref(person), date=date, subject="Your new office")
    env.invalidate_all()
