/** A manager publishes the journey for lost leads, and later looks at its results. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_reactivation_publish", {
    steps: () => [
        { content: "It is a draft", trigger: '.o_statusbar_status .o_arrow_button_current:contains("Draft")' },
        { content: "Publish", trigger: "button[name=action_review]:visible", run: "click" },
        { content: "Confirm", trigger: ".modal .modal-footer button[name=action_confirm]", run: "click" },
        { content: "It runs", trigger: '.o_statusbar_status .o_arrow_button_current:contains("Live")' },
    ],
});

registry.category("web_tour.tours").add("crm_reactivation_results", {
    steps: () => [
        { content: "Results", trigger: '.o_notebook .nav-link:contains("Results")', run: "click" },
        { content: "All were sent", trigger: '.o_field_widget[name=result_sent]:contains("3")' },
        {
            content: "Who ignored it",
            trigger: ".tab-pane.active button:has(.o_field_widget[name=result_ignored])",
            run: "click",
        },
        { content: "Two did", trigger: '.o_list_view:not(:has(.o_data_row:eq(2))) .o_data_row:eq(1)' },
    ],
});
