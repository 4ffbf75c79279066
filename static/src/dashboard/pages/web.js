/** Which pages of the website are viewed, by whom, and from where. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { DashboardCard } from "../dashboard_card";
import { DashboardTable } from "../dashboard_table";
import { DashboardTiles } from "../dashboard_tiles";

export class DashboardWeb extends Component {
    static template = "crm_buying_journey.DashboardWeb";
    static components = { DashboardCard, DashboardTable, DashboardTiles };
    static props = { data: Object, update: Function };

    static key = "web";
    static get label() {
        return _t("Website");
    }
    static model = "buying.dashboard.web";
    static filters = ["solution_ids", "industry_ids", "country_ids"];
    static options = ["mine"];
    static period = "today";
    static mine = true;
    static getEmpty(data, { isMarketer }) {
        if (data.total) {
            return false;
        }
        if (data.any_view) {
            return {
                title: _t("Nobody viewed a page in this period"),
                text: _t("Choose a longer period, or fewer filters."),
                clear: data.filters.length > 1,
            };
        }
        return data.has_website
            ? {
                  title: _t("No page was viewed yet"),
                  text: _t(
                      "Views are counted of products, events and all pages that have Track set. Set it in the properties of the pages that tell of interest, such as prices."
                  ),
                  button: _t("Go to page views"),
                  action: isMarketer ? "crm_buying_journey.engagement_page_view_action" : false,
              }
            : {
                  title: _t("The website is not counted yet"),
                  text: _t(
                      "Install the app Website: it tells which pages people view, be they known or not. For a website elsewhere, let a script record the views of people you know as activities of the type Page viewed."
                  ),
                  button: _t("Go to apps"),
                  action: user.isSystem ? "base.open_module_tree" : false,
              };
    }

    get texts() {
        return {
            title: _t("Page Views"),
            page: _t("Page"),
            pages: _t("Top Pages"),
            pagesHelp: _t(
                "The ten pages viewed most. A visitor who stays on a page or comes back within half an hour counts once. Known are contacts; views by people whom you may not see are left out, as are those by employees."
            ),
            pagesNote: _t("Small: the share of the views of this page."),
            empty: _t("Nobody viewed a page in this period."),
            region: _t("Region"),
            regions: _t("Views by Region"),
            regionsHelp: _t(
                "By the country of the account or person; of unknown visitors, by the country they came from, as far as their address tells it."
            ),
            industry: _t("Industry"),
            industries: _t("Views by Industry"),
            industriesHelp: _t("By the industry of the account or person. Nobody knows that of unknown visitors."),
        };
    }
}
