/** The overview: how complete, how engaged and how far groups are, and who stands out. */
import { _t } from "@web/core/l10n/translation";
import { DashboardCard } from "../dashboard_card";
import { DashboardHighlights } from "../dashboard_highlights";
import { DashboardGroupPage } from "./group_page";

export class DashboardOverview extends DashboardGroupPage {
    static template = "crm_buying_journey.DashboardOverview";
    static components = { DashboardCard, DashboardHighlights };

    static key = "overview";
    static get label() {
        return _t("Overview");
    }
    static model = "buying.dashboard";
    static period = "year";

    get texts() {
        return {
            ...this.sharedTexts,
            band: _t("Band"),
            solution: _t("Solution"),
            month: _t("Month"),
            role: _t("Role"),
            completeness: _t("Completeness"),
            completenessHelp: _t(
                "Buying groups by how far their required roles are filled, in whole percent. Groups whose template requires no role are not rated."
            ),
            engagement: _t("Engagement"),
            engagementHelp: _t("Buying groups by the engagement of their members, compared with the most engaged group."),
            solutions: _t("Groups by Solution"),
            solutionsHelp: _t("Buying groups of each solution, by completeness."),
            acquisition: _t("Role Acquisition"),
            acquisitionHelp: _t(
                "People who are members today, by the month since when they have had their role. Who left since then is not counted."
            ),
            acquisitionEmpty: _t("Nobody got a role in this period. Choose a longer one, or add members to groups."),
            roleEngagement: _t("Engagement by Role"),
            roleEngagementHelp: _t("Average engagement of the members in each role, from 0 to 100."),
            roleEngagementEmpty: _t("No member has been active lately. Scores are computed every night."),
            engagedHelp: _t("The five buying groups with the highest engagement."),
            fastHelp: _t("The groups that advanced most stages in the last 90 days."),
            fastEmpty: _t("No group advanced in the last 90 days."),
        };
    }
}
