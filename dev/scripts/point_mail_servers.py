"""Run in Odoo's shell: makes the local SMTP sink the only way for mail out of this database.

Reads the sink's port from the environment variable BJ_SINK_PORT.
"""

import os

NAME = "Local SMTP sink"
port = int(os.environ["BJ_SINK_PORT"])
Server = self.env["ir.mail_server"].with_context(active_test=False)
sink = Server.search([("name", "=", NAME)], limit=1)
# Archived, not deleted: mailings may point at them.
(Server.search([]) - sink).active = False
values = {
    "name": NAME,
    "smtp_host": "127.0.0.1",
    "smtp_port": port,
    "smtp_encryption": "none",
    "sequence": 1,
    "from_filter": False,
    "active": True,
}
if sink:
    sink.write(values)
else:
    Server.create(values)
self.env.cr.commit()
