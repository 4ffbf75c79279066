"""Takes the addon out of a database with its demo data and looks for what it left behind."""

from host.databases import run_odoo
from host.paths import ADDON, LOGS
from host.say import Stop

LOG = "uninstall.log"
SCRIPT = f"""
env["ir.module.module"].search([("name", "=", "{ADDON}")]).button_immediate_uninstall()
env.cr.commit()
"""
# Names that only our tables have.
TABLES = (
    "^(buying_|engagement_|journey_|mailing_ab_|mailing_cc_slot|mailing_trace_copy|mailing_copy_optout"
    "|res_partner_affiliated_account)"
)


def uninstall_problems(house, database):
    """Uninstall the addon; return what is wrong afterwards, one sentence each."""
    try:
        run_odoo(house.source, house.server, ["shell", "-d", database, "--no-http"], LOG, "Uninstalling", SCRIPT)
    except Stop as stop:
        return [str(stop)]
    problems = [
        line.strip()[:300]
        for line in (LOGS / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        if " ERROR " in line or " CRITICAL " in line or " WARNING " in line
    ]

    def ask(query, *values):
        return [row[0] for row in house.server.query(query, list(values), database=database)]

    state = ask("SELECT state FROM ir_module_module WHERE name = %s", ADDON)
    if state != ["uninstalled"]:
        problems.append(f"the addon is {', '.join(state)} after it was uninstalled")
    left = ask("SELECT table_name FROM information_schema.tables WHERE table_name ~ %s ORDER BY 1", TABLES)
    left += ask("SELECT model || ' ' || name FROM ir_model_data WHERE module = %s ORDER BY 1", ADDON)
    if left:
        problems.append(f"left behind: {', '.join(left[:20])}")
    return problems
