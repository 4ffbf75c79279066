# Files of accounts or members for advertising platforms.
import base64
import csv
import hashlib
import io
import logging
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

_logger = logging.getLogger(__name__)

COLUMNS = {
    "linkedin_company": (
        "companyname",
        "companywebsite",
        "companyemaildomain",
        "linkedincompanypageurl",
        "stocksymbol",
        "industry",
        "city",
        "state",
        "companycountry",
        "zipcode",
    ),
    "linkedin_contact": ("email", "firstname", "lastname", "jobtitle", "employeecompany", "country", "googleaid"),
    "google": ("Email", "Phone", "First Name", "Last Name", "Country", "Zip"),
}
HASHED = {"email", "Email", "Phone", "First Name", "Last Name"}
# a number in the international form is nothing that a spreadsheet could calculate harm with
PHONE = re.compile(r"^\+\d{5,15}$")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# people use the same domain at other firms: it would match all of them
GMAIL = {"gmail.com", "googlemail.com"}
FREE_MAIL = {
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "gmx.de",
    "gmx.net",
    "icloud.com",
}


class BuyingGroupAudienceExport(models.TransientModel):
    """A CSV file of the accounts or members of chosen buying groups, in the form that an advertising platform takes.

    Formats, as the platforms describe them: LinkedIn Matched Audiences (company list, contact list) and Google Customer
    Match. Filters are those of Adobe Journey Optimizer B2B Edition, export accounts; ranges include both ends.

    Assumptions: Odoo keeps one name per person, whose last word is taken for the last name. Countries are ISO codes.
    Platforms compare hashes, so values are trimmed and in lower case before they are hashed (SHA-256, hexadecimal), and
    for Google also without dots before ``@gmail.com``; LinkedIn takes hashes of addresses only, so its other columns
    stay empty in a hashed file. Google hashes neither country nor postal code.

    Nobody who is blacklisted, or opted out of any mailing list, is in a file. Each file is noted in the server's log.
    """

    _name = "buying.group.audience.export"
    _description = "Export of Buying Groups for Advertising"

    group_ids = fields.Many2many("buying.group", string="Buying Groups", default=lambda self: self._default_group_ids())
    format = fields.Selection(
        [
            ("linkedin_company", "LinkedIn: company list"),
            ("linkedin_contact", "LinkedIn: contact list"),
            ("google", "Google Customer Match"),
        ],
        required=True,
        default="linkedin_company",
    )
    is_hashed = fields.Boolean("Hash Personal Data", help="SHA-256, as the platforms do it themselves on upload.")
    solution_ids = fields.Many2many("buying.solution", string="Solutions")
    template_ids = fields.Many2many("buying.role.template", string="Role Templates")
    missing_role_ids = fields.Many2many(
        "buying.role",
        "buying_audience_export_missing_role_rel",
        string="Missing Roles",
        help="Only groups in which nobody plays one of these required roles.",
    )
    role_ids = fields.Many2many("buying.role", string="Roles", help="Only members in these roles.")
    status = fields.Char(help="Only groups with exactly this status.")
    completeness_min = fields.Float("Completeness From (%)", default=0, digits=False)
    completeness_max = fields.Float("Completeness To (%)", default=100, digits=False)
    engagement_min = fields.Float("Engagement From", default=0, digits=False)
    engagement_max = fields.Float("Engagement To", default=100, digits=False)
    group_count = fields.Integer("Groups in the File", compute="_compute_group_count")
    file = fields.Binary(readonly=True, attachment=False)
    filename = fields.Char(readonly=True)
    row_count = fields.Integer("Rows in the File", readonly=True)
    duplicate_count = fields.Integer("Left Out: More Than Once", readonly=True)
    unaddressed_count = fields.Integer("Left Out: No Valid Email", readonly=True)
    refused_count = fields.Integer("Left Out: Blacklisted or Opted Out", readonly=True)

    def _default_group_ids(self):
        if self.env.context.get("active_model") != "buying.group":
            return False
        return self.env["buying.group"].browse(self.env.context.get("active_ids") or [])

    @api.depends(
        "group_ids",
        "solution_ids",
        "template_ids",
        "missing_role_ids",
        "status",
        "completeness_min",
        "completeness_max",
        "engagement_min",
        "engagement_max",
    )
    def _compute_group_count(self):
        for wizard in self:
            wizard.group_count = self.env["buying.group"].search_count(wizard._get_domain())

    def _get_domain(self):
        """The chosen groups, or all if none was chosen, as far as the filters let them through."""
        self.ensure_one()
        domain = Domain("completeness", ">=", self.completeness_min) & Domain(
            "completeness", "<=", self.completeness_max
        )
        domain &= Domain("engagement", ">=", self.engagement_min) & Domain("engagement", "<=", self.engagement_max)
        for field_name, records in (
            ("id", self.group_ids),
            ("solution_id", self.solution_ids),
            ("template_id", self.template_ids),
            ("missing_role_ids", self.missing_role_ids),
        ):
            if records:
                domain &= Domain(field_name, "in", records.ids)
        if self.status:
            domain &= Domain("status", "=", self.status)
        return domain

    def action_export(self):
        """Button: make the file and show how many are in it and who was left out.

        :raise AccessError: the user may not build groups, or may not export at all
        :raise UserError: a range is upside down, or nothing would be in the file
        """
        self.ensure_one()
        for group in ("crm_buying_journey.group_user", "base.group_allow_export"):
            if not self.env.su and not self.env.user.has_group(group):
                raise AccessError(self.env._("You are not allowed to export buying groups. Ask an administrator."))
        if self.completeness_min > self.completeness_max or self.engagement_min > self.engagement_max:
            raise UserError(
                self.env._("The range of completeness or engagement ends below its start. Swap the two values.")
            )
        groups = self.env["buying.group"].search(self._get_domain(), order="id")
        self.write({"duplicate_count": 0, "unaddressed_count": 0, "refused_count": 0})
        rows = self._get_companies(groups) if self.format == "linkedin_company" else self._get_contacts(groups)
        if not rows:
            raise UserError(
                self.env._(
                    "Nothing would be in the file. Left out: %(email)s without a valid email, %(refused)s blacklisted "
                    "or opted out. Choose other groups or wider filters.",
                    email=self.unaddressed_count,
                    refused=self.refused_count,
                )
            )
        self.write(
            {
                "file": base64.b64encode(self._as_csv(rows)),
                "filename": f"{self.format}_{fields.Date.context_today(self)}.csv",
                "row_count": len(rows),
            }
        )
        _logger.info(
            "User %s exported %s rows of %s buying groups as %s, hashed: %s",
            self.env.uid,
            len(rows),
            len(groups),
            self.format,
            self.is_hashed,
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Export for Advertising"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _get_companies(self, groups):
        """One row per account, in the columns of the format."""
        accounts = groups.partner_id
        self.duplicate_count = len(groups) - len(accounts)
        return [
            (
                account.name or "",
                account.website or "",
                self._get_mail_domain(account),
                "",
                "",
                account.industry_id.name or "",
                account.city or "",
                account.state_id.name or "",
                account.country_id.code or "",
                account.zip or "",
            )
            for account in accounts
        ]

    def _get_mail_domain(self, account):
        domain = (account.email_normalized or "").partition("@")[2]
        return "" if domain in FREE_MAIL else domain

    def _get_contacts(self, groups):
        """One row per address, in the columns of the format; counts who is left out."""
        domain = (
            Domain("group_id", "in", groups.ids) & Domain("state", "=", "in") & Domain("partner_id.active", "=", True)
        )
        if self.role_ids:
            domain &= Domain("role_id", "in", self.role_ids.ids)
        members = self.env["buying.group.member"].search(domain, order="id")
        people = members.partner_id
        addressed = people.filtered("email_normalized")
        refused = self._get_refused(addressed.mapped("email_normalized"))
        rows = {}
        for person in addressed:
            email = person.email_normalized
            if email not in refused and email not in rows:
                rows[email] = self._get_contact(person)
        accepted = [person for person in addressed if person.email_normalized not in refused]
        self.write(
            {
                "duplicate_count": len(members) - len(people) + len(accepted) - len(rows),
                "unaddressed_count": len(people) - len(addressed),
                "refused_count": len(addressed) - len(accepted),
            }
        )
        return list(rows.values())

    @api.model
    def _get_refused(self, emails):
        """Those of these addresses that nobody may write to: blacklisted, or opted out of a mailing list.

        Whoever sees a contact may know this much about their lists, so it is asked with system rights.
        """
        refused = set(self.env["mail.blacklist"].sudo().search([("email", "in", emails)]).mapped("email"))
        opted_out = (
            self.env["mailing.subscription"]
            .sudo()
            .search([("opt_out", "=", True), ("contact_id.email_normalized", "in", emails)])
        )
        return refused | set(opted_out.contact_id.mapped("email_normalized"))

    def _get_contact(self, person):
        first, _space, last = (person.name or "").strip().rpartition(" ")
        if not first:
            first, last = last, ""
        company = person.commercial_partner_id
        phone = person.phone_sanitized or ""
        country = (person.country_id or company.country_id).code or ""
        if self.format == "google":
            values = (
                person.email_normalized,
                phone if PHONE.match(phone) else "",  # the host keeps what it cannot read as it is
                first,
                last,
                country,
                person.zip or company.zip or "",
            )
        else:
            employer = company.name if company != person else person.company_name
            values = (person.email_normalized, first, last, person.function or "", employer or "", country, "")
            if self.is_hashed:
                values = (values[0], *[""] * (len(values) - 1))
        if not self.is_hashed:
            return values
        names = COLUMNS[self.format]
        return tuple(
            self._hash(value) if name in HASHED and value else value for name, value in zip(names, values, strict=True)
        )

    def _hash(self, value):
        value = " ".join(value.lower().split())
        name, at, domain = value.partition("@")
        if self.format == "google" and at and domain in GMAIL:
            value = f"{name.partition('+')[0].replace('.', '')}@{domain}"
        return hashlib.sha256(value.encode()).hexdigest()

    def _as_csv(self, rows):
        """UTF-8; a value that a spreadsheet would take for a formula is made plain text by an apostrophe."""
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(COLUMNS[self.format])
        writer.writerows([[self._as_text(value) for value in row] for row in rows])
        return stream.getvalue().encode()

    @api.model
    def _as_text(self, value):
        return f"'{value}" if value.startswith(FORMULA) and not PHONE.match(value) else value
