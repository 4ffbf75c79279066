/** A marketer's walk from the list of lost leads to a draft of the journey that brings them back. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_lead_reactivate", {
    steps: () => [
        { content: "The lost leads are there", trigger: '.o_list_view .o_data_row:contains("Tour lead")' },
        { content: "Choose all", trigger: ".o_list_view thead .o_list_record_selector input", run: "click" },
        { content: "Open the actions", trigger: ".o_control_panel_actions button:has(.fa-cog)", run: "click" },
        {
            content: "Reactivate",
            trigger: '.o-dropdown--menu .o_menu_item:contains("Reactivate Lost Leads")',
            run: "click",
        },
        { content: "The chosen leads are counted", trigger: '.o_field_widget[name=lead_count]:contains("3")' },
        { content: "Name it", trigger: ".o_field_widget[name=name] input", run: "edit Tour reactivation" },
        { content: "Count", trigger: "button[name=action_count]:visible", run: "click" },
        { content: "Two would be mailed", trigger: '.o_data_row:contains("Would be mailed"):contains("2")' },
        {
            content: "See who is left out",
            trigger: '.o_data_row:contains("No valid address") button[name=action_open]',
            run: "click",
        },
        { content: "It is the one without an address", trigger: '.o_list_view .o_data_row:contains("Tour lead 3")' },
        { content: "Back", trigger: '.o_breadcrumb a:contains("Tour reactivation")', run: "click" },
        { content: "Make the journey", trigger: "button[name=action_create_journey]", run: "click" },
        { content: "It is a draft", trigger: '.o_statusbar_status .o_arrow_button_current:contains("Draft")' },
        { content: "with the name", trigger: ".o_field_widget[name=name]:has(:value(Tour reactivation))" },
    ],
});
