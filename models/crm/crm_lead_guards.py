# Leads: what speaks against mailing a lost one, as fields to filter by.
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

NEVER = 36_500
# what the guards read by statements of their own
READ_MODELS = (
    "crm.lead",
    "res.partner",
    "sale.order",
    "mailing.trace",
    "mail.blacklist",
    "journey.participant",
    "mail.message",
    "calendar.event",
)
# what others sold or wrote to a person is for those who may write to people, and for nobody else
GROUPS = "crm_buying_journey.group_sales,mass_mailing.group_mass_mailing_user"
FLAGS = ("has_live_lead", "is_refusing_mail", "is_bouncing", "is_in_running_journey")
DAYS = ("days_since_order", "days_since_mailing", "days_since_contact")
# what a kind of key is compared with: a column of the lead or of its contact
COLUMNS = {
    "lead": (("lead", "id"),),
    "address": (("lead", "email_normalized"), ("contact", "email_normalized")),
    "partner": (("lead", "partner_id"),),
    "account": (("contact", "commercial_partner_id"),),
}


def _flag(guard, label, explanation):
    """A guard rail that is yes or no."""
    return fields.Boolean(
        label,
        compute="_compute_guards",
        search=lambda leads, operator, value: leads._search_guard(guard, operator, value),
        compute_sudo=True,
        groups=GROUPS,
        help=explanation,
    )


def _days(guard, label, explanation):
    """A guard rail in days since something happened."""
    return fields.Integer(
        label,
        compute="_compute_days",
        search=lambda leads, operator, value: leads._search_days(guard, operator, value),
        compute_sudo=True,
        groups=GROUPS,
        help=explanation,
    )


class CrmLead(models.Model):
    """The guard rails of a reactivation. Each is a field that any domain may name: a mailing or journey that waited for
    two weeks asks again when it is sent, and everybody can see and change in the domain editor what holds.

    A guard is a set of *keys* that are taken, each of one of these kinds:

    * ``lead``: a lead itself;
    * ``address``: normalised; it takes leads whose own address, or whose contact's, it is. A mail to a lead goes to the
      contact's address if there is one, else to the lead's;
    * ``partner``: it takes leads of this contact;
    * ``account``: a commercial entity; it takes leads whose contact belongs to it.

    The sets are read with system rights, over all companies: whoever may mail a person must not mail somebody who just
    bought from a colleague. They only ever take leads away, and whatever counts them counts leads that the user may
    read.
    """

    _inherit = "crm.lead"

    has_mail_address = fields.Boolean(
        "Has a Valid Address",
        compute="_compute_has_mail_address",
        search="_search_has_mail_address",
        compute_sudo=True,
        help="The contact, or the lead if the contact has none, has an email address that mail can be sent to.",
    )
    has_live_lead = _flag(
        "has_live_lead",
        "Open or Won Lead of the Same Person",
        "An open or won lead has the same contact or the same email address.",
    )
    is_refusing_mail = _flag(
        "is_refusing_mail",
        "Lead or Contact Blacklisted",
        "The address of the lead or that of its contact is on the blacklist.",
    )
    is_bouncing = _flag(
        "is_bouncing",
        "Mails Bounce",
        "Mails to the address of the lead or of its contact came back too often.",
    )
    opted_out_topic_ids = fields.Many2many(
        "mailing.list",
        string="Opted Out of Topics",
        compute="_compute_opted_out_topic_ids",
        search="_search_opted_out_topic_ids",
        compute_sudo=True,
        groups=GROUPS,
        help="Topics of mailings that the lead or its contact wants nothing of.",
    )
    is_in_running_journey = _flag(
        "is_in_running_journey",
        "In a Running Journey",
        "This lead, or one with the same contact or email address, is inside a journey of leads now.",
    )
    days_since_order = _days(
        "days_since_order",
        "Days Since the Last Order",
        "Days since the customer, its company or somebody with the same address ordered; 36,500 if never.",
    )
    days_since_mailing = _days(
        "days_since_mailing",
        "Days Since the Last Mailing",
        "Days since any mailing or journey wrote to this person; 36,500 if never.",
    )
    days_since_contact = _days(
        "days_since_contact",
        "Days Since the Last Contact",
        "Days since the last mailing, the last message to or from the customer on the lead, or the last meeting; "
        "36,500 if never.",
    )

    # what the guards look for, and what the audience of lost leads is built from
    _lost_date_idx = models.Index("(date_closed) WHERE won_status = 'lost'")
    _email_normalized_idx = models.Index("(email_normalized) WHERE email_normalized IS NOT NULL")

    def _search(self, domain, *args, **kwargs):
        """The host asks no group for a field that has a search method."""
        domain = Domain(domain)
        if not self.env.su:
            for condition in domain.iter_conditions():
                field = self._fields.get(condition.field_expr)
                if field is not None and field.groups == GROUPS:
                    self._check_field_access(field, "read")
        return super()._search(domain, *args, **kwargs)

    # From keys to conditions --------------------------------------------------------------------------------------

    @api.model
    def _get_guard_condition(self, alias, keys, taken, since=None):
        """Whether a guard takes a lead, or does not.

        A ``NOT EXISTS`` for each set, joined by AND, is what the database turns into anti-joins; a negated OR is not.

        :param str alias: of the table of leads
        :param dict keys: as :meth:`_get_guard_keys` returns them
        :param datetime since: only keys of a later date
        :rtype: SQL
        """
        found = [
            self._get_key_condition(alias, place, self._limit_keys(query, since))
            for kind, queries in keys.items()
            for query in queries
            for place in COLUMNS[kind]
        ]
        if taken:
            return SQL("(%s)", SQL(" OR ").join(found))
        return SQL("(%s)", SQL(" AND ").join(SQL("NOT %s", condition) for condition in found))

    @api.model
    def _get_key_condition(self, alias, place, rows):
        """:return: whether the value at a place, as in ``COLUMNS``, is among the keys that a query selects"""
        table, column = place
        if table == "lead":
            return SQL("EXISTS (SELECT FROM (%s) taken WHERE taken.key = %s)", rows, SQL.identifier(alias, column))
        return SQL(
            "EXISTS (SELECT FROM (%s) taken JOIN res_partner contact ON taken.key = %s WHERE contact.id = %s)",
            rows,
            SQL.identifier("contact", column),
            SQL.identifier(alias, "partner_id"),
        )

    @api.model
    def _limit_keys(self, query, since):
        if since is None:
            return query
        return SQL("SELECT dated.key FROM (%s) dated WHERE dated.date > %s", query, since)

    def _flush_guards(self):
        """The guards read tables that the ORM does not see."""
        for name in READ_MODELS:
            self.env[name].flush_model()

    def _get_guard_domain(self, guard, taken, since=None):
        self._flush_guards()
        keys = self._get_guard_keys(guard)
        return Domain.custom(
            to_sql=lambda model, alias, query: model._get_guard_condition(alias, keys, taken, since),
        )

    # Fields -------------------------------------------------------------------------------------------------------

    def _search_guard(self, guard, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        # the host asks for either, never for both
        taken = (True in value) == (operator == "in")
        return self._get_guard_domain(guard, taken)

    def _compute_guards(self):
        for guard in FLAGS:
            domain = [("id", "in", self._origin.ids), (guard, "=", True)]
            taken = self.with_context(active_test=False).search(domain)
            for lead in self:
                lead[guard] = lead._origin in taken

    def _search_opted_out_topic_ids(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        # an opt-out counts whether or not the topic may be read
        Topic = self.env["mailing.list"].sudo().with_context(active_test=False)
        ids = [topic_id for topic_id in value if topic_id]
        # "is not set" asks for those who left no topic at all
        topics = Topic.browse(ids).exists() if len(ids) == len(value) else Topic.search([("id", "!=", False)])
        keys = self._get_keys_of_topics(topics)
        self._flush_guards()
        taken = (operator == "in") == (len(ids) == len(value))
        return Domain.custom(
            to_sql=lambda model, alias, query: model._get_guard_condition(alias, keys, taken),
        )

    def _compute_opted_out_topic_ids(self):
        consent = self.env["mailing.consent"]
        addresses = set(self.mapped("email_normalized")) | set(self.partner_id.mapped("email_normalized"))
        addresses = [address for address in addresses if address]
        self.opted_out_topic_ids = False
        subscriptions = self.env["mailing.subscription"].search(
            [("contact_id.email_normalized", "in", addresses), ("opt_out", "=", True)]
        )
        for topic in subscriptions.list_id:
            left = consent._get_left_lists(addresses, topic)
            for lead in self:
                if {lead.email_normalized, lead.partner_id.email_normalized} & left:
                    lead.opted_out_topic_ids |= topic

    @api.depends("email_normalized", "partner_id.email_normalized")
    def _compute_has_mail_address(self):
        for lead in self:
            lead.has_mail_address = bool(lead.email_normalized or lead.partner_id.email_normalized)

    def _search_has_mail_address(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        self.env["crm.lead"].flush_model(["email_normalized", "partner_id"])
        self.env["res.partner"].flush_model(["email_normalized"])
        wanted = SQL("TRUE") if (True in value) == (operator == "in") else SQL("FALSE")
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                """((COALESCE(%s, '') != '' OR EXISTS (
                        SELECT FROM res_partner contact
                         WHERE contact.id = %s AND contact.email_normalized != '')) = %s)""",
                SQL.identifier(alias, "email_normalized"),
                SQL.identifier(alias, "partner_id"),
                wanted,
            )
        )

    def _search_days(self, guard, operator, value):
        """``>= 90`` holds if nothing happened within the last 90 times 24 hours, so also if nothing ever happened."""

        def within(days, taken):
            if days <= 0:  # nothing has happened in the future
                return Domain(not taken)
            if days > NEVER:
                days = NEVER
            return self._get_guard_domain(guard, taken, fields.Datetime.now() - timedelta(days=days))

        if operator in (">", ">=", "<", "<="):
            days = int(value) + (operator in (">", "<="))
            return within(days, operator in ("<", "<="))
        if operator == "in":
            return Domain.OR(
                within(NEVER, False) if day is False or day >= NEVER else within(day + 1, True) & within(day, False)
                for day in value
            )
        return NotImplemented

    def _compute_days(self):
        self._flush_guards()
        now = fields.Datetime.now()
        for guard in DAYS:
            found = [
                SQL(
                    """SELECT lead.id, dated.date FROM crm_lead lead
                    LEFT JOIN res_partner contact ON contact.id = lead.partner_id
                         JOIN (%s) dated ON dated.key = %s WHERE lead.id = ANY(%s)""",
                    query,
                    SQL.identifier(*column),
                    self._origin.ids,
                )
                for kind, queries in self._get_guard_keys(guard).items()
                for query in queries
                for column in COLUMNS[kind]
            ]
            rows = self.env.execute_query(
                SQL(
                    "SELECT found.id, MAX(found.date) FROM (%s) found GROUP BY found.id", SQL(" UNION ALL ").join(found)
                )
            )
            last = dict(rows)
            for lead in self:
                date = last.get(lead._origin.id)
                lead[guard] = max((now - date).days, 0) if date else NEVER
