/** What all parts of the dashboard need: the lists behind its numbers, and CSV files of what it shows. */
import { deserializeDateTime, formatDate, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { downloadFile } from "@web/core/network/download";
import { user } from "@web/core/user";
import { formatFloat } from "@web/core/utils/numbers";
import { formatInteger } from "@web/views/fields/formatters";

// A spreadsheet takes a cell that begins like this for a formula.
const FORMULA = /^[=+\-@\t\r\n]/;
// Right behind "return", this would hide all texts of this file from the tool that collects them for translators.
const NEEDS_QUOTES = /[",\r\n]/;

// What the list behind a number of a chart or table, or behind the whole of it, needs to know.
function getListContext(chart, model, row, index) {
    return model === chart.model ? { ...chart.context, ...row?.context, ...chart.contexts?.[index] } : {};
}

// The list behind all numbers of a chart or table, or behind one of them.
export function getChartAction(chart, name, row, index) {
    const model = (row && chart.models?.[index]) || chart.model;
    const domain = row ? row.domains[index] : chart.domain;
    return getListAction(model, domain, name, getListContext(chart, model, row, index));
}

// The records behind a number. Members are shown the most engaged first.
export function getListAction(model, domain, name, values) {
    const context = { active_test: true, ...values };
    if (model === "buying.group.member") {
        context.list_view_ref = "crm_buying_journey.buying_group_member_view_list_coverage";
        context.partner_display_name_hide_company = true;
    }
    return {
        type: "ir.actions.act_window",
        name,
        res_model: model,
        domain,
        context,
        views: [
            [false, "list"],
            [false, "form"],
        ],
    };
}

function toCell(value) {
    const text = String(value ?? "");
    const safe = typeof value !== "number" && FORMULA.test(text) ? `'${text}` : text;
    return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// The mark at the start tells spreadsheets that the file is UTF-8.
export function downloadCsv(title, header, rows) {
    const lines = [header, ...rows].map((row) => row.map(toCell).join(","));
    const name = title.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_|_$/g, "");
    downloadFile(`\uFEFF${lines.join("\r\n")}\r\n`, `${name}.csv`, "text/csv");
}

// Whole numbers, rounded half up, with the separators of the user's language: the way completeness and engagement are
// shown everywhere.
export function toWhole(value) {
    return typeof value === "number" ? formatInteger(Math.round(value)) : value;
}

// A number in percent as the user's language writes it, the same as the server: 33%, or 33 % with a space that does not
// break. Several languages have the sign in front.
export function formatPercent(number) {
    const zero = new Intl.NumberFormat(user.lang, { style: "percent", numberingSystem: "latn" }).format(0);
    return zero.replace("0", () => String(number));
}

// Rates tell small shares, too: one decimal.
export function toPercent(value) {
    return typeof value === "number" ? formatPercent(formatFloat(value, { digits: [16, 1] })) : "–";
}

// A time in the two largest units that matter.
export function toDuration(seconds) {
    if (seconds === null || seconds === undefined || seconds === false) {
        return "–";
    }
    const minutes = Math.round(seconds / 60);
    const hours = Math.round(seconds / 3600);
    if (minutes < 1) {
        return _t("under a minute");
    }
    if (minutes < 90) {
        return minutes === 1 ? _t("1 minute") : _t("%s minutes", minutes);
    }
    if (hours < 48) {
        return _t("%s hours", hours);
    }
    return _t("%s days", formatFloat(seconds / 86400, { digits: [16, 1], trailingZeros: false }));
}

// A cell of a table as people read it; see "kinds" of the server's tables.
export function toText(value, kind) {
    switch (kind) {
        case "rate":
        case "percent":
            return toPercent(value);
        case "change":
            return value === null ? "–" : formatPercent(`${value > 0 ? "+" : ""}${value}`);
        case "duration":
            return toDuration(value);
        case "moment":
            return value ? formatDate(deserializeDateTime(value)) : "–";
        default:
            return toWhole(value);
    }
}

// The same for a spreadsheet: numbers stay numbers.
export function toCsv(value, kind) {
    if (value === null || value === undefined || value === false) {
        return "";
    }
    if (kind === "rate" || kind === "percent") {
        return Math.round(value * 100) / 100;
    }
    if (kind === "duration") {
        return Math.round(value);
    }
    return kind === "moment" ? formatDateTime(deserializeDateTime(value)) : value;
}

export function getFormAction(model, id) {
    return { type: "ir.actions.act_window", res_model: model, res_id: id, views: [[false, "form"]] };
}
