/** The groups that stand out: most engaged, standing still, or fast. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { downloadCsv, toWhole } from "./tools";

export class DashboardHighlights extends Component {
    static template = "crm_buying_journey.DashboardHighlights";
    static props = { title: String, help: String, groups: Array, emptyText: String };

    setup() {
        this.action = useService("action");
    }

    getFacts(group) {
        const facts = [];
        if (group.days !== undefined) {
            facts.push(group.days === 1 ? _t("1 day") : _t("%s days", group.days));
        }
        if (group.stages !== undefined) {
            facts.push(group.stages === 1 ? _t("1 stage forward") : _t("%s stages forward", group.stages));
        }
        if (group.stage) {
            facts.push(group.stage);
        }
        return facts.join(" · ");
    }

    getScores(group) {
        const completeness = group.completeness === false ? "–" : `${toWhole(group.completeness)} %`;
        return { completeness, engagement: toWhole(group.engagement) };
    }

    open(group) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "buying.group",
            res_id: group.id,
            views: [[false, "form"]],
        });
    }

    download() {
        downloadCsv(
            this.props.title,
            [_t("Account"), _t("Solution"), _t("Stage"), _t("Completeness"), _t("Engagement")],
            this.props.groups.map((group) => [
                group.account,
                group.solution,
                group.stage,
                group.completeness === false ? "" : group.completeness,
                group.engagement,
            ])
        );
    }
}
