// CC slots: whom to copy is chosen among what the mailing's recipients have, and a path leads to addresses only.
import { registry } from "@web/core/registry";
import { FieldSelectorField, fieldSelectorField } from "@web/views/fields/field_selector/field_selector_field";
import { SelectionField, selectionField } from "@web/views/fields/selection/selection_field";

export class CcRelationField extends SelectionField {
    get options() {
        const available = this.props.record.data.available_relations || [];
        const current = this.props.record.data[this.props.name];
        return super.options.filter(([key]) => available.includes(key) || key === current);
    }
}

registry.category("fields").add("cc_relation", {
    ...selectionField,
    component: CcRelationField,
    supportedTypes: ["selection"],
    fieldDependencies: [{ name: "available_relations", type: "json" }],
});

export class CcPathField extends FieldSelectorField {
    filter(fieldDef) {
        if (fieldDef.type === "many2one") {
            return Boolean(fieldDef.store);
        }
        // the same rule as on the server
        return fieldDef.type === "char" && Boolean(fieldDef.store) && fieldDef.name.includes("email");
    }
}

registry.category("fields").add("cc_path", { ...fieldSelectorField, component: CcPathField });
