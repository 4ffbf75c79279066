/** Through the pages of the dashboard: figures, the records behind them, filters that stay, printing. */
import { registry } from "@web/core/registry";

const ready = ".o_buying_dashboard_grid:not(.opacity-50)";

// As a browser does it while somebody types.
function setDay(label, day) {
    return () => {
        const input = document.querySelector(`.o_buying_filters input[aria-label="${label}"]`);
        input.value = day;
        input.dispatchEvent(new Event("change", { bubbles: true }));
    };
}

function openPage(key) {
    return { content: `Open the page ${key}`, trigger: `.o_buying_page[data-page=${key}]`, run: "click" };
}

registry.category("web_tour.tours").add("buying_dashboard_pages", {
    url: "/odoo/action-crm_buying_journey.buying_dashboard_action",
    steps: () => [
        openPage("movement"),
        { content: "What happened, in words", trigger: `${ready} .o_buying_stage_summary p:not(:empty)` },
        { content: "How thresholds are set stands on the page", trigger: `${ready} .o_buying_note` },
        { content: "Open those who are there", trigger: `${ready} .o_buying_tile:enabled:last-child`, run: "click" },
        { content: "See the groups", trigger: ".o_list_view .o_data_row" },
        { content: "Go back", trigger: ".o_breadcrumb .o_back_button", run: "click" },
        { content: "It is the same page", trigger: `.o_buying_page[data-page=movement][aria-current=page]` },
        { content: "Only my accounts", trigger: "#o_buying_mine", run: "click" },
        { content: "The filter is counted", trigger: ".o_buying_filters_clear" },
        { content: "Reload", trigger: `${ready} .o_buying_stage_summary`, run: () => location.reload(), expectUnloadPage: true },
        { content: "The filter is still set", trigger: "#o_buying_mine:checked" },
        { content: "And the page open", trigger: `.o_buying_page[data-page=movement][aria-current=page]` },
        { content: "All accounts again", trigger: ".o_buying_filters_clear", run: "click" },
        openPage("engagement"),
        { content: "Lines are drawn", trigger: `${ready} .o_buying_chart canvas[aria-label*="over Time"]` },
        { content: "Only one channel", trigger: "#o_buying_channel", run: "select web" },
        { content: "Nobody did that", trigger: `${ready} .o_buying_nobody` },
        { content: "All channels again", trigger: ".o_buying_filters_clear", run: "click" },
        { content: "The most active accounts", trigger: `${ready} .o_buying_table td .btn-link`, run: "click" },
        {
            content: "See the people, and what they did in the period",
            trigger: ".o_list_view .o_data_row td[name=engaged_activity_count]:contains(/^[1-9]/)",
        },
        {
            content: "Which can be sorted by",
            trigger: ".o_list_view th[data-name=engaged_last_date].o_column_sortable",
            run: "click",
        },
        {
            content: "It is",
            trigger: ".o_list_view th[data-name=engaged_last_date] :is(.fa-sort-asc, .fa-sort-desc)",
        },
        { content: "Go back", trigger: ".o_breadcrumb .o_back_button", run: "click" },
        openPage("web"),
        { content: "No page was viewed, and what to do about it", trigger: ".o_buying_dashboard_none h3 + p:not(:empty)" },
        openPage("mails"),
        { content: "Rates", trigger: `${ready} .o_buying_tile_rate:contains("100.0%")` },
        { content: "Open a number of the table", trigger: `${ready} .o_buying_table td .btn-link`, run: "click" },
        { content: "See the mails", trigger: ".o_list_view .o_data_row" },
        { content: "Go back", trigger: ".o_breadcrumb .o_back_button", run: "click" },
        {
            content: "Save the table",
            trigger: `${ready} .o_buying_table .o_buying_card_csv:enabled`,
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
        {
            content: "The file has the shares in columns of their own, and no formula",
            trigger: `body[data-csv*="Open rate"][data-csv*="'=Tour mail,,1,1,100,0,0,0,0,,0,0,0,0,"]`,
        },
        { content: "A period of my own", trigger: "#o_buying_period", run: "select custom" },
        { content: "Type the first digit of a year", trigger: "input[type=date]", run: setDay("First day", "0002-01-01") },
        { content: "It is marked, and nothing interrupts", trigger: "body:not(:has(.modal)) input[type=date].text-danger" },
        { content: "Long ago", trigger: "input[type=date]", run: setDay("Last day", "2001-02-01") },
        { content: "From when on", trigger: "input[type=date].text-danger", run: setDay("First day", "2001-01-01") },
        {
            content: "No mail then, and no filter that could be cleared",
            trigger: "body:not(:has(.modal)) .o_buying_dashboard_none:not(:has(button))",
        },
        { content: "The usual period", trigger: "#o_buying_period", run: "select quarter" },
        { content: "Mails again", trigger: `${ready} .o_buying_tile_rate` },
        openPage("journeys"),
        { content: "Its steps", trigger: `${ready} .o_buying_table:contains("Step by Step") tr:contains("Tour wait")` },
        {
            content: "Open who is there",
            trigger: `${ready} .o_buying_table:contains("Step by Step") tr:contains("Tour wait") td .btn-link`,
            run: "click",
        },
        { content: "See the participants", trigger: ".o_list_view .o_data_row" },
        { content: "Go back", trigger: ".o_breadcrumb .o_back_button", run: "click" },
        {
            content: "Print",
            trigger: ".o_buying_print:enabled",
            run: () => {
                const { print } = window;
                window.print = () => {
                    window.print = print;
                    document.body.dataset.printed = "yes";
                };
                document.querySelector(".o_buying_print").click();
            },
        },
        { content: "The browser was asked to print", trigger: "body[data-printed=yes]" },
    ],
});
