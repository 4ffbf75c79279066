/** The dashboard: one filter bar, and pages that share it. Each page asks a model of its own for its figures. */
import { Component, onWillStart, useEffect, useRef, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { DashboardFilters, getPeriodDates } from "./dashboard_filters";
import { DashboardEngagement } from "./pages/engagement";
import { DashboardJourneys } from "./pages/journeys";
import { DashboardMails } from "./pages/mails";
import { DashboardMovement } from "./pages/movement";
import { DashboardOverview } from "./pages/overview";
import { DashboardWeb } from "./pages/web";

const { DateTime } = luxon;
// A page is a component with static facts: key, label, model, filters (keys), period, mine, forMarketing and
// getEmpty(data), which says what stands there instead of figures.
const PAGES = [
    DashboardOverview,
    DashboardMovement,
    DashboardEngagement,
    DashboardWeb,
    DashboardMails,
    DashboardJourneys,
];

export class BuyingDashboard extends Component {
    static template = "crm_buying_journey.Dashboard";
    static components = { Layout, DashboardFilters };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = { controlPanel: {} };
        this.keepLast = new KeepLast();
        this.state = useState({ ...this.readState(), data: null, loading: true, isMarketer: false });
        const root = useRef("root");
        useSetupAction({ rootRef: root });
        useEffect(
            () => {
                // on a phone, the names of the pages are wider than the screen
                const current = root.el?.querySelector(".o_buying_page[aria-current]");
                current?.scrollIntoView({ block: "nearest", inline: "center" });
            },
            () => [this.state.page]
        );
        onWillStart(async () => {
            this.state.isMarketer = await user.hasGroup("crm_buying_journey.group_user");
            this.load(); // not awaited: the page stands at once and says that it is loading
        });
    }

    // Page and filters stay as long as the browser's tab, so that a reload, and the way back from a list, lead to the
    // same figures.
    get storageKey() {
        return `crm_buying_journey.dashboard.${user.userId}`;
    }

    readState() {
        try {
            const { filters, page } = JSON.parse(browser.sessionStorage.getItem(this.storageKey)) || {};
            return { filters: filters || {}, page: page || PAGES[0].key };
        } catch {
            return { filters: {}, page: PAGES[0].key };
        }
    }

    writeState() {
        const { filters, page } = this.state;
        browser.sessionStorage.setItem(this.storageKey, JSON.stringify({ filters, page }));
    }

    get pages() {
        return PAGES.filter((page) => this.state.isMarketer || !page.forMarketing);
    }

    get page() {
        return this.pages.find((page) => page.key === this.state.page) || PAGES[0];
    }

    openPage(page) {
        if (page.key === this.page.key) {
            return;
        }
        this.state.page = page.key;
        this.state.data = null;
        this.writeState();
        return this.load();
    }

    // Without changes: none of the page's filters any more; the period stays.
    updateFilters(changes) {
        const cleared = Object.fromEntries(this.page.filters.map((key) => [key, []]));
        Object.assign(this.state.filters, changes || { ...cleared, mine: false, channels: [] });
        this.writeState();
        return this.load();
    }

    async load() {
        this.state.loading = true;
        const page = this.page;
        const { filters } = this.state;
        const values = { date_from: filters.date_from, date_to: filters.date_to };
        // what another page filters by does not count here
        for (const key of [...page.filters, ...(page.options || [])]) {
            values[key] = filters[key];
        }
        Object.assign(values, getPeriodDates(filters.period || page.period));
        const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
        try {
            this.state.data = await this.keepLast.add(this.orm.call(page.model, "get_data", [given]));
        } catch (error) {
            this.state.data = null; // figures of other filters than those above them would deceive
            throw error;
        } finally {
            this.state.loading = false;
        }
    }

    get empty() {
        return this.page.getEmpty(this.state.data, { isMarketer: this.state.isMarketer });
    }

    openEmptyAction() {
        return this.action.doAction(this.empty.action);
    }

    // What a printed page says of itself.
    get printedOn() {
        return _t("%(date)s, %(user)s", { date: formatDateTime(DateTime.now()), user: user.name });
    }

    print() {
        window.print();
    }
}

registry.category("actions").add("crm_buying_journey.dashboard", BuyingDashboard);
