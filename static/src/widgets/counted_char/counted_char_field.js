/** A line of text that says how long it is, and turns red beyond what is allowed; nothing is cut off silently. */
import { useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { CharField, charField } from "@web/views/fields/char/char_field";

export class CountedCharField extends CharField {
    static template = "crm_buying_journey.CountedCharField";
    static props = { ...CharField.props, limit: { type: Number } };

    setup() {
        super.setup();
        this.typed = useState({ text: null });
    }

    onInput(ev) {
        this.typed.text = ev.target.value;
    }

    onChange() {
        this.typed.text = null;
    }

    /** Without the spaces that are taken away when it is saved. */
    get length() {
        const text = this.typed.text ?? (this.props.record.data[this.props.name] || "");
        return [...text.trim().replace(/\s+/g, " ")].length;
    }
}

registry.category("fields").add("buying_counted_char", {
    ...charField,
    component: CountedCharField,
    displayName: _t("Counted Text"),
    supportedTypes: ["char"],
    extractProps: (info, dynamicInfo) => ({
        ...charField.extractProps(info, dynamicInfo),
        limit: info.options.limit,
    }),
});
