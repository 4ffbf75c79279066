# Kinds of things that can happen to a person, an account or a group.
from odoo import api, fields, models
from odoo.exceptions import UserError


class EngagementActivityType(models.Model):
    """What can happen, e.g. a mail being opened. Code refers to a type by its ``code``, never by its name."""

    _name = "engagement.activity.type"
    _description = "Engagement Activity Type"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Unique name that programs use.")
    sequence = fields.Integer(default=10)
    channel = fields.Selection(
        [
            ("email", "Email"),
            ("web", "Web"),
            ("event", "Event"),
            ("meeting", "Meeting"),
            ("sale", "Sales"),
            ("curated", "Curated"),
            ("group", "Buying Group"),
        ],
        required=True,
        default="curated",
    )
    active = fields.Boolean(default=True)

    _code_unique = models.Constraint("UNIQUE(code)", "An activity type with this code exists already.")

    @api.model
    def log(self, code, partner, date=None, subject=None, **values):
        """Record what happened to a person or account.

        :param str code: the type's code, e.g. ``email_opened``
        :param partner: ``res.partner`` records, one activity each; may be empty if ``values`` say whom it concerns
        :param date: when it happened, naive UTC; now if left out
        :param str subject: what it was about, e.g. the subject of the mail
        :param values: further fields of ``engagement.activity``
        :return: the activities
        :rtype: engagement.activity
        :raise UserError: no type has this code
        """
        if not isinstance(partner, models.BaseModel):  # a remote caller passes ids
            partner = self.env["res.partner"].browse(partner)
        activity_type = self._get_by_code(code)
        base = {"type_id": activity_type.id, "date": date or fields.Datetime.now(), "subject": subject} | values
        if partner:
            return self.env["engagement.activity"].create([base | {"partner_id": person.id} for person in partner])
        return self.env["engagement.activity"].create([base])

    @api.model
    def _get_by_code(self, code):
        """:raise UserError: no active type has this code"""
        activity_type = self.sudo().search([("code", "=", code)], limit=1).with_env(self.env)
        if not activity_type:
            raise UserError(self.env._("There is no activity type with the code %(code)s.", code=code))
        return activity_type
