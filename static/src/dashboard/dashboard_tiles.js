/** Single figures in a row; each opens the records it counts. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { getListAction, toPercent, toText } from "./tools";

export class DashboardTiles extends Component {
    static template = "crm_buying_journey.DashboardTiles";
    static props = { title: String, tiles: Array };

    setup() {
        this.action = useService("action");
    }

    getValue(tile) {
        return toText(tile.value);
    }

    hasRate(tile) {
        return tile.rate !== undefined && tile.rate !== null && tile.rate !== false;
    }

    getRate(tile) {
        return toPercent(tile.rate);
    }

    // What machines did, where it makes a difference.
    getRaw(tile) {
        const differs = typeof tile.raw === "number" && Math.abs(tile.raw - tile.rate) >= 0.05;
        return differs ? _t("%s with machines", toPercent(tile.raw)) : "";
    }

    open(tile) {
        return this.action.doAction(getListAction(tile.model, tile.domain, `${this.props.title}: ${tile.label}`));
    }
}
