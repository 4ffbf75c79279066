/** The groups that stand out: most engaged, standing still, or fast. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { downloadCsv, formatPercent, getFormAction, toWhole } from "./tools";

export class DashboardHighlights extends Component {
    static template = "crm_buying_journey.DashboardHighlights";
    static props = {
        title: String,
        help: String,
        groups: Array,
        emptyText: String,
        note: { type: String, optional: true },
    };

    setup() {
        this.action = useService("action");
    }

    getFacts(group) {
        const facts = [];
        if (group.days !== undefined) {
            facts.push(group.days === 1 ? _t("1 day in its stage") : _t("%s days in its stage", group.days));
        }
        if (group.stages !== undefined) {
            facts.push(group.stages === 1 ? _t("1 stage forward") : _t("%s stages forward", group.stages));
        }
        if (group.silent !== undefined) {
            facts.push(this.getSilence(group.silent));
        }
        if (group.stage) {
            facts.push(group.stage);
        }
        return facts.join(" · ");
    }

    getSilence(days) {
        if (days === false) {
            return _t("no activity yet");
        }
        if (days === 0) {
            return _t("active today");
        }
        return days === 1 ? _t("no activity for 1 day") : _t("no activity for %s days", days);
    }

    getScores(group) {
        const completeness = group.completeness === false ? "–" : formatPercent(toWhole(group.completeness));
        return { completeness, engagement: toWhole(group.engagement) };
    }

    open(group) {
        return this.action.doAction(getFormAction("buying.group", group.id));
    }

    download() {
        const groups = this.props.groups;
        // what only some lists tell
        const special = [
            ["days", _t("Days in its stage")],
            ["silent", _t("Days without activity")],
            ["stages", _t("Stages forward")],
        ].filter(([key]) => groups[0][key] !== undefined);
        downloadCsv(
            this.props.title,
            [
                _t("Account"),
                _t("Solution"),
                _t("Stage"),
                _t("Completeness"),
                _t("Engagement"),
                ...special.map(([, label]) => label),
                _t("Interest"),
            ],
            groups.map((group) => [
                group.account,
                group.solution,
                group.stage,
                group.completeness === false ? "" : group.completeness,
                group.engagement,
                ...special.map(([key]) => (group[key] === false ? "" : group[key])),
                group.intent,
            ])
        );
    }
}
