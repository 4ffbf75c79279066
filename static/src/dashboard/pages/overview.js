/** The overview: how complete, how engaged and how far groups are, and who stands out. */
import { Component } from "@odoo/owl";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { DashboardCard } from "../dashboard_card";
import { DashboardHighlights } from "../dashboard_highlights";

// The first and the last day of the period become the columns' titles.
export function withDates(chart) {
    return { ...chart, series: chart.series.map((day) => formatDate(deserializeDate(day))) };
}

// What stands instead of figures about groups.
export function getEmptyGroups(data, { isMarketer }) {
    if (!data.any_group) {
        return {
            title: _t("No buying groups yet"),
            text: _t("A creation job builds a group for each account you sell a solution to. Its figures show up here."),
            button: _t("Go to creation jobs"),
            action: isMarketer ? "crm_buying_journey.buying_group_job_action" : false,
        };
    }
    return data.total ? false : { title: _t("No buying group matches these filters"), clear: true };
}

export const GROUP_FILTERS = ["solution_ids", "stage_ids", "user_ids", "industry_ids", "country_ids", "state_ids"];

export class DashboardOverview extends Component {
    static template = "crm_buying_journey.DashboardOverview";
    static components = { DashboardCard, DashboardHighlights };
    static props = { data: Object, update: Function };

    static key = "overview";
    static get label() {
        return _t("Overview");
    }
    static model = "buying.dashboard";
    static filters = GROUP_FILTERS;
    static options = ["mine"];
    static period = "year";
    static mine = true;
    static getEmpty = getEmptyGroups;

    get texts() {
        const { completeness, standstill } = this.props.data.thresholds;
        return {
            band: _t("Band"),
            solution: _t("Solution"),
            stage: _t("Stage"),
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
            engaged: _t("Most Engaged"),
            engagedHelp: _t("The five buying groups with the highest engagement."),
            engagedEmpty: _t("No group is engaged yet. Scores are computed every night."),
            stagnant: _t("Standing Still"),
            stagnantHelp: _t(
                "Groups under way that do not advance although nearly all required roles are filled, the longest in their stage first."
            ),
            stagnantNote: _t("At least %(completeness)s % complete, and %(days)s days or more in their stage", {
                completeness,
                days: standstill,
            }),
            stagnantEmpty: _t("No group that is nearly complete stands still."),
            fast: _t("High Velocity"),
            fastHelp: _t("The groups that advanced most stages in the last 90 days."),
            fastEmpty: _t("No group advanced in the last 90 days."),
        };
    }

    get stageCharts() {
        const { stages } = this.props.data;
        return stages.map((chart) => ({
            title: stages.length > 1 ? _t("Stages: %s", chart.name) : _t("Groups by Stage"),
            help: _t("Buying groups in each stage of %s on the first and on the last day of the period.", chart.name),
            chart: withDates(chart),
        }));
    }
}
