# Mailings: from when on a mail would come too late.
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...tools.moments import add_duration, to_utc

EXPIRY_FIELDS = (
    "expiry_type",
    "expiry_value",
    "expiry_unit",
    "expiry_direction",
    "expiry_field_id",
    "expiry_date",
)


class MailingMailing(models.Model):
    """What has not left by then is skipped. ``expiry_type``:

    * ``after``: some time after the participant came to the step (a journey's step only)
    * ``date``: at a moment
    * ``field``: at, before or after a date of the record, which is the participant in a journey, else the recipient.
      Whoever has no such date gets the mail at any time. A date without a time of day lasts until its day is over, by
      the calendar of the responsible user.
    """

    _inherit = "mailing.mailing"

    expiry_type = fields.Selection(
        [
            ("after", "Some Time after the Participant Came to the Step"),
            ("date", "At a Moment"),
            ("field", "By a Date of the Record"),
        ],
        "Expires",
        help="What has not left by then is not sent any more; empty means never. The first choice is for the mails of "
        "journeys only.",
    )
    expiry_value = fields.Integer("Expires After", default=2)
    expiry_unit = fields.Selection(
        [("hours", "Hours"), ("days", "Days"), ("weeks", "Weeks")], "Unit of the Expiry", default="days", required=True
    )
    expiry_direction = fields.Selection(
        [("before", "Before"), ("after", "After")], "Before or After", default="before", required=True
    )
    expiry_field_id = fields.Many2one(
        "ir.model.fields",
        "Expiry Date Field",
        domain="[('model', '=', expiry_model_name), ('ttype', 'in', ('date', 'datetime'))]",
        ondelete="set null",
        help="A date of the participant in a journey, else of the recipient. A date without a time of day lasts until "
        "its day is over. Whoever has no such date gets the mail at any time.",
    )
    expiry_date = fields.Datetime("Expires On")
    expiry_model_name = fields.Char("Model of the Expiry Date", compute="_compute_expiry_model_name")

    _expiry_check = models.Constraint("CHECK(expiry_value >= 0)", "A mail cannot expire before its turn.")

    @api.depends("mailing_model_id", "journey_node_id")
    def _compute_expiry_model_name(self):
        for mailing in self:
            # a mailing is read by users of Email Marketing, who need not see journeys
            journey = mailing.sudo().journey_node_id.journey_id
            mailing.expiry_model_name = journey.model_name or mailing.mailing_model_real

    @api.constrains("expiry_type", "expiry_date", "expiry_field_id")
    def _check_expiry(self):
        for mailing in self:
            if mailing.expiry_type == "date" and not mailing.expiry_date:
                raise UserError(self.env._("Say when the mail expires."))
            if mailing.expiry_type == "field" and not mailing.expiry_field_id:
                raise UserError(self.env._("Choose the date by which the mail expires."))

    @api.model_create_multi
    def create(self, vals_list):
        mailings = super().create(vals_list)
        mailings._check_expiry_access()
        return mailings

    def write(self, vals):
        result = super().write(vals)
        if "expiry_field_id" in vals:
            self._check_expiry_access()
        return result

    def _check_expiry_access(self):
        """Whether a mail was sent must tell nobody a date that they may not read.

        :raise AccessError: a date by which a mail expires is hidden from the current user
        """
        if self.env.su:
            return
        # users may not read the database's fields
        for field in self.expiry_field_id.sudo():
            Model = self.env.get(field.model)
            if Model is None or not (Model.has_access("read") and self._may_read_expiry(Model, field)):
                raise AccessError(self.env._("You may not read %(field)s.", field=field.field_description))

    @api.model
    def _may_read_expiry(self, Model, field):
        return field.name in Model._fields and Model._has_field_access(Model._fields[field.name], "read")

    def _get_expiry_field(self):
        """The date that counts; ``None`` if it is none of the records' any more.

        :rtype: odoo.fields.Field | None
        """
        self.ensure_one()
        # users may not read the database's fields
        field = self.expiry_field_id.sudo()
        if not field or field.model != self.expiry_model_name or field.ttype not in ("date", "datetime"):
            return None
        return self.env[field.model]._fields.get(field.name)

    def _get_expiry_errors(self):
        """What keeps a mail with such an expiry from being launched or published.

        :rtype: list[str]
        """
        self.ensure_one()
        if self.expiry_type != "field":
            return []
        field = self.expiry_field_id.sudo()
        if not self._get_expiry_field():
            return [
                self.env._(
                    "The date by which the mail expires, %(field)s, is no date of these records.",
                    field=field.field_description or "…",
                )
            ]
        # a mailing is read by users of Email Marketing, who need not see journeys
        journey = self.journey_node_id.sudo().journey_id
        user = journey.user_id if journey else self.env.user
        if not self._may_read_expiry(self.env[field.model].with_user(user), field):
            return [self.env._("%(user)s may not read %(field)s.", user=user.name, field=field.field_description)]
        return []

    def _get_expiry(self, turn, record=None):
        """When the mail expires for somebody, naive UTC; never: the end of time.

        :param datetime turn: when the recipient's turn came
        :param record: the participant's record, or the recipient, whose date counts
        :rtype: datetime
        """
        self.ensure_one()
        if self.expiry_type == "date":
            return self.expiry_date
        if self.expiry_type == "after" and self.journey_node_id:
            return add_duration(turn, self.expiry_value, self.expiry_unit)
        if self.expiry_type == "field":
            return self._get_field_expiry(record)
        return datetime.max

    def _get_field_expiry(self, record):
        field = self._get_expiry_field()
        if field is None:
            return datetime.min  # the field was removed: nobody can say that the mail still comes in time
        value = record[field.name]
        if not value:
            return datetime.max
        tz = self._get_expiry_timezone()
        if field.type == "date":
            value = to_utc(datetime.combine(value + timedelta(days=1), time(), tzinfo=ZoneInfo(tz)))
        offset = self.expiry_value * (-1 if self.expiry_direction == "before" else 1)
        try:
            return add_duration(value, offset, self.expiry_unit, tz) if offset else value
        except (OverflowError, ValueError):
            return datetime.max if offset > 0 else datetime.min

    def _get_expiry_timezone(self):
        """Name of the time zone in which days are counted."""
        journey = self.journey_node_id.sudo().journey_id
        return (journey or self.sudo()).user_id.tz or "UTC"

    def _get_expired(self, records):
        """For which of these recipients a one-off mailing comes too late.

        :return: their ids
        :rtype: set[int]
        """
        self.ensure_one()
        if not self.expiry_type:
            return set()
        now = fields.Datetime.now()
        return {record.id for record in records if self._get_expiry(now, record) <= now}
