# The digest mail: figures of buying groups, journeys, tests and lost leads, and the most important groups.
from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..buying.buying_group_standstill import STANDSTILL_DAYS

MOST_IMPORTANT = 5


class DigestDigest(models.Model):
    """All figures are counted with the rights of the receiver, in the company of the digest and among what belongs to
    no company; whoever may not read something gets the digest without that figure. Each figure says how many came to
    be so within the period and are still there, so that its link can show them.
    """

    _inherit = "digest.digest"

    kpi_buying_groups_ready = fields.Boolean("Groups Ready")
    kpi_buying_groups_ready_value = fields.Integer(compute="_compute_kpi_buying_groups_ready_value")
    kpi_buying_groups_stuck = fields.Boolean("Groups Stuck")
    kpi_buying_groups_stuck_value = fields.Integer(compute="_compute_kpi_buying_groups_stuck_value")
    kpi_journeys_entered = fields.Boolean("Entered Journeys")
    kpi_journeys_entered_value = fields.Integer(compute="_compute_kpi_journeys_entered_value")
    kpi_journeys_finished = fields.Boolean("Finished Journeys")
    kpi_journeys_finished_value = fields.Integer(compute="_compute_kpi_journeys_finished_value")
    kpi_ab_tests_decided = fields.Boolean("A/B Tests Decided")
    kpi_ab_tests_decided_value = fields.Integer(compute="_compute_kpi_ab_tests_decided_value")
    kpi_leads_reactivated = fields.Boolean("Lost Leads That Came Back")
    kpi_leads_reactivated_value = fields.Integer(compute="_compute_kpi_leads_reactivated_value")
    show_buying_groups = fields.Boolean(
        "Most Important Buying Groups", help="Lists the five most engaged groups that the receiver may see."
    )

    def _compute_kpi_buying_groups_ready_value(self):
        self._count_in_period("kpi_buying_groups_ready_value", "buying.group", "complete_date")

    def _compute_kpi_buying_groups_stuck_value(self):
        self._count_in_period(
            "kpi_buying_groups_stuck_value",
            "buying.group",
            "stage_date",
            self.env["buying.group"]._get_standstill_domain(days=0),
            days_ago=STANDSTILL_DAYS,
        )

    def _compute_kpi_journeys_entered_value(self):
        self._count_in_period("kpi_journeys_entered_value", "journey.participant", "entered_at")

    def _compute_kpi_journeys_finished_value(self):
        self._count_in_period(
            "kpi_journeys_finished_value", "journey.participant", "left_at", Domain("state", "=", "completed")
        )

    def _compute_kpi_ab_tests_decided_value(self):
        self._count_in_period("kpi_ab_tests_decided_value", "mailing.ab.test", "decision_date")

    def _compute_kpi_leads_reactivated_value(self):
        self._count_in_period("kpi_leads_reactivated_value", "crm.lead", "reactivated_date")

    def _count_in_period(self, name, model_name, date_field, domain=Domain.TRUE, days_ago=0):
        """Count records whose date lies within the period that is asked for.

        :param int days_ago: the date lies so many days before the period
        :raise AccessError: the current user may not read these records
        """
        if not self.env.user.has_group("crm_buying_journey.group_sales"):
            raise AccessError(self.env._("Buying groups and journeys are none of this user's business."))
        start, end, _companies = self._get_kpi_compute_parameters()
        for operator, moment in ((">=", start), ("<", end)):
            if moment:
                domain &= Domain(
                    date_field, operator, fields.Datetime.subtract(fields.Datetime.to_datetime(moment), days=days_ago)
                )
        if not start:
            domain &= Domain(date_field, "!=", False)
        for digest in self:
            company = digest.company_id or self.env.company
            digest[name] = self.env[model_name].search_count(domain & Domain("company_id", "in", [company.id, False]))

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu_id = self.env.ref("crm_buying_journey.menu_root").id
        names = ("buying_groups_ready", "buying_groups_stuck", "journeys_entered", "journeys_finished")
        names += ("ab_tests_decided", "leads_reactivated")
        return actions | {f"kpi_{name}": f"crm_buying_journey.digest_{name}_action?menu_id={menu_id}" for name in names}

    def _get_buying_section(self, user):
        """What the mail says below the figures, with the rights of the receiver.

        :return: ``{"groups": [{"id", "name", "facts", "moment"}], "is_quiet": whether nothing happened}``; ``None`` if
            there is nothing to say to this receiver
        """
        self.ensure_one()
        if not self.show_buying_groups or not user.has_group("crm_buying_journey.group_sales"):
            return None
        company = self.company_id or user.company_id
        Group = self.with_user(user).with_company(company).with_context(lang=user.lang).env["buying.group"]
        domain = Domain("company_id", "in", [company.id, False]) & Domain("engagement", ">", 0)
        # what is won or lost needs nobody's attention any more
        domain &= Domain("stage_id", "=", False) | Domain("stage_id.destination", "=", "none")
        groups = Group.search(domain, order="engagement desc, completeness desc, id", limit=MOST_IMPORTANT)
        return {
            "groups": [
                {
                    "id": group.id,
                    "name": group.name,
                    "facts": group._get_digest_facts(),
                    "moment": group.last_moment or "",
                }
                for group in groups
            ],
            "is_quiet": self._is_quiet(user, company),
        }

    def _is_quiet(self, user, company):
        """Whether all of our figures are 0 for the time between two mails."""
        column = {"daily": "kpi_col1", "weekly": "kpi_col2"}.get(self.periodicity, "kpi_col3")
        ours = self._compute_kpis_actions(company, user)
        return not any(
            kpi[column].get("value")
            for kpi in self._compute_kpis(company, user)
            if str(ours.get(kpi["kpi_name"], "")).startswith("crm_buying_journey.")
        )
