/** Cards of the people who matter most in a buying group: decision makers, then other engaged members. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

export class MembersHighlightField extends Component {
    static template = "crm_buying_journey.MembersHighlightField";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }

    get rows() {
        const value = this.props.record.data[this.props.name] || {};
        return [
            {
                key: "decision_makers",
                title: _t("Decision makers"),
                cards: value.decision_makers || [],
                empty: _t("No decision maker yet."),
            },
            {
                key: "others",
                title: _t("Top engaged members"),
                cards: value.others || [],
                empty: _t("No other engaged members"),
            },
        ];
    }

    getScore(card) {
        return Math.round(card.engagement);
    }

    open(card) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "res.partner",
            res_id: card.partner_id,
            views: [[false, "form"]],
        });
    }
}

registry.category("fields").add("buying_members_highlight", {
    component: MembersHighlightField,
    supportedTypes: ["json"],
    isEmpty: () => false,
});
