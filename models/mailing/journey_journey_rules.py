# Rules that all mails of a journey follow: topic, caps, quiet hours, and one mail per address.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.base.models.res_partner import _tz_get

from ..journey.journey_version import StepError
from .mailing_cap import WINDOWS


class JourneyJourney(models.Model):
    """Mail rules of a journey. A mail that may not go is skipped, the timeline says why, and its participant goes on;
    in quiet hours it is held. An operational mail asks neither caps nor quiet hours.

    Managers may change the rules while the journey is live; they hold for the mails composed from then on.
    """

    _inherit = "journey.journey"

    topic_id = fields.Many2one(
        "mailing.list",
        "Topic of the Mails",
        ondelete="restrict",
        index="btree_not_null",
        help="Whoever unsubscribes from a mail of this journey gets no more mails of this topic, but others still. "
        "A mail may have a topic of its own.",
    )
    use_general_caps = fields.Boolean(
        "Follow the General Caps",
        default=True,
        tracking=True,
        help="The settings say how many mails an address gets at most, all journeys and mailings together.",
    )
    cap_day = fields.Integer("Mails in 24 Hours", tracking=True, help="Of this journey, to one address; 0: no cap.")
    cap_week = fields.Integer("Mails in 7 Days", tracking=True, help="Of this journey, to one address; 0: no cap.")
    cap_month = fields.Integer("Mails in 30 Days", tracking=True, help="Of this journey, to one address; 0: no cap.")
    quiet_mode = fields.Selection(
        [("general", "As in the Settings"), ("own", "Of This Journey"), ("none", "None")],
        "Quiet Hours",
        default="general",
        required=True,
        tracking=True,
        help="No mail leaves in quiet hours by the recipient's clock; it is held until they are over.",
    )
    quiet_from = fields.Float(default=21.0)
    quiet_to = fields.Float("Quiet Until", default=8.0)
    quiet_weekend = fields.Boolean("Quiet on Weekends")
    quiet_tz = fields.Selection(
        _tz_get,
        "Time Zone if Unknown",
        help="Of recipients without a time zone and a country; empty: that of the company.",
    )
    address_dedup = fields.Selection(
        [
            ("once", "Each Mail Once"),
            ("inside", "Each Mail Once, Until the First Is Through"),
            ("none", "Each Participant Gets Each Mail"),
        ],
        "Same Address",
        default="once",
        required=True,
        tracking=True,
        help="What happens when several participants share one address. The second choice lets a later participant get "
        "the mail once the former one has left the journey.",
    )

    _caps_check = models.Constraint(
        "CHECK(cap_day >= 0 AND cap_week >= 0 AND cap_month >= 0)", "Caps cannot be negative."
    )
    _quiet_check = models.Constraint(
        "CHECK(quiet_from >= 0 AND quiet_from < 24 AND quiet_to >= 0 AND quiet_to < 24)",
        "Quiet hours are times of day, from 0:00 to 23:59.",
    )

    @api.model
    def _get_mail_rules(self):
        """Names of the fields that are rules of mails."""
        return {
            "topic_id",
            "use_general_caps",
            *(f"cap_{window}" for window in WINDOWS),
            "quiet_mode",
            "quiet_from",
            "quiet_to",
            "quiet_weekend",
            "quiet_tz",
            "address_dedup",
        }

    def write(self, vals):
        if self._get_mail_rules() & vals.keys() and not self.env.su and any(j.state != "draft" for j in self):
            self._check_manager()
        return super().write(vals)

    def _get_publish_errors(self):
        """Each mail is tried with some of those who would enter, with the rights of the responsible user."""
        errors = super()._get_publish_errors()
        if errors:
            return errors
        responsible = self._as_responsible()
        records = responsible.env[self.model_name].search(responsible._get_audience_domain(), limit=5)
        for node in self.draft_version_id.node_ids.filtered("mailing_id"):
            kind = node._get_kind().with_env(responsible.env).with_context(whole_audience=True)
            sample = records
            if node.people == "people":
                sample = responsible.env["res.partner"].union(*kind._get_people(node, records).values())
            mailing = node.mailing_id.with_env(responsible.env)
            found = mailing._get_sample_findings(sample[:5].ids)
            errors += [StepError(f"{node.name}: {text}", node) for level, text in found if level == "error"]
        return errors

    def _get_own_caps(self):
        """``{window: mails at most}``, only those that are set"""
        self.ensure_one()
        return {window: self[f"cap_{window}"] for window in WINDOWS if self[f"cap_{window}"] > 0}

    def _get_quiet(self):
        """:return: the quiet hours of this journey's mails, or ``None``"""
        self.ensure_one()
        if self.quiet_mode == "general":
            return self.env["mailing.quiet"]._get_general()
        if self.quiet_mode == "own":
            return self.env["mailing.quiet"]._make(self.quiet_from, self.quiet_to, self.quiet_weekend)
        return None

    def _get_quiet_timezone(self):
        """Name of the time zone of recipients that have none."""
        self.ensure_one()
        company = self.company_id or self.user_id.company_id
        return self.quiet_tz or self.env["mailing.quiet"]._get_company_timezone(company)

    def _get_unsubscribed_domain(self):
        """Opting out of the journey's topic is unsubscribing from this journey."""
        domain = super()._get_unsubscribed_domain()
        if not self.topic_id:
            return domain
        self.env.flush_all()
        left = SQL(
            """(
            SELECT contact.email_normalized
              FROM mailing_contact contact
              JOIN mailing_subscription subscription ON subscription.contact_id = contact.id
             WHERE subscription.list_id = %s AND contact.email_normalized IS NOT NULL
          GROUP BY contact.email_normalized
            HAVING bool_and(COALESCE(subscription.opt_out, FALSE)))""",
            self.topic_id.id,
        )
        partners = Domain("id", "in", SQL("(SELECT id FROM res_partner WHERE email_normalized IN %s)", left))
        if self.model_name == "buying.group":
            open_members = ~Domain("partner_id.is_blacklisted", "=", True) & Domain("partner_id", "not any", partners)
            return domain | (
                Domain("member_ids", "any", Domain("partner_id", "any", partners))
                & ~Domain("member_ids", "any", open_members & Domain("partner_id.email_normalized", "!=", False))
            )
        Model = self.env[self.model_name]
        if "email_normalized" in Model._fields and Model._fields["email_normalized"].store:
            table = SQL.identifier(Model._table)
            domain |= Domain("id", "in", SQL("(SELECT id FROM %s WHERE email_normalized IN %s)", table, left))
        if self._has_partner():
            domain |= Domain("partner_id", "any", partners)
        return domain

    @api.constrains("topic_id")
    def _check_topic(self):
        # a topic may be one that the user may not read
        for journey in self.sudo():
            if journey.topic_id and not journey.topic_id.is_public:
                raise UserError(journey.topic_id._get_hidden_topic_error())
