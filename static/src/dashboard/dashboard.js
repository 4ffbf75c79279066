/** The dashboard of buying groups: how complete, how engaged and how far they are, and who stands out. */
import { Component, onWillStart, useRef, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { formatDate, deserializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { DashboardCard } from "./dashboard_card";
import { DashboardFilters, getPeriodDates } from "./dashboard_filters";
import { DashboardHighlights } from "./dashboard_highlights";

export class BuyingDashboard extends Component {
    static template = "crm_buying_journey.Dashboard";
    static components = { Layout, DashboardCard, DashboardFilters, DashboardHighlights };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = { controlPanel: {} };
        this.keepLast = new KeepLast();
        this.state = useState({ filters: this.readFilters(), data: null, loading: true, canBuild: false });
        useSetupAction({ rootRef: useRef("root") });
        onWillStart(async () => {
            this.state.canBuild = await user.hasGroup("crm_buying_journey.group_user");
            this.load(); // not awaited: the page stands at once and says that it is loading
        });
    }

    // Filters stay as long as the browser's tab, so that the way back from a list leads to the same figures.
    get storageKey() {
        return `crm_buying_journey.dashboard.${user.userId}`;
    }

    readFilters() {
        try {
            return JSON.parse(browser.sessionStorage.getItem(this.storageKey)) || {};
        } catch {
            return {};
        }
    }

    updateFilters(changes) {
        Object.assign(this.state.filters, changes);
        browser.sessionStorage.setItem(this.storageKey, JSON.stringify(this.state.filters));
        return this.load();
    }

    async load() {
        this.state.loading = true;
        const { period, ...filters } = this.state.filters;
        const values = { ...filters, ...getPeriodDates(period) };
        try {
            this.state.data = await this.keepLast.add(this.orm.call("buying.dashboard", "get_data", [values]));
        } finally {
            this.state.loading = false;
        }
    }

    get texts() {
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
                "Groups of at least 70 % completeness that are under way and have been in their stage for 14 days or more, the longest first."
            ),
            stagnantEmpty: _t("No group that is nearly complete has stood still for 14 days."),
            fast: _t("High Velocity"),
            fastHelp: _t("The groups that advanced most stages in the last 90 days."),
            fastEmpty: _t("No group advanced in the last 90 days."),
        };
    }

    // The first and the last day of the period become the columns' titles.
    getStageChart(chart) {
        return { ...chart, series: chart.series.map((day) => formatDate(deserializeDate(day))) };
    }

    get stageCharts() {
        return this.state.data.stages.map((chart) => ({
            title: this.state.data.stages.length > 1 ? _t("Stages: %s", chart.name) : _t("Groups by Stage"),
            help: _t("Buying groups in each stage of %s on the first and on the last day of the period.", chart.name),
            chart: this.getStageChart(chart),
        }));
    }

    openJobs() {
        return this.action.doAction("crm_buying_journey.buying_group_job_action");
    }

    clearFilters() {
        return this.updateFilters({
            solution_ids: [],
            stage_ids: [],
            user_ids: [],
            industry_ids: [],
            country_ids: [],
            mine: false,
        });
    }
}

registry.category("actions").add("crm_buying_journey.dashboard", BuyingDashboard);
