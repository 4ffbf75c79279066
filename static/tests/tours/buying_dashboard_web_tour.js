/** The dashboard's page about the website: today's views, the records behind them, a longer period that stays. */
import { registry } from "@web/core/registry";

const ready = ".o_buying_dashboard_grid:not(.opacity-50)";
const table = `${ready} .o_buying_table:contains("Top Pages")`;

registry.category("web_tour.tours").add("buying_dashboard_web", {
    url: "/odoo/action-crm_buying_journey.buying_dashboard_action",
    steps: () => [
        { content: "Open the page", trigger: ".o_buying_page[data-page=web]", run: "click" },
        { content: "Today, unless somebody chooses otherwise", trigger: "#o_buying_period:value(today)" },
        { content: "The page viewed today, by its path", trigger: `${table} tr:contains("/prices"):contains("100")` },
        { content: "Not the one of days ago", trigger: `${table}:not(:contains("/jobs"))` },
        { content: "How many views", trigger: `${ready} .o_buying_tile:contains("Views"):contains("2")` },
        { content: "By region", trigger: `${ready} .o_buying_chart canvas[aria-label*="Views by Region"]` },
        { content: "Open the views", trigger: `${table} tr:contains("/prices") td .btn-link`, run: "click" },
        {
            content: "Who viewed what",
            trigger: '.o_list_view:has(.o_data_row:nth-of-type(2)) .o_data_row:contains("Brandon"):contains("example.com/prices")',
        },
        { content: "Open the person", trigger: ".o_list_view .o_data_row td[name=page]", run: "click" },
        { content: "It is a contact", trigger: '.o_form_view .o_field_widget[name=name]:contains("Brandon"), .o_form_view [name=name] :value("Brandon Freeman")' },
        { content: "Back to the list", trigger: ".o_breadcrumb .o_back_button", run: "click" },
        { content: "Back to the dashboard", trigger: "body:has(.o_list_view .o_data_row) .o_breadcrumb .o_back_button", run: "click" },
        { content: "It is the same page", trigger: ".o_buying_page[data-page=web][aria-current=page]" },
        { content: "A longer period", trigger: "#o_buying_period", run: "select week" },
        { content: "The page of days ago, too", trigger: `${table} tr:contains("/jobs")` },
        { content: "Reload", trigger: table, run: () => location.reload(), expectUnloadPage: true },
        { content: "The period stays", trigger: "#o_buying_period:value(week)" },
        {
            content: "Save the table",
            trigger: `${table} .o_buying_card_csv:enabled`,
            run: () => {
                const { createObjectURL } = URL;
                URL.createObjectURL = (blob) => {
                    URL.createObjectURL = createObjectURL;
                    blob.text().then((text) => (document.body.dataset.csv = text));
                    return "data:,";
                };
                document.querySelector(".o_buying_table .o_buying_card_csv").click();
            },
        },
        { content: "Shares are in columns of their own", trigger: `body[data-csv*="Known (%)"][data-csv*="/prices,2,2,100,0,0,1,"]` },
    ],
});
