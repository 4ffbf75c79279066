/** What all parts of the dashboard need: the lists behind its numbers, and CSV files of what it shows. */
import { downloadFile } from "@web/core/network/download";

// A spreadsheet takes a cell that begins like this for a formula.
const FORMULA = /^[=+\-@\t\r\n]/;

// The records behind a number. Members are shown the most engaged first.
export function getListAction(model, domain, name) {
    const context = { active_test: true };
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
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// The mark at the start tells spreadsheets that the file is UTF-8.
export function downloadCsv(title, header, rows) {
    const lines = [header, ...rows].map((row) => row.map(toCell).join(","));
    const name = title.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_|_$/g, "");
    downloadFile(`\uFEFF${lines.join("\r\n")}\r\n`, `${name}.csv`, "text/csv");
}

// Whole numbers, rounded half up: the way completeness and engagement are shown everywhere.
export function toWhole(value) {
    return typeof value === "number" ? Math.round(value) : value;
}
