/** The filters of the dashboard; a change takes effect at once. */
import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { MultiRecordSelector } from "@web/core/record_selectors/multi_record_selector";
import { user } from "@web/core/user";

const { DateTime } = luxon;
// The days of a period that ends today, as the server takes them.
export function getPeriodDates(period) {
    if (period === "custom") {
        return {};
    }
    // the server reckons in the user's time zone, which need not be the browser's
    const today = DateTime.now().setZone(user.tz || "system");
    const start = {
        today: { days: 0 },
        week: { days: 6 },
        month: { days: 30 },
        quarter: { days: 90 },
        years: { years: 2 },
    }[period];
    return { date_from: today.minus(start || { years: 1 }).toISODate(), date_to: today.toISODate() };
}

export class DashboardFilters extends Component {
    static template = "crm_buying_journey.DashboardFilters";
    static components = { MultiRecordSelector };
    static props = {
        filters: Object,
        update: Function,
        // which filters by records this page has
        keys: Array,
        period: String,
        mine: { type: Boolean, optional: true },
        // names and labels to choose from, if the page filters by channel
        channels: { type: Array, optional: true },
    };

    setup() {
        this.state = useState({ open: false });
        this.allSelectors = [
            { key: "solution_ids", model: "buying.solution", label: _t("Solution"), any: _t("All solutions") },
            { key: "stage_ids", model: "buying.stage", label: _t("Stage"), any: _t("All stages") },
            {
                key: "user_ids",
                model: "res.users",
                label: _t("Salesperson"),
                any: _t("Everybody"),
                domain: [["share", "=", false]],
            },
            { key: "role_ids", model: "buying.role", label: _t("Role"), any: _t("All roles") },
            {
                key: "type_ids",
                model: "engagement.activity.type",
                label: _t("Activity"),
                any: _t("All activities"),
                domain: [["channel", "!=", "group"]],
            },
            { key: "journey_ids", model: "journey.journey", label: _t("Journey"), any: _t("All journeys") },
            {
                key: "mailing_ids",
                model: "mailing.mailing",
                label: _t("Mail"),
                any: _t("All mails"),
                domain: [["mailing_type", "=", "mail"]],
            },
            { key: "industry_ids", model: "res.partner.industry", label: _t("Industry"), any: _t("All industries") },
            { key: "country_ids", model: "res.country", label: _t("Country"), any: _t("All countries") },
            { key: "state_ids", model: "res.country.state", label: _t("Region"), any: _t("All regions") },
        ];
        this.periods = [
            ["today", _t("Today")],
            ["week", _t("Last 7 days")],
            ["month", _t("Last 30 days")],
            ["quarter", _t("Last 90 days")],
            ["year", _t("Past year")],
            ["years", _t("Past two years")],
            ["custom", _t("From … to …")],
        ];
    }

    get selectors() {
        return this.allSelectors.filter((selector) => this.props.keys.includes(selector.key));
    }

    get currentPeriod() {
        return this.props.filters.period || this.props.period;
    }

    get count() {
        const { filters, keys, mine, channels } = this.props;
        const set = keys.filter((key) => filters[key]?.length).length;
        return set + (mine && filters.mine ? 1 : 0) + (channels && filters.channels?.length ? 1 : 0);
    }

    // Whoever types a year passes the years 2, 20 and 202: days that make no period are marked, and nothing is asked.
    setDates(box) {
        const inputs = [...box.querySelectorAll("input")];
        const [date_from, date_to] = inputs.map((input) => input.value);
        const isPeriod =
            inputs.every((input) => input.checkValidity()) && (!date_from || !date_to || date_from <= date_to);
        inputs.forEach((input) => input.classList.toggle("text-danger", !isPeriod));
        if (isPeriod) {
            this.props.update({ date_from, date_to });
        }
    }

    setPeriod(period) {
        // start to choose from what is shown now
        const dates = period === "custom" ? getPeriodDates(this.currentPeriod) : {};
        this.props.update({ date_from: false, date_to: false, ...dates, period });
    }
}
