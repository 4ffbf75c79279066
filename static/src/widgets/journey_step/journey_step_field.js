/** The name of a step in the list of steps, indented by how many paths it lies on, with the path that begins there. */
import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { _t } from "@web/core/l10n/translation";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const INDENT = 1.25; // em
const DEEPEST = 8; // deeper ones stay on the screen of a phone

export class JourneyStepField extends Component {
    static template = "crm_buying_journey.JourneyStepField";
    static props = { ...standardFieldProps };

    get data() {
        return this.props.record.data;
    }

    get style() {
        return `padding-left: ${INDENT * Math.min(this.data.depth || 0, DEEPEST)}em`;
    }
}

registry.category("fields").add("journey_step", {
    component: JourneyStepField,
    displayName: _t("Step of a Journey"),
    supportedTypes: ["char"],
    fieldDependencies: [
        { name: "depth", type: "integer" },
        { name: "path_label", type: "char" },
        { name: "goes_on_at", type: "char" },
    ],
});
