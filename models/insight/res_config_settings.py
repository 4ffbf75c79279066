# Settings of summaries.
from odoo import fields, models

from .buying_summary_openai import PREFIX


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    bj_summary_url = fields.Char(
        "Endpoint",
        config_parameter=f"{PREFIX}url",
        help="Address of an API that speaks OpenAI's chat completions. Empty: the built-in texts are shown.",
    )
    bj_summary_model = fields.Char("Name of the Model", config_parameter=f"{PREFIX}model")
    bj_summary_key = fields.Char("API Key", config_parameter=f"{PREFIX}key", groups="base.group_system")
    bj_summary_daily_limit = fields.Integer(
        "Texts a Day", config_parameter=f"{PREFIX}daily_limit", default=200, help="At most so many a day (UTC)."
    )
    bj_summary_timeout = fields.Integer(
        "Time-Out (Seconds)", config_parameter=f"{PREFIX}timeout", default=20, help="For one text, with all attempts."
    )
    bj_summary_personal = fields.Boolean(
        "Send Names",
        config_parameter=f"{PREFIX}personal",
        help="Names, job titles and words of customers are sent to the endpoint. Otherwise it gets figures, and marks "
        "in place of names.",
    )
