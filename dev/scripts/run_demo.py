"""Run in Odoo's shell on the first start of dev/serve: brings the demo to life and prints what happened.

The environment variable BJ_MAILS names the folder in which the local SMTP sink keeps the mails.
"""

import os

print("Nothing to run yet; mails are kept in", os.environ["BJ_MAILS"])
