/** One chart, drawn by the host's Chart.js; a click on a part asks for the records behind it. */
import { Component, onWillStart, useEffect, useRef } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";
import { getColor, getCustomColor } from "@web/core/colors/colors";
import { toWhole } from "./tools";

const LONGEST_LABEL = 24;
const LONGEST_LABEL_ON_PHONE = 15;
// places in the host's small palette: red, orange, yellow and teal; the fifth band is "not rated"
const BAND_COLORS = [1, 3, 5, 2];

export class DashboardChart extends Component {
    static template = "crm_buying_journey.DashboardChart";
    static props = {
        chart: Object,
        kind: { validate: (kind) => ["doughnut", "bars", "columns", "lines"].includes(kind) },
        label: String,
        bands: { type: Boolean, optional: true },
        stacked: { type: Boolean, optional: true },
        // the first column is the past of the second
        before: { type: Boolean, optional: true },
        // only the first so many columns are drawn; the table shows the others, too
        seriesLimit: { type: Number, optional: true },
        highest: { type: Number, optional: true },
        // who is in, and, in grey, who is not
        binary: { type: Boolean, optional: true },
        onSelect: Function,
    };

    setup() {
        this.canvas = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                const chart = new window.Chart(this.canvas.el, this.getConfig());
                return () => chart.destroy();
            },
            () => [this.props.chart, this.props.kind]
        );
    }

    get scheme() {
        return cookie.get("color_scheme");
    }

    get isDoughnut() {
        return this.props.kind === "doughnut";
    }

    get total() {
        return this.props.chart.rows.reduce((sum, row) => sum + row.values[0], 0);
    }

    get series() {
        return this.props.chart.series.slice(0, this.props.seriesLimit || undefined);
    }

    get style() {
        if (this.isDoughnut) {
            return "";
        }
        const rows = this.props.chart.rows.length;
        const lines = this.props.stacked || this.series.length === 1 ? rows : rows * 1.6;
        return `height: ${this.props.kind === "bars" ? Math.max(lines * 34 + 70, 150) : 280}px`;
    }

    getColor(index, count) {
        if (this.props.bands) {
            return index < BAND_COLORS.length
                ? getColor(BAND_COLORS[index], this.scheme, "sm")
                : getCustomColor(this.scheme, "#A4A8B6", "#7E8290");
        }
        const tone = this.isDoughnut && this.props.chart.rows[index].tone;
        if (tone) {
            return tone === "rest"
                ? getCustomColor(this.scheme, "#B5B9C6", "#6B7185")
                : getColor({ good: BAND_COLORS[3], bad: BAND_COLORS[0], open: 0 }[tone], this.scheme, "sm");
        }
        if (this.props.binary) {
            return index
                ? getCustomColor(this.scheme, "#B5B9C6", "#6B7185")
                : getColor(BAND_COLORS[3], this.scheme, "sm");
        }
        if (this.props.before && index === 0) {
            return getCustomColor(this.scheme, "#C9CCD6", "#545B70");
        }
        return getColor(this.props.before ? 0 : index, this.scheme, count);
    }

    getConfig() {
        if (this.isDoughnut) {
            return this.getDoughnutConfig();
        }
        const config = this.getBarConfig();
        return this.props.kind === "lines" ? this.asLines(config) : config;
    }

    get commonOptions() {
        return {
            responsive: true,
            maintainAspectRatio: false,
            animation: { duration: 300 },
            onHover: (ev, elements) => {
                ev.native.target.style.cursor = elements.some((el) => this.isSelectable(el)) ? "pointer" : "";
            },
        };
    }

    isSelectable({ index, datasetIndex }) {
        const series = this.isDoughnut ? 0 : datasetIndex;
        const row = this.props.chart.rows[index];
        return Boolean(row.values[series] && row.domains[series]);
    }

    onClick(elements) {
        const element = elements[0];
        if (element && this.isSelectable(element)) {
            this.props.onSelect(element.index, this.isDoughnut ? 0 : element.datasetIndex);
        }
    }

    getDoughnutConfig() {
        const rows = this.props.chart.rows;
        const colors = rows.map((row, index) => this.getColor(index, rows.length));
        const empty = !this.total;
        return {
            type: "doughnut",
            data: {
                labels: rows.map((row) => row.label),
                datasets: [
                    {
                        data: empty ? [1] : rows.map((row) => row.values[0]),
                        backgroundColor: empty ? [getCustomColor(this.scheme, "#d3d3d3", "#3C3E4B")] : colors,
                        borderWidth: 0,
                    },
                ],
            },
            options: {
                ...this.commonOptions,
                cutout: "68%",
                plugins: { legend: { display: false }, tooltip: { enabled: !empty } },
                onClick: (ev, elements) => this.onClick(elements),
            },
        };
    }

    // The same axes and legend; points are easier to hit if the nearest one counts.
    asLines(config) {
        config.type = "line";
        config.data.datasets.forEach((dataset, index) => {
            const color = this.getColor(index, this.series.length);
            Object.assign(dataset, {
                borderColor: color,
                backgroundColor: color,
                borderWidth: 2,
                pointRadius: 3,
                pointHitRadius: 12,
                tension: 0.25,
            });
        });
        config.options.interaction = { mode: "nearest", intersect: true };
        return config;
    }

    getBarConfig() {
        const { rows } = this.props.chart;
        const horizontal = this.props.kind === "bars";
        const longest = this.env.isSmall ? LONGEST_LABEL_ON_PHONE : LONGEST_LABEL;
        const textColor = getCustomColor(this.scheme, "#111827", "#E4E4E4");
        const grid = { color: getCustomColor(this.scheme, "rgba(0,0,0,.1)", "rgba(255,255,255,.15)") };
        const labelAxis = {
            stacked: this.props.stacked,
            grid: { display: false },
            ticks: {
                color: textColor,
                autoSkip: !horizontal,
                callback: (value, index) => {
                    const label = rows[index].label;
                    return label.length > longest ? `${label.slice(0, longest - 1)}…` : label;
                },
            },
        };
        const valueAxis = {
            stacked: this.props.stacked,
            beginAtZero: true,
            max: this.props.highest,
            grid,
            ticks: { color: textColor, precision: 0 },
        };
        return {
            type: "bar",
            data: {
                labels: rows.map((row) => row.label),
                datasets: this.series.map((label, index) => ({
                    label,
                    data: rows.map((row) => row.values[index]),
                    backgroundColor: this.getColor(index, this.series.length),
                    borderRadius: 3,
                    maxBarThickness: 32,
                })),
            },
            options: {
                ...this.commonOptions,
                indexAxis: horizontal ? "y" : "x",
                scales: horizontal ? { x: valueAxis, y: labelAxis } : { x: labelAxis, y: valueAxis },
                plugins: {
                    legend: {
                        display: this.series.length > 1,
                        position: "bottom",
                        labels: { color: textColor, boxWidth: 12, usePointStyle: true },
                    },
                    tooltip: {
                        callbacks: {
                            label: (item) => `${item.dataset.label}: ${toWhole(item.raw)}`,
                        },
                    },
                },
                onClick: (ev, elements) => this.onClick(elements),
            },
        };
    }
}
