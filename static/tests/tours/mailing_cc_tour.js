/** A mailing gets a tracked copy to the salesperson and a shared one to somebody by a relation. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mailing_cc", {
    steps: () => [
        { content: "Open the copies", trigger: ".nav-link[name=cc_recipients]", run: "click" },
        { content: "Add one", trigger: ".o_field_widget[name=cc_slot_ids] .o_field_x2many_list_row_add a, .o_field_widget[name=cc_slot_ids] .o_field_x2many_list_row_add button", run: "click" },
        { content: "Open the choices", trigger: ".modal .o_field_widget[name=relation] .o_select_menu_toggler, .modal .o_field_widget[name=relation] select, .modal .o_field_widget[name=relation] input", run: "click" },
        { content: "The salesperson", trigger: '.o_select_menu_item:contains("Account\'s salesperson")', run: "click" },
        { content: "As a copy of its own", trigger: ".modal .o_field_widget[name=mode] input[data-value=tracked]", run: "click" },
        { content: "The warning about shared copies is gone", trigger: ".modal:not(:has(.alert-warning))" },
        { content: "Keep it", trigger: ".modal .o_form_button_save", run: "click" },
        { content: "It is in the list", trigger: 'body:not(:has(.modal)) .o_data_row:contains("Tracked copy")' },
        { content: "Save", trigger: ".o_form_button_save:enabled", run: "click" },
        { content: "Saved", trigger: ".o_form_saved" },
        { content: "How many will it be?", trigger: "button[name=action_count_copies]", run: "click" },
        { content: "A sentence says so", trigger: '.o_notification:contains("1 recipients + 1 copies = 2 mails")' },
    ],
});
