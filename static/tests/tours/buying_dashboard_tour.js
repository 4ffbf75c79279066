/** From a slice of the dashboard to the groups behind it and back; and from a cell of the coverage matrix to people. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("buying_dashboard", {
    url: "/odoo/action-crm_buying_journey.buying_dashboard_action",
    steps: () => [
        { content: "The figures are there", trigger: ".o_buying_dashboard_grid .o_buying_chart_total" },
        { content: "A chart is drawn", trigger: ".o_buying_chart canvas[aria-label]" },
        { content: "Only my accounts", trigger: "#o_buying_mine", run: "click" },
        { content: "The filter is counted", trigger: ".o_buying_filters_clear" },
        {
            content: "Open a slice",
            trigger: ".o_buying_dashboard_grid:not(.opacity-50) .o_buying_chart_legend button:enabled",
            run: "click",
        },
        { content: "See the groups", trigger: ".o_list_view .o_data_row" },
        { content: "Go back", trigger: ".o_breadcrumb .o_back_button", run: "click" },
        { content: "The filter is still set", trigger: "#o_buying_mine:checked" },
        { content: "Show all again", trigger: ".o_buying_filters_clear", run: "click" },
        {
            content: "As a table",
            trigger: ".o_buying_dashboard_grid:not(.opacity-50) .o_buying_card_table:enabled",
            run: "click",
        },
        { content: "The table stands instead", trigger: ".o_buying_card table td .btn-link" },
    ],
});

registry.category("web_tour.tours").add("buying_coverage", {
    steps: () => [
        {
            content: "Show all buttons of the account, if there are too many for the screen",
            trigger: ".o-form-buttonbox",
            run: () => document.querySelector(".o-form-buttonbox .o_button_more")?.click(),
        },
        { content: "Open the account's coverage", trigger: "button[name=action_view_buying_coverage]", run: "click" },
        { content: "It is this account's", trigger: '.o_buying_coverage [data-filter="account_ids"] .o_tag' },
        { content: "Open a cell", trigger: ".o_buying_matrix_cell button:enabled", run: "click" },
        { content: "See who plays the role", trigger: ".o_list_view .o_data_row" },
        { content: "The title says how many", trigger: '.o_breadcrumb .active:contains("has the role")' },
    ],
});
