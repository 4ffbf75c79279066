// The stages of a buying group as a status bar: a move that is refused springs back.
import { registry } from "@web/core/registry";
import { StatusBarField, statusBarField } from "@web/views/fields/statusbar/statusbar_field";

export class StageStatusBarField extends StatusBarField {
    /** The bar of the host would go on showing the refused stage as if it were the group's. */
    async selectItem(item) {
        const { name, record } = this.props;
        const before = record.data[name];
        try {
            await super.selectItem(item);
        } catch (error) {
            await record.update({ [name]: before });
            throw error;
        }
    }
}

registry.category("fields").add("buying_stage_statusbar", {
    ...statusBarField,
    component: StageStatusBarField,
    // looks like the host's
    additionalClasses: ["o_field_statusbar"],
});
