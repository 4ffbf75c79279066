/** A marketer sets up an A/B test on a mailing: tab, second subject, share, send. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mailing_ab_test", {
    steps: () => [
        { content: "Open the tab", trigger: '.o_notebook a.nav-link:contains("A/B Tests")', run: "click" },
        { content: "Set up a test", trigger: "button[name=action_create_ab_test]", run: "click" },
        { content: "The test is there with two arms", trigger: ".o_field_widget[name=arm_ids] .o_data_row:nth-child(2)" },
        {
            content: "Into the subject of arm B",
            trigger: ".o_field_widget[name=arm_ids] .o_data_row:nth-child(2) td[name=subject]",
            run: "click",
        },
        {
            content: "Another subject",
            trigger: ".o_field_widget[name=arm_ids] .o_selected_row td[name=subject] input",
            run: "edit Tour subject B",
        },
        { content: "Half of the recipients", trigger: ".o_field_widget[name=test_percent] input", run: "edit 50" },
        { content: "Save", trigger: ".o_form_button_save:enabled", run: "click" },
        { content: "Wait until it is saved", trigger: ".o_form_saved" },
        { content: "Look at the plan", trigger: '.o_notebook a.nav-link:contains("How Many Are Needed")', run: "click" },
        { content: "It says what is needed", trigger: '.o_field_widget[name=plan_text]:contains("each arm needs about")' },
        { content: "Back to the mailing", trigger: "button[name=action_open_mailing]:contains(Mailing)", run: "click" },
        { content: "Send", trigger: "button[name=action_launch]", run: "click" },
        { content: "Confirm", trigger: ".modal-footer .btn-primary", run: "click" },
        { content: "It is in the queue", trigger: '.o_statusbar_status .o_arrow_button_current:contains("In Queue")' },
    ],
});
