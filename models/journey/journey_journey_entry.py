# Who enters a journey when: by its audience, by what they do, on a date, or by hand; and who may enter again.
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.domains import MAX_ID

# whoever comes to match a little late enters up to two days after their date
LATE_DAYS = 2
# what a scheduled action that stood still has missed is made up for, so far back
STANDSTILL_DAYS = 90


class JourneyJourney(models.Model):
    """Entry of records. Whatever the way in, a record is inside at most once at a time.

    Re-entry (Adobe Journey Optimizer B2B Edition, journey re-entry): off unless chosen; the delay counts from the end
    or the start of the former entry; the limit counts all entries of a record, the first one included. Every entry has
    a number, the former one plus one.
    """

    _inherit = "journey.journey"

    entry_type = fields.Selection(
        [
            ("audience", "As Soon as They Match"),
            ("activity", "When They Do Something"),
            ("date", "On a Date"),
            ("manual", "Added by Hand or by Another Journey"),
        ],
        "They Enter",
        default="audience",
        required=True,
        tracking=True,
        help="The audience always limits who enters by themselves. Records can be added by hand in any case.",
    )
    trigger_type_ids = fields.Many2many(
        "engagement.activity.type",
        "journey_journey_trigger_type_rel",
        "journey_id",
        "type_id",
        "Entry Activities",
        help="Whoever does one of these enters; a buying group when a member does it, an account when one of its "
        "people does it.",
    )
    date_field_id = fields.Many2one(
        "ir.model.fields",
        domain="[('model_id', '=', model_id), ('ttype', 'in', ('date', 'datetime')), ('store', '=', True)]",
        ondelete="set null",
    )
    date_offset = fields.Integer("Days", help="How many days before or after the date they enter; 0 is the day itself.")
    date_side = fields.Selection([("before", "Before"), ("after", "After")], default="before", required=True)
    date_yearly = fields.Boolean(
        "Every Year",
        help="On each anniversary of the date. A record enters again each year, whatever the re-entry says.",
    )
    reentry = fields.Selection(
        [
            ("none", "Never"),
            ("end", "Some Time after the Former Entry Ended"),
            ("start", "Some Time after the Former Entry Began"),
        ],
        "Enter Again",
        default="none",
        required=True,
        tracking=True,
    )
    reentry_delay = fields.Integer("Delay", default=1)
    reentry_unit = fields.Selection([("hours", "Hours"), ("days", "Days")], default="days", required=True)
    reentry_limit = fields.Integer("Entries at Most", help="How often a record enters in all; 0 means no limit.")
    published_at = fields.Datetime("Published On", readonly=True, copy=False)
    # everything up to this activity was looked at by the enrolment
    entry_watermark = fields.Integer(readonly=True, copy=False)
    # the last day, by the responsible's calendar, on which the enrolment looked at dates; empty after a pause, since
    # who would have entered during it stays out
    date_watermark = fields.Date(readonly=True, copy=False)

    _reentry_check = models.Constraint(
        "CHECK(reentry_delay >= 0 AND reentry_limit >= 0 AND date_offset >= 0)",
        "Delays, limits and days cannot be negative.",
    )

    @api.constrains("reentry_delay", "reentry_limit", "date_offset")
    def _check_spans(self):
        for journey in self:
            if min(journey.reentry_delay, journey.reentry_limit, journey.date_offset) < 0:
                raise UserError(self.env._("Delays, limits and days cannot be negative."))
            if journey.reentry_delay > 100_000 or journey.date_offset > 3_660:
                raise UserError(self.env._("The delay before another entry, or the days around a date, are too many."))

    def _get_frozen_fields(self):
        return super()._get_frozen_fields() | {
            "entry_type",
            "trigger_type_ids",
            "date_field_id",
            "date_offset",
            "date_side",
            "date_yearly",
        }

    def _get_publish_errors(self):
        errors = super()._get_publish_errors()
        if self.entry_type == "activity":
            if not self.trigger_type_ids:
                errors.append(self.env._("Choose the activities on which records enter."))
            if self._get_persons() is None:
                errors.append(self._get_no_contact_error())
        if self.entry_type == "date":
            errors += self._get_date_errors()
        return errors

    def _get_date_errors(self):
        field = self.env[self.model_name]._fields.get(self.date_field_id.sudo().name or "")
        if not field or self.date_field_id.sudo().model != self.model_name or field.type not in ("date", "datetime"):
            return [self.env._("Choose the date field by which records enter.")]
        if not self._as_responsible().env[self.model_name]._has_field_access(field, "read"):
            return [self.env._("%(user)s may not read the date field.", user=self.user_id.name)]
        return []

    # When ---------------------------------------------------------------------------------------------------------

    def _get_waves(self, now):
        """What lets records in now.

        :return: list of ``(domain, since, happened)``: records of ``domain`` that did not enter at or after ``since``
            (naive UTC), if it is set, and that stand in ``happened``, a query of ``(res_id, date)``, if it is set
        """
        self.ensure_one()
        audience = self._get_audience_domain()
        if self.entry_type == "manual":
            return []
        if self.entry_type == "activity":
            happened = self._get_happened(self.trigger_type_ids, self.entry_watermark, self._get_opening())
            return [(audience, None, happened)]
        if self.entry_type == "date":
            if errors := self._get_date_errors():
                raise UserError(errors[0])
            return [(audience & domain, since, None) for domain, since in self._get_date_domains(now)]
        return [(audience, None, None)]

    def _get_opening(self):
        """Nothing that happened before it lets anybody in."""
        return max(filter(None, (self.published_at, self.date_start)), default=self.create_date)

    def _get_today(self, now):
        """The day by the responsible's calendar; ``self`` as the responsible."""
        timezone = pytz.timezone(self.env.context.get("tz") or "UTC")
        return pytz.utc.localize(now).astimezone(timezone).date()

    def _get_date_domains(self, now):
        """``[(domain of the records whose day has come, start of that day in UTC)]``, by the responsible's calendar"""
        timezone = pytz.timezone(self.env.context.get("tz") or "UTC")
        today = self._get_today(now)
        opening = pytz.utc.localize(self._get_opening()).astimezone(timezone).date()

        def midnight(day):
            return timezone.localize(datetime.combine(day, time())).astimezone(pytz.utc).replace(tzinfo=None)

        name = self.date_field_id.sudo().name
        is_date = self.date_field_id.sudo().ttype == "date"
        result = []
        stood_still = (today - self.date_watermark).days if self.date_watermark else 0
        for late in range(max(LATE_DAYS, min(stood_still, STANDSTILL_DAYS)), -1, -1):
            day = today - timedelta(days=late)
            if day < opening:
                continue
            offset = timedelta(days=self.date_offset)
            target = day + offset if self.date_side == "before" else day - offset
            if self.date_yearly:
                # the date itself is no anniversary
                new_year = target.replace(month=1, day=1)
                domain = self._get_day_domain(name, target) & Domain(
                    name, "<", new_year if is_date else midnight(new_year)
                )
            elif is_date:
                domain = Domain(name, "=", target)
            else:
                domain = Domain(name, ">=", midnight(target)) & Domain(name, "<", midnight(target + timedelta(days=1)))
            result.append((domain, midnight(day)))
        return result

    def _get_day_domain(self, name, target):
        """Dates on the same day of any year; the leap day is celebrated on the 28th of February in other years."""

        def on(month, day):
            return Domain(f"{name}.month_number", "=", month) & Domain(f"{name}.day_of_month", "=", day)

        domain = on(target.month, target.day)
        if (target + timedelta(days=1)).month == 3 and target.month == 2 and target.day == 28:
            domain |= on(2, 29)
        return domain

    # Activities ---------------------------------------------------------------------------------------------------

    def _get_persons(self):
        """Which records an activity concerns: a query of ``(activity_id, res_id)`` that can be joined to activities
        named ``activity``; ``None`` if the records of this journey do nothing."""
        self.ensure_one()
        if self.model_name == "res.partner":
            return SQL("SELECT activity.partner_id AS res_id UNION SELECT activity.account_id")
        if self.model_name == "buying.group":
            return SQL(
                "SELECT activity.group_id AS res_id UNION SELECT member.group_id FROM buying_group_member member"
                " WHERE member.partner_id = activity.partner_id AND member.state = 'in'"
            )
        field = self.env[self.model_name]._fields.get("partner_id")
        if not field or field.comodel_name != "res.partner" or not field.store:
            return None
        return SQL(
            "SELECT record.id AS res_id FROM %s record WHERE record.partner_id = activity.partner_id"
            # a lead with nothing but an address answers its mails, too
            " UNION SELECT trace.res_id FROM mailing_trace trace WHERE activity.res_model = 'mailing.trace'"
            " AND trace.id = activity.res_id AND trace.model = %s",
            SQL.identifier(self.env[self.model_name]._table),
            self.model_name,
        )

    def _get_no_contact_error(self):
        return self.env._("%(model)s cannot do anything: they have no contact.", model=self.model_id.name)

    def _get_happened(self, types, after_id, since):
        """Who did something, as far as the current user may read it, and when last; what machines did does not count.

        :param types: ``engagement.activity.type``
        :param int after_id: only activities recorded after this one
        :param since: only what happened after this time
        :return: a query of ``(res_id, date)``
        :rtype: SQL
        """
        self.ensure_one()
        persons = self._get_persons()
        if persons is None:
            raise UserError(self._get_no_contact_error())
        activities = self.env["engagement.activity"]._search(
            [
                ("id", ">", after_id),
                ("type_id", "in", types.ids),
                ("is_automatic", "=", False),
                ("date", ">", since),
                ("date", "<=", fields.Datetime.now()),
            ]
        )
        self.env["engagement.activity"].flush_model()
        self.env["buying.group.member"].flush_model()
        return SQL(
            """
            SELECT concerned.res_id, MAX(activity.date) AS date
              FROM engagement_activity activity
        CROSS JOIN LATERAL (%s) concerned
             WHERE activity.id IN %s AND concerned.res_id IS NOT NULL
          GROUP BY concerned.res_id
            """,
            persons,
            activities.subselect(),
        )

    # By hand ------------------------------------------------------------------------------------------------------

    def add_records(self, records):
        """Let records in by hand, whatever the audience says, unless they are inside or may not enter again.

        :param records: records of the journey's model, or their ids; those that the current or the responsible user
            may not read stay out
        :return: how many entered
        :rtype: int
        :raise UserError: the journey lets nobody in, or the records are of another model
        """
        self.ensure_one()
        self.check_access("write")
        if not isinstance(records, models.BaseModel):  # a remote caller passes ids
            if not isinstance(records, (list, tuple)) or not all(
                type(record_id) is int and 0 < record_id <= MAX_ID for record_id in records
            ):
                raise UserError(self.env._("Records are added by a list of their ids."))
            records = self.env[self.model_name].browse(records)
        if records._name != self.model_name:
            raise UserError(
                self.env._(
                    "%(journey)s takes %(expected)s, not %(given)s.",
                    journey=self.name,
                    expected=self.model_id.name,
                    given=self.env["ir.model"]._get(records._name).name,
                )
            )
        self._check_open()
        records.check_access("read")
        engine = self.env["journey.engine"].sudo()
        count = engine._enrol_records(self.sudo(), fields.Datetime.now(), records.ids)
        if count:
            engine._trigger()
        return count

    def _check_open(self):
        """:raise UserError: nobody enters this journey now"""
        now = fields.Datetime.now()
        if self.state != "live":
            raise UserError(self.env._("%(journey)s lets nobody in: it is not live.", journey=self.name))
        if (self.date_start and self.date_start > now) or (self.date_end and self.date_end <= now):
            raise UserError(
                self.env._("%(journey)s lets nobody in now: see its start and end dates.", journey=self.name)
            )
