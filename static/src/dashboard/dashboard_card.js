/** The frame of a chart: title, explanation, and the same figures as list, table or CSV file. */
import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { DashboardChart } from "./dashboard_chart";
import { downloadCsv, getChartAction, toWhole } from "./tools";

export class DashboardCard extends Component {
    static template = "crm_buying_journey.DashboardCard";
    static components = { DashboardChart };
    static props = {
        title: String,
        help: String,
        chart: Object,
        kind: String,
        emptyText: { type: String, optional: true },
        rowTitle: String,
        bands: { type: Boolean, optional: true },
        stacked: { type: Boolean, optional: true },
        before: { type: Boolean, optional: true },
        seriesLimit: { type: Number, optional: true },
        highest: { type: Number, optional: true },
        binary: { type: Boolean, optional: true },
        note: { type: String, optional: true },
    };

    setup() {
        this.action = useService("action");
        this.state = useState({ asTable: this.isTable });
    }

    get isTable() {
        return this.props.kind === "table";
    }

    get isEmpty() {
        const { chart, seriesLimit } = this.props;
        return !chart.rows.some((row) => row.values.slice(0, seriesLimit || undefined).some(Boolean));
    }

    get label() {
        const { title, chart } = this.props;
        const parts = chart.rows.map((row) => {
            const values = chart.series.map((series, index) => `${series} ${toWhole(row.values[index])}`);
            return `${row.label}: ${values.join(", ")}`;
        });
        return `${title}. ${parts.join("; ")}`;
    }

    toWhole(value) {
        return toWhole(value);
    }

    select(row, series) {
        const { chart, title } = this.props;
        const labels = [chart.rows[row].label];
        if (chart.series.length > 1 && chart.rows[row].domains[series] !== chart.domain) {
            labels.push(chart.series[series]);
        }
        const name = _t("%(title)s: %(part)s", { title, part: labels.join(", ") });
        return this.action.doAction(getChartAction(chart, name, chart.rows[row], series));
    }

    viewList() {
        const { chart, title } = this.props;
        return this.action.doAction(getChartAction(chart, title));
    }

    download() {
        const { chart, title, rowTitle } = this.props;
        downloadCsv(
            title,
            [rowTitle, ...chart.series],
            chart.rows.map((row) => [row.label, ...row.values])
        );
    }
}
