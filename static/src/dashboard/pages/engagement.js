/** Which accounts, groups and people were engaged, over time and by role. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { DashboardCard } from "../dashboard_card";
import { DashboardTable } from "../dashboard_table";
import { getEmptyGroups } from "./group_page";

export class DashboardEngagement extends Component {
    static template = "crm_buying_journey.DashboardEngagement";
    static components = { DashboardCard, DashboardTable };
    static props = { data: Object, update: Function };

    static key = "engagement";
    static get label() {
        return _t("Engagement");
    }
    static model = "buying.dashboard.engagement";
    static filters = ["solution_ids", "role_ids", "type_ids", "industry_ids", "country_ids", "state_ids"];
    static options = ["mine", "channels"];
    static period = "quarter";
    static mine = true;
    static hasChannels = true;
    static getEmpty = getEmptyGroups;

    get texts() {
        return {
            state: _t("Engagement"),
            time: _t("From"),
            role: _t("Role"),
            account: _t("Account"),
            empty: _t(
                "Nobody did anything that counts in this period. Choose a longer one or fewer filters; activities are collected every night."
            ),
            roles: _t("By Role"),
            roleLines: _t("By Role over Time"),
            rolesHelp: _t(
                "Members who did something that gets points, by the role they have today. Who has two roles counts in both."
            ),
            top: _t("Most Active Accounts"),
            topHelp: _t("The ten accounts whose members did most in this period."),
        };
    }

    get kinds() {
        const help = _t(
            "Engaged is who did something in that time that the score model gives points for; a group or account, if one of its members did. Groups and members are those of today."
        );
        return [
            { key: "accounts", title: _t("Accounts"), lines: _t("Accounts over Time"), help },
            { key: "groups", title: _t("Buying Groups"), lines: _t("Buying Groups over Time"), help },
            { key: "people", title: _t("People"), lines: _t("People over Time"), help },
        ];
    }
}
