# An interesting moment is an activity: its subject is the description, its new value the type.
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..actions.interesting_moment import DESCRIPTION_SIZE, MOMENT_TYPES

CODE = "interesting_moment"
# clocks differ
AHEAD = timedelta(minutes=5)


class EngagementActivity(models.Model):
    """What happened cannot be changed, with one exception: a moment is somebody's words, so whoever wrote it, and any
    manager, may correct or remove it; the chatter of what it is about tells of that. A rule does not make it again.
    """

    _inherit = "engagement.activity"

    moment_type = fields.Selection(MOMENT_TYPES, "Moment", compute="_compute_moment_type", search="_search_moment_type")
    moment_rule_id = fields.Many2one(
        "engagement.moment.rule", "Found by", readonly=True, index="btree_not_null", ondelete="set null"
    )
    can_change_moment = fields.Boolean(compute="_compute_can_change_moment")

    @api.depends("new_value", "type_id")
    def _compute_moment_type(self):
        known = dict(MOMENT_TYPES)
        for activity in self:
            of_moment = activity.code == CODE and activity.new_value in known
            activity.moment_type = activity.new_value if of_moment else False

    def _search_moment_type(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("code", "=", CODE), ("new_value", "in", list(value))]

    @api.depends("create_uid", "type_id")
    @api.depends_context("uid")
    def _compute_can_change_moment(self):
        is_manager = self.env.su or self.env.user.has_group("crm_buying_journey.group_manager")
        for activity in self:
            own = activity.create_uid == self.env.user and not activity.moment_rule_id
            activity.can_change_moment = activity.code == CODE and (is_manager or own)

    @api.model
    def _get_moment_domain(self):
        """Domain of all moments."""
        return [("type_id", "=", self.env["engagement.activity.type"]._get_by_code(CODE).id)]

    @api.model
    def _check_moment(self, moment_type, description):
        """The description without what surrounds it.

        :rtype: str
        :raise UserError: the type is none, or the description is empty or too long
        """
        text = " ".join((description or "").split())
        if moment_type not in dict(MOMENT_TYPES):
            raise UserError(self.env._("Choose the type of the moment: Email, Milestone or Web."))
        if not text:
            raise UserError(self.env._("Say what happened."))
        if len(text) > DESCRIPTION_SIZE:
            raise UserError(
                self.env._(
                    "The moment has %(length)s characters. It can have up to %(limit)s: take away %(over)s.",
                    length=len(text),
                    limit=DESCRIPTION_SIZE,
                    over=len(text) - DESCRIPTION_SIZE,
                )
            )
        return text

    @api.model
    def _note_moment(self, record, moment_type, description, date=None):
        """Note a moment by hand. Who may read a record may note something about it, as in its chatter.

        :param record: one contact, buying group or lead
        :param date: when it happened, naive UTC; now if left out
        :return: the moment
        :rtype: engagement.activity
        :raise UserError: see :meth:`_check_moment`; or the date is still to come, or nobody is behind the lead
        """
        record.ensure_one()
        record.check_access("read")
        if not self.env.su and not self.env.user.has_group("crm_buying_journey.group_sales"):
            raise AccessError(self.env._("Ask an administrator for the right to use Buying Journeys."))
        text = self._check_moment(moment_type, description)
        now = fields.Datetime.now()
        if date and date > now + AHEAD:
            raise UserError(self.env._("This date is still to come."))
        values = self.env["ir.actions.server"]._get_moment_values(record)
        if not values:
            raise UserError(self.env._("There is no contact that the moment could be about."))
        if record._name == "crm.lead":
            values |= {"res_model": record._name, "res_id": record.id}
        base = {"type_id": self.type_id._get_by_code(CODE).id, "subject": text, "new_value": moment_type}
        moment = self.sudo().create(base | values | {"date": min(date or now, now)}).with_env(self.env)
        label = dict(self._fields["moment_type"]._description_selection(self.env))[moment_type]
        moment._log_moment(self.env._("Interesting moment (%(type)s): %(text)s", type=label, text=text))
        return moment

    def _check_may_change_moment(self):
        """:raise UserError: this is no moment
        :raise AccessError: the current user neither wrote it nor is a manager
        """
        self.check_access("read")
        if any(activity.code != CODE for activity in self):
            raise UserError(self.env._("What happened cannot be changed afterwards. Only interesting moments can."))
        if not all(self.mapped("can_change_moment")):
            raise AccessError(self.env._("Only whoever wrote a moment, and managers, may change it."))

    def action_edit_moment(self):
        """Button: open the moment to correct it."""
        self.ensure_one()
        self._check_may_change_moment()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.engagement_moment_note_action")
        return action | {
            "name": self.env._("Correct the Moment"),
            "context": {
                "default_activity_id": self.id,
                "default_moment_type": self.moment_type,
                "default_description": self.subject,
            },
        }

    def action_remove_moment(self):
        """Button: remove these moments."""
        self._check_may_change_moment()
        bodies = [
            (activity, self.env._("Interesting moment removed: %(text)s", text=activity.subject or ""))
            for activity in self
        ]
        for activity, body in bodies:
            activity._log_moment(body)
        self.sudo().unlink()
        self._forget_last_moments()
        return True

    def _correct_moment(self, moment_type, description):
        """Write a moment anew; the chatter keeps what it said before.

        :raise UserError: see :meth:`_check_moment`
        """
        self.ensure_one()
        self._check_may_change_moment()
        text = self._check_moment(moment_type, description)
        if (text, moment_type) == (self.subject, self.new_value):
            return
        former = self.subject or ""
        self.sudo().write({"subject": text, "new_value": moment_type})
        self._log_moment(
            self.env._("Interesting moment corrected: “%(former)s” is now “%(text)s”.", former=former, text=text)
        )
        self._forget_last_moments()

    def _log_moment(self, body):
        """Note something about this moment in the chatter of what it is about."""
        self.ensure_one()
        moment = self.sudo()
        record = moment.group_id or moment.partner_id or moment.account_id
        if moment.res_model == "crm.lead" and moment.res_id:
            record = self.env["crm.lead"].sudo().browse(moment.res_id).exists() or record
        if record:
            record._message_log(body=body, author_id=self.env.user.partner_id.id)

    @api.model
    def _forget_last_moments(self):
        """What groups and contacts show as their last moment has to be read again."""
        for model_name in ("res.partner", "buying.group", "buying.group.member"):
            self.env[model_name].invalidate_model(["last_moment", "last_moment_date"])

    @api.model_create_multi
    def create(self, vals_list):
        activities = super().create(vals_list)
        if any(activity.code == CODE for activity in activities.sudo()):
            self._forget_last_moments()
        return activities
