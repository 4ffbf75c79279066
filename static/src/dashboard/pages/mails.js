/** What became of mails: rates, over time, and mail by mail. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { DashboardCard } from "../dashboard_card";
import { DashboardTable } from "../dashboard_table";
import { DashboardTiles } from "../dashboard_tiles";

export class DashboardMails extends Component {
    static template = "crm_buying_journey.DashboardMails";
    static components = { DashboardCard, DashboardTable, DashboardTiles };
    static props = { data: Object, update: Function };

    static key = "mails";
    static get label() {
        return _t("Mails");
    }
    static model = "buying.dashboard.mails";
    static filters = ["journey_ids", "mailing_ids"];
    static period = "quarter";
    static forMarketing = true;
    static getEmpty(data) {
        if (!data.any_mail) {
            return {
                title: _t("No mail was sent yet"),
                text: _t("Publish a journey that has a mail step, or send a mailing. What becomes of each mail shows up here."),
                button: _t("Go to journeys"),
                action: "crm_buying_journey.journey_journey_action",
            };
        }
        return data.total
            ? false
            : {
                  title: _t("No mail was sent in this period"),
                  text: _t("Choose a longer period, or other journeys and mails."),
                  clear: data.filters.length > 1,
              };
    }

    get texts() {
        return {
            title: _t("Mails"),
            mail: _t("Mail"),
            journey: _t("Journey"),
            time: _t("From"),
            lines: _t("Mails over Time"),
            linesHelp: _t("Mails by the day they were sent: how many were delivered, and opened and clicked by people."),
            table: _t("Mail by Mail"),
            tableHelp: _t(
                "Delivery and bounce rate are out of the mails sent, open, click and unsubscribe rate out of those delivered, click-to-open out of those opened. Virus scanners and absence notes count in the figures with machines only."
            ),
            tableNote: _t("Small: the share. Delivered and bounced are out of sent, opened, clicked and unsubscribed out of delivered."),
            empty: _t("No mail was sent in this period."),
        };
    }
}
