/** The filters of the dashboard; a change takes effect at once. */
import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { MultiRecordSelector } from "@web/core/record_selectors/multi_record_selector";

const { DateTime } = luxon;
const RECORD_FILTERS = ["solution_ids", "stage_ids", "user_ids", "industry_ids", "country_ids"];

// The days of a period that ends today, as the server takes them.
export function getPeriodDates(period) {
    if (!period || period === "custom") {
        return {};
    }
    const today = DateTime.now();
    const start = { month: { days: 30 }, quarter: { days: 90 }, year: { years: 1 }, years: { years: 2 } }[period];
    return { date_from: today.minus(start || { years: 1 }).toISODate(), date_to: today.toISODate() };
}

export class DashboardFilters extends Component {
    static template = "crm_buying_journey.DashboardFilters";
    static components = { MultiRecordSelector };
    static props = { filters: Object, update: Function };

    setup() {
        this.state = useState({ open: false });
        this.selectors = [
            { key: "solution_ids", model: "buying.solution", label: _t("Solution"), any: _t("All solutions") },
            { key: "stage_ids", model: "buying.stage", label: _t("Stage"), any: _t("All stages") },
            {
                key: "user_ids",
                model: "res.users",
                label: _t("Salesperson"),
                any: _t("Everybody"),
                domain: [["share", "=", false]],
            },
            { key: "industry_ids", model: "res.partner.industry", label: _t("Industry"), any: _t("All industries") },
            { key: "country_ids", model: "res.country", label: _t("Country"), any: _t("All countries") },
        ];
        this.periods = [
            ["month", _t("Last 30 days")],
            ["quarter", _t("Last 90 days")],
            ["year", _t("Past year")],
            ["years", _t("Past two years")],
            ["custom", _t("From … to …")],
        ];
    }

    get count() {
        const { filters } = this.props;
        return RECORD_FILTERS.filter((key) => filters[key]?.length).length + (filters.mine ? 1 : 0);
    }

    setPeriod(period) {
        // start to choose from what is shown now
        const dates = period === "custom" ? getPeriodDates(this.props.filters.period || "year") : {};
        this.props.update({ date_from: false, date_to: false, ...dates, period });
    }

    clear() {
        const cleared = Object.fromEntries(RECORD_FILTERS.map((key) => [key, []]));
        this.props.update({ ...cleared, mine: false });
    }
}
