/** Which groups moved and which stand still; which accounts gain or lose interest. */
import { _t } from "@web/core/l10n/translation";
import { DashboardCard } from "../dashboard_card";
import { DashboardHighlights } from "../dashboard_highlights";
import { DashboardTable } from "../dashboard_table";
import { DashboardTiles } from "../dashboard_tiles";
import { formatPercent } from "../tools";
import { DashboardGroupPage } from "./group_page";

export class DashboardMovement extends DashboardGroupPage {
    static template = "crm_buying_journey.DashboardMovement";
    static components = { DashboardCard, DashboardHighlights, DashboardTable, DashboardTiles };

    static key = "movement";
    static get label() {
        return _t("Stages and Accounts");
    }
    static model = "buying.dashboard.movement";
    static period = "month";

    get texts() {
        const { velocity, trend, risk, bands } = this.props.data.thresholds;
        const [negative, neutral, positive, surging] = bands;
        return {
            ...this.sharedTexts,
            summary: _t("What Happened"),
            summaryNote: _t("Written from the log of stages and activities."),
            groups: _t("Groups with Stages"),
            noStages: _t(
                "None of these groups has stages. Give their solution a stage model, and move groups by hand, by journeys or by rules."
            ),
            move: _t("From → to"),
            moves: _t("Moves"),
            movesHelp: _t(
                "Groups by where they stood when the period began and where they stood when it ended, whatever lay between."
            ),
            movesEmpty: _t("No group is new or in another stage than when the period began. Choose a longer period."),
            engagedHelp: _t("The buying groups with the highest engagement, ten at most."),
            fastHelp: _t("The groups that advanced most stages of their stage model, ten at most."),
            fastNote: _t("Most stages forward in the last %s days", velocity),
            fastEmpty: _t("No group advanced in the last %s days.", velocity),
            trend: _t("Accounts by Trend"),
            trendHelp: _t(
                "Accounts with a buying group by what their people did, in points of the score model, compared with the same time before. Accounts where nobody did anything in either time are left out."
            ),
            trendNote: _t(
                "Last %(days)s days against the %(days)s before: falling below %(negative)s, rising above %(neutral)s, surging above %(positive)s, strongly above %(surging)s; at risk: falling from %(risk)s points or more",
                {
                    days: trend,
                    negative: formatPercent(negative),
                    neutral: formatPercent(neutral),
                    positive: formatPercent(positive),
                    surging: formatPercent(surging),
                    risk,
                }
            ),
            trendEmpty: _t("Nobody did anything in the last %s days. Activities are collected every night.", 2 * trend),
            band: _t("Trend"),
            account: _t("Account"),
            interest: _t("Interest"),
            surging: _t("Surging Accounts"),
            surgingHelp: _t("The accounts that gained most points, of those that surge; ten at most."),
            surgingNote: _t("More than %s more points than before", formatPercent(positive)),
            surgingEmpty: _t("No account surges."),
            risk: _t("Accounts at Risk"),
            riskHelp: _t("The accounts that lost most points, of those at risk; ten at most."),
            riskNote: _t("Down by more than %(percent)s, from %(risk)s points or more", {
                percent: formatPercent(-negative),
                risk,
            }),
            riskEmpty: _t("No account is at risk."),
        };
    }

    get stageCards() {
        const { stages, moves } = this.props.data;
        return this.stageCharts.map((card, index) => ({
            ...card,
            movesTitle: stages.length > 1 ? _t("Moves: %s", stages[index].name) : this.texts.moves,
            moves: moves[index],
        }));
    }
}
