# Whatever has moments: groups, accounts and people show the last one, and let one be noted by hand.
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..actions.interesting_moment import MOMENT_TYPES

OPERATORS = (">", ">=", "<", "<=")


class EngagementMomentLast(models.AbstractModel):
    """The last interesting moment of a record, of those that the reader may see. A date still to come is somebody's
    mistake and does not count.
    """

    _name = "engagement.moment.last"
    _description = "Record with Interesting Moments"

    last_moment = fields.Char(
        "Last Interesting Moment",
        compute="_compute_last_moment",
        search="_search_last_moment",
        groups="crm_buying_journey.group_sales",
    )
    last_moment_date = fields.Datetime(
        "Date of the Last Moment",
        compute="_compute_last_moment",
        search="_search_last_moment_date",
        groups="crm_buying_journey.group_sales",
    )

    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_last_moment(self):
        """One statement for all records, and one for the texts."""
        last = {}
        if ids := self._origin.ids:
            query = self._get_last_moments_sql(self._origin._get_own_moment_domain())
            rows = self.env.execute_query(
                SQL("SELECT record_id, activity_id FROM (%s) last WHERE record_id = ANY(%s)", query, ids)
            )
            last = dict(rows)
        moments = self.env["engagement.activity"].browse(last.values())
        moments.fetch(["subject", "new_value", "date", "partner_id"])
        labels = dict(self.env["engagement.activity"]._fields["moment_type"]._description_selection(self.env))
        moment_of = {record_id: moments.browse(moment_id) for record_id, moment_id in last.items()}
        for record in self:
            moment = moment_of.get(record._origin.id)
            record.last_moment_date = moment.date if moment else False
            record.last_moment = record._get_moment_text(moment, labels) if moment else False

    def _get_moment_text(self, moment, labels):
        """A moment in one line: who, of a record with several people, the type, and the text."""
        text = moment.subject or ""
        if moment.new_value in dict(MOMENT_TYPES):
            text = self.env._("%(type)s: %(text)s", type=labels[moment.new_value], text=text)
        if moment.partner_id and moment.partner_id != self:
            text = self.env._("%(text)s (%(person)s)", text=text, person=moment.partner_id.name or "?")
        return text

    def _get_own_moment_domain(self):
        """Which moments can be about these records; more than needed does no harm."""
        raise NotImplementedError

    @api.model
    def _get_moment_records_sql(self):
        """``SELECT record_id, activity_id`` from the table ``moment``: about which records each moment is."""
        raise NotImplementedError

    @api.model
    def _get_last_moments_sql(self, domain=Domain.TRUE):
        """``SELECT record_id, activity_id``: the last moment of each record that the current user may see."""
        Activity = self.env["engagement.activity"]
        visible = Activity._search(
            Domain(Activity._get_moment_domain()) & Domain("date", "<=", fields.Datetime.now()) & domain
        )
        self.env["buying.group.member"].flush_model(["group_id", "partner_id", "state"])
        self.env["buying.group"].flush_model(["partner_id"])
        return SQL(
            """
            WITH moment AS (
                SELECT id, partner_id, account_id, group_id, date FROM engagement_activity WHERE id IN %s
            )
            SELECT DISTINCT ON (about.record_id) about.record_id, about.activity_id
              FROM (%s) about JOIN moment ON moment.id = about.activity_id
          ORDER BY about.record_id, moment.date DESC, moment.id DESC
            """,
            visible.subselect(),
            self._get_moment_records_sql(),
        )

    def _search_last_moment(self, operator, value):
        """By the text of the last moment."""
        if operator == "in":
            texts = [text for text in value if text]
            domain = self._get_records_domain(Domain("subject", "in", texts)) if texts else Domain.FALSE
            return domain | ~self._get_records_domain(Domain.TRUE) if False in value else domain
        if operator not in ("ilike", "like", "=ilike", "=like"):
            return NotImplemented
        return self._get_records_domain(Domain("subject", operator, value))

    def _search_last_moment_date(self, operator, value):
        if operator == "in":
            dates = [date for date in value if date]
            domain = self._get_records_domain(Domain("date", "in", dates)) if dates else Domain.FALSE
            return domain | ~self._get_records_domain(Domain.TRUE) if False in value else domain
        if operator not in OPERATORS:
            return NotImplemented
        return self._get_records_domain(Domain("date", operator, value))

    @api.model
    def _get_records_domain(self, condition):
        """Records whose last moment fulfils a condition on activities."""
        Activity = self.env["engagement.activity"]
        fitting = Activity._search(Domain(Activity._get_moment_domain()) & condition)
        return Domain(
            "id",
            "in",
            SQL(
                "(SELECT last.record_id FROM (%s) last WHERE last.activity_id IN %s)",
                self._get_last_moments_sql(),
                fitting.subselect(),
            ),
        )

    def action_note_moment(self):
        """Button: note a moment by hand."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.engagement_moment_note_action")
        return action | {"context": {"default_res_model": self._name, "default_res_id": self.id}}
