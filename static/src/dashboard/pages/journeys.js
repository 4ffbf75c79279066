/** How far participants get in journeys, and at which step they leave. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { DashboardCard } from "../dashboard_card";
import { DashboardTable } from "../dashboard_table";

export class DashboardJourneys extends Component {
    static template = "crm_buying_journey.DashboardJourneys";
    static components = { DashboardCard, DashboardTable };
    static props = { data: Object, update: Function };

    static key = "journeys";
    static get label() {
        return _t("Journeys");
    }
    static model = "buying.dashboard.journeys";
    static filters = ["journey_ids", "solution_ids"];
    static options = ["journey_id"];
    static period = "year";
    static forMarketing = true;
    static getEmpty(data) {
        if (data.total) {
            return false;
        }
        return data.filters.length > 1
            ? { title: _t("No journey matches these filters"), clear: true }
            : {
                  title: _t("No journey yet"),
                  text: _t("Make one, or begin with a template. Once it is published, its figures show up here."),
                  button: _t("Go to journeys"),
                  action: "crm_buying_journey.journey_journey_action",
              };
    }

    get texts() {
        return {
            journey: _t("Journey"),
            status: _t("Status"),
            state: _t("Status"),
            band: _t("Completion rate"),
            time: _t("From"),
            states: _t("Journeys by Status"),
            statesHelp: _t("All journeys, whoever entered when."),
            bands: _t("Journeys by Completion Rate"),
            bandsHelp: _t("Journeys that somebody entered in this period, by how many of those have completed them."),
            participants: _t("What Became of Entries"),
            participantsHelp: _t("Everybody who entered in this period; who entered twice counts twice."),
            lines: _t("Entered and Completed over Time"),
            linesHelp: _t("Who entered in this period, by when they entered and by when they completed the journey."),
            nobody: _t("Nobody entered a journey in this period. Choose a longer one, or publish a journey."),
            table: _t("Journey by Journey"),
            tableHelp: _t(
                "Of those who entered in this period. The completion rate is out of all who entered; the duration is the median time from entering to completing."
            ),
            tableEmpty: _t("No journey matches these filters."),
            steps: _t("Step by Step"),
            stepsHelp: _t(
                "Different participants who came to each step, and where they are now. Drop-off is the share of those who came to a step and left early or failed there."
            ),
            stepsEmpty: _t("The journey has no steps yet."),
            step: _t("Step"),
            about: _t("What it does"),
        };
    }

    select(journeyId) {
        return this.props.update({ journey_id: Number(journeyId) });
    }
}
