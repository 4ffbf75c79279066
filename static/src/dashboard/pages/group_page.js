/** What the pages about buying groups share: filters, what stands instead of figures, texts and cards of stages. */
import { Component } from "@odoo/owl";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { formatPercent } from "../tools";

// What stands instead of figures about groups.
export function getEmptyGroups(data, { isMarketer }) {
    if (data.total) {
        return false;
    }
    if (data.any_group) {
        return { title: _t("No buying group matches these filters"), clear: true };
    }
    if (data.hidden_groups) {
        return {
            title: _t("No buying group for you yet"),
            text: _t(
                "There are groups, but none that you may see: you see those of your own accounts, and of accounts without a salesperson. Ask to become the salesperson of an account, or for access to all documents."
            ),
        };
    }
    return {
        title: _t("No buying groups yet"),
        text: _t("A creation job builds a group for each account you sell a solution to. Its figures show up here."),
        button: _t("Go to creation jobs"),
        action: isMarketer ? "crm_buying_journey.buying_group_job_action" : false,
    };
}

export class DashboardGroupPage extends Component {
    static props = { data: Object, update: Function };

    static filters = ["solution_ids", "stage_ids", "user_ids", "industry_ids", "country_ids", "state_ids"];
    static options = ["mine"];
    static mine = true;
    static getEmpty = getEmptyGroups;

    get sharedTexts() {
        const { completeness, standstill } = this.props.data.thresholds;
        return {
            stage: _t("Stage"),
            engaged: _t("Most Engaged"),
            engagedEmpty: _t("No group is engaged yet. Scores are computed every night."),
            stagnant: _t("Standing Still"),
            stagnantHelp: _t(
                "Groups under way that do not advance although nearly all required roles are filled, the longest in their stage first."
            ),
            stagnantNote: _t("At least %(completeness)s complete, and %(days)s days or more in their stage", {
                completeness: formatPercent(completeness),
                days: standstill,
            }),
            stagnantEmpty: _t("No group that is nearly complete stands still."),
            fast: _t("High Velocity"),
        };
    }

    // One chart for each stage model; the first and the last day of the period are its columns' titles.
    get stageCharts() {
        const { stages } = this.props.data;
        return stages.map((chart) => ({
            title: stages.length > 1 ? _t("Stages: %s", chart.name) : _t("Groups by Stage"),
            help: _t("Buying groups in each stage of %s on the first and on the last day of the period.", chart.name),
            chart: { ...chart, series: chart.series.map((day) => formatDate(deserializeDate(day))) },
        }));
    }
}
