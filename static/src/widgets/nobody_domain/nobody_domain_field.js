/** A filter that matches nobody as long as it is empty, such as an exit rule: it must not say “all records” then. */
import { registry } from "@web/core/registry";
import { _t } from "@web/core/l10n/translation";
import { DomainField, domainField } from "@web/views/fields/domain/domain_field";

export class NobodyDomainField extends DomainField {
    static template = "crm_buying_journey.NobodyDomainField";

    get matchesNobody() {
        return this.getDomain().replace(/\s/g, "") === "[]" && !this.debugDomain;
    }
}

registry.category("fields").add("nobody_domain", {
    ...domainField,
    component: NobodyDomainField,
    displayName: _t("Filter That Matches Nobody While Empty"),
});
