/** A table of figures: each number opens the records it counts, each row the record it is about. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { downloadCsv, getChartAction, getFormAction, toCsv, toText } from "./tools";

export class DashboardTable extends Component {
    static template = "crm_buying_journey.DashboardTable";
    static props = {
        title: String,
        help: String,
        rowTitle: String,
        table: Object,
        emptyText: String,
        note: { type: String, optional: true },
        // beside the title of what a row is about in the CSV file
        noteTitle: { type: String, optional: true },
        slots: { type: Object, optional: true },
    };

    setup() {
        this.action = useService("action");
    }

    // A rate stands below the number it belongs to, so that the table fits on a screen.
    get columns() {
        const { series, kinds } = this.props.table;
        const columns = [];
        series.forEach((label, index) => {
            if (this.props.table.hidden?.includes(index)) {
                return;
            }
            if (kinds[index] === "rate") {
                columns.at(-1).rate = index;
            } else {
                columns.push({ label, index });
            }
        });
        return columns;
    }

    get leftOut() {
        return _t("%s more are left out. The filters narrow them down.", this.props.table.left_out);
    }

    getText(row, index) {
        return toText(row.values[index], this.props.table.kinds[index]);
    }

    canOpen(row, index) {
        return Boolean(row.values[index] && row.domains[index]);
    }

    open(row, index) {
        const { table, title } = this.props;
        const name = _t("%(title)s: %(part)s", { title, part: `${row.label}, ${table.series[index]}` });
        return this.action.doAction(getChartAction(table, name, row, index));
    }

    openRecord(row) {
        return this.action.doAction(getFormAction(this.props.table.record_model, row.id));
    }

    viewList() {
        const { table, title } = this.props;
        return this.action.doAction(getChartAction(table, title));
    }

    download() {
        const { table, title, rowTitle, noteTitle } = this.props;
        const seconds = _t("seconds");
        const series = table.series.map((label, index) =>
            table.kinds[index] === "duration" ? `${label} (${seconds})` : label
        );
        downloadCsv(
            title,
            [rowTitle, ...(noteTitle ? [noteTitle] : []), ...series],
            table.rows.map((row) => [
                row.label,
                ...(noteTitle ? [row.note] : []),
                ...row.values.map((value, index) => toCsv(value, table.kinds[index])),
            ])
        );
    }
}
