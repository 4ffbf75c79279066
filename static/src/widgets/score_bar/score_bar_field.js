/** A score from 0 to 100 as a bar and a whole number; it is no percentage of anything. */
import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { _t } from "@web/core/l10n/translation";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

export class ScoreBarField extends Component {
    static template = "crm_buying_journey.ScoreBarField";
    static props = { ...standardFieldProps, title: { type: String, optional: true } };

    /** Rounded half up, as everywhere. */
    get score() {
        return Math.floor((this.props.record.data[this.props.name] || 0) + 0.5);
    }
}

registry.category("fields").add("buying_score_bar", {
    component: ScoreBarField,
    displayName: _t("Score Bar"),
    supportedTypes: ["float", "integer"],
    extractProps: ({ attrs }) => ({ title: attrs.title }),
});
