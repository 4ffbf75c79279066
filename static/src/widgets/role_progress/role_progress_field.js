/** Chips that say how far each role of a buying group is filled; a click lists who plays it. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { getListAction } from "../../dashboard/tools";

const CLASSES = {
    complete: "text-bg-success",
    partial: "text-bg-warning",
    missing: "text-bg-danger",
    optional: "text-bg-light border",
};

export class RoleProgressField extends Component {
    static template = "crm_buying_journey.RoleProgressField";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }

    get chips() {
        return this.props.record.data[this.props.name] || [];
    }

    getClass(chip) {
        return CLASSES[chip.state];
    }

    getTitle(chip) {
        return {
            complete: _t("Required, and complete"),
            partial: _t("Required: more members are needed"),
            missing: _t("Required, but nobody plays it"),
            optional: _t("Not required"),
        }[chip.state];
    }

    open(chip) {
        const domain = [
            ["group_id", "=", this.props.record.resId],
            ["role_id", "=", chip.role_id],
            ["state", "=", "in"],
            ["partner_id.active", "=", true],
        ];
        return this.action.doAction(getListAction("buying.group.member", domain, chip.name));
    }
}

registry.category("fields").add("buying_role_progress", {
    component: RoleProgressField,
    supportedTypes: ["json"],
    isEmpty: () => false,
});
