/** Contact coverage: how many people play which role for which solution, in one account or in all. */
import { Component, onWillStart, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { MultiRecordSelector } from "@web/core/record_selectors/multi_record_selector";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { downloadCsv, getListAction } from "./tools";

export class BuyingCoverage extends Component {
    static template = "crm_buying_journey.Coverage";
    static components = { Layout, MultiRecordSelector };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = { controlPanel: {} };
        this.keepLast = new KeepLast();
        const account_ids = this.props.action.params?.account_ids || [];
        this.state = useState({
            filters: this.props.state?.filters || { account_ids, solution_ids: [], below: true },
            data: null,
            loading: true,
        });
        useSetupAction({
            rootRef: useRef("root"),
            getLocalState: () => ({ filters: { ...this.state.filters } }),
        });
        this.texts = {
            solution: _t("Solution"),
            account: _t("Account"),
            allSolutions: _t("All solutions"),
            allAccounts: _t("All accounts"),
        };
        this.accountDomain = [["is_company", "=", true]];
        onWillStart(() => {
            this.load(); // not awaited: the page stands at once and says that it is loading
        });
    }

    update(changes) {
        Object.assign(this.state.filters, changes);
        return this.load();
    }

    async load() {
        this.state.loading = true;
        try {
            const filters = { ...this.state.filters };
            this.state.data = await this.keepLast.add(this.orm.call("buying.coverage", "get_data", [filters]));
        } finally {
            this.state.loading = false;
        }
    }

    getCellTitle(solution, role, cell) {
        const values = { count: cell.count, role: role.name, solution: solution.name };
        return cell.count === 1
            ? _t("1 person has the role %(role)s for %(solution)s", values)
            : _t("%(count)s people have the role %(role)s for %(solution)s", values);
    }

    getMissingText(solution, cell) {
        return solution.groups > 1
            ? _t("Required, but nobody plays it in %(missing)s of %(groups)s groups", {
                  missing: cell.missing,
                  groups: solution.groups,
              })
            : _t("Required, but nobody plays it");
    }

    openCell(solution, role, cell) {
        const title = this.getCellTitle(solution, role, cell);
        return this.action.doAction(getListAction("buying.group.member", cell.domain, title));
    }

    openGroups(solution) {
        return this.action.doAction(getListAction("buying.group", solution.domain, solution.name));
    }

    download() {
        const { roles, solutions } = this.state.data;
        downloadCsv(
            _t("Contact Coverage"),
            [_t("Solution"), _t("Groups"), ...roles.map((role) => role.name)],
            solutions.map((solution) => [
                solution.name,
                solution.groups,
                ...solution.cells.map((cell) => (cell ? cell.count : _t("N/A"))),
            ])
        );
    }
}

registry.category("actions").add("crm_buying_journey.coverage", BuyingCoverage);
