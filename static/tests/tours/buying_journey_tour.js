/** Two walks through the app as a marketer takes them: from a role template to groups, and from a step to participants. */
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const openMenu = (section, entry) => [
    { content: `Open ${section}`, trigger: `.o_menu_sections button:contains("${section}")`, run: "click" },
    { content: `Open ${entry}`, trigger: `.o-dropdown--menu a:contains("${entry}")`, run: "click" },
    // or the next click would hit a button of the view that is just leaving
    { content: `${entry} is there`, trigger: `.o_breadcrumb .active:contains("${entry}")` },
];

const saveForm = () => [
    { content: "Save", trigger: ".o_form_button_save:enabled", run: "click" },
    { content: "Wait until it is saved", trigger: ".o_form_saved" },
];

const addRole = (role, titlePart) => [
    { content: "Add a role", trigger: ".o_field_x2many_list_row_add a", run: "click" },
    { content: `Look for ${role}`, trigger: ".modal .o_field_widget[name=role_id] input", run: `edit ${role}` },
    { content: `Choose ${role}`, trigger: `.ui-autocomplete a:contains("${role}")`, run: "click" },
    { content: "Assign automatically", trigger: ".modal .o_field_widget[name=auto_assign] input", run: "click" },
    {
        content: "Write the rule",
        trigger: ".modal .o_field_widget[name=domain] textarea",
        run: `edit [("function", "ilike", "${titlePart}")] && click .modal .modal-body`,
    },
    { content: "Keep the role", trigger: ".modal .o_form_button_save", run: "click" },
    { content: "It is in the list", trigger: `body:not(:has(.modal)) .o_data_row:contains("${role}")` },
];

registry.category("web_tour.tours").add("buying_journey_groups", {
    url: "/odoo?debug=1",
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open the app",
            trigger: '.o_app[data-menu-xmlid="crm_buying_journey.menu_root"]',
            run: "click",
        },
        { content: "The app opens on the groups", trigger: ".o_list_view .o_data_row" },
        ...openMenu("Configuration", "Role Templates"),
        { content: "New template", trigger: ".o_list_button_add", run: "click" },
        { content: "Name it", trigger: ".o_field_widget[name=name] input", run: "edit Tour purchase" },
        ...addRole("Decision Maker", "director"),
        ...addRole("Champion", "manager"),
        { content: "Publish", trigger: "button[name=action_publish]", run: "click" },
        { content: "Confirm", trigger: ".modal-footer .btn-primary", run: "click" },
        { content: "It is live", trigger: '.o_statusbar_status .o_arrow_button_current:contains("Live")' },
        ...openMenu("Configuration", "Solutions"),
        { content: "New solution", trigger: ".o_list_button_add", run: "click" },
        { content: "Name it", trigger: ".o_field_widget[name=name] input", run: "edit Tour solution" },
        { content: "Look for the template", trigger: ".o_field_widget[name=template_id] input", run: "edit Tour purchase" },
        { content: "Choose it", trigger: '.ui-autocomplete a:contains("Tour purchase")', run: "click" },
        ...saveForm(),
        { content: "See its jobs", trigger: "button[name=action_view_jobs]", run: "click" },
        { content: "The jobs are there", trigger: '.o_breadcrumb .active:contains("Creation Jobs")' },
        { content: "None yet", trigger: '.o_view_nocontent:contains("Build buying groups")' },
        { content: "New job", trigger: ".o_list_button_add", run: "click" },
        {
            content: "The solution is there already",
            trigger: ".o_field_widget[name=solution_id] input:value(Tour solution)",
        },
        ...saveForm(),
        { content: "Build the groups", trigger: "button[name=action_run]", run: "click" },
        {
            content: "The demo account has its group",
            trigger: '.o_list_view .o_data_row:contains("Tour solution") td:contains("Azure Interior")',
            run: "click",
        },
        { content: "See its name", trigger: 'h1:contains("Tour solution for Azure Interior")' },
        { content: "See a member", trigger: '.o_field_widget[name=member_ids] .o_data_row:contains("Brandon Freeman")' },
        { content: "See the completeness", trigger: '.o_field_widget[name=completeness]:contains("50")' },
        { content: "See who is missing", trigger: '.o_field_widget[name=missing_role_ids]:contains("Champion")' },
        {
            content: "Remove a member by hand",
            trigger: '.o_field_widget[name=member_ids] .o_data_row:contains("Brandon Freeman") button[name=action_remove]',
            run: "click",
        },
        {
            content: "Gone",
            trigger: '.o_field_widget[name=member_ids]:not(:contains("Brandon Freeman"))',
        },
        { content: "Open the former members", trigger: '.nav-link:contains("Former Members")', run: "click" },
        {
            content: "Kept there",
            trigger: '.o_field_widget[name=former_member_ids] .o_data_row:contains("Brandon Freeman"):contains("By Hand")',
        },
        { content: "Open Insight", trigger: '.o_menu_sections button:contains("Insight")', run: "click" },
        { content: "Open the dashboard", trigger: '.o-dropdown--menu a:contains("Dashboard")', run: "click" },
        { content: "The groups are counted", trigger: ".o_buying_dashboard_grid .o_buying_chart_total" },
        {
            content: "Look at the figures as tables",
            trigger: '.o_buying_card:has(h2:contains("Groups by Solution")) .o_buying_card_table:enabled',
            run: "click",
        },
        { content: "The new solution is among them", trigger: '.o_buying_card table:contains("Tour solution")' },
    ],
});

const chooseKind = (kind) => [
    { content: "Open the kinds", trigger: ".modal .o_field_widget[name=kind] input", run: "click" },
    { content: `Choose ${kind}`, trigger: `.o_select_menu_item:contains("${kind}")`, run: "click" },
    { content: `${kind} is chosen`, trigger: `.modal .o_field_widget[name=kind] input:value("${kind}")` },
];

const addAfter = (name) => [
    {
        content: `Add a step after ${name}`,
        trigger: `body:not(:has(.modal)) .o_data_row:has(.o_journey_step:contains("${name}")) button[name=action_add_after]`,
        run: "click",
    },
];

const nameStep = (name) => [
    { content: `Name it ${name}`, trigger: ".modal .o_field_widget[name=name] input", run: `edit ${name}` },
    { content: "Save it", trigger: ".modal .o_form_button_save", run: "click" },
    { content: `${name} is there`, trigger: `body:not(:has(.modal)) .o_journey_step:contains("${name}")` },
];

registry.category("web_tour.tours").add("buying_journey_publish", {
    url: "/odoo/action-crm_buying_journey.journey_journey_action",
    steps: () => [
        { content: "The journeys are there", trigger: '.o_data_row:contains("Handover")' },
        { content: "New journey", trigger: ".o_list_button_add", run: "click" },
        { content: "Name it", trigger: ".o_field_widget[name=name] input", run: "edit Tour journey" },
        { content: "Look for the solution", trigger: ".o_field_widget[name=solution_id] input", run: "edit Office" },
        { content: "Choose it", trigger: '.ui-autocomplete a:contains("Office Furniture")', run: "click" },
        { content: "No columns of figures yet", trigger: '.o_notebook .tab-pane:contains("Add the first step"):not(:has(th))' },
        { content: "Open the goal", trigger: '.nav-link:contains("Goal and Exit")', run: "click" },
        { content: "An empty goal is nobody's", trigger: ".o_field_widget[name=goal_domain] .o_nobody_domain" },
        { content: "Begin an exit rule", trigger: ".o_field_widget[name=exit_domain] .o_nobody_domain button", run: "click" },
        {
            content: "Take it away again",
            trigger: ".o_field_widget[name=exit_domain] .o_tree_editor [aria-label='Delete rule']",
            run: "click",
        },
        { content: "It is nobody's again", trigger: ".o_field_widget[name=exit_domain] .o_nobody_domain" },
        { content: "Back to the steps", trigger: '.nav-link:contains("Steps")', run: "click" },
        { content: "Add a step", trigger: "button[name=action_add_step]", run: "click" },
        ...chooseKind("Wait"),
        { content: "Name the step", trigger: ".modal .o_field_widget[name=name] input", run: "edit Think it over" },
        { content: "Three of them", trigger: ".modal .o_field_widget[name=wait_value] input", run: "edit 3" },
        { content: "Save the step", trigger: ".modal .o_form_button_save", run: "click" },
        { content: "It says what it does", trigger: 'body:not(:has(.modal)) .o_data_row:contains("Wait 3 days")' },
        ...addAfter("Think it over"),
        ...chooseKind("Split by Conditions"),
        ...nameStep("Which way"),
        ...addAfter("Which way"),
        ...chooseKind("End"),
        ...nameStep("Readers"),
        ...addAfter("Which way"),
        { content: "Open the places", trigger: ".modal .o_field_widget[name=place] input", run: "click" },
        { content: "For the rest", trigger: '.o_select_menu_item:contains("For the Rest")', run: "click" },
        ...chooseKind("End"),
        ...nameStep("Others"),
        {
            content: "Each path is indented and named",
            trigger: '.o_journey_step:contains("Others") .o_journey_step_path:contains("Otherwise")',
        },
        { content: "Publish too early", trigger: "button[name=action_review]", run: "click" },
        {
            content: "The error leads to its step",
            trigger: '.modal .o_data_row:contains("has no condition") button[name=action_open]',
            run: "click",
        },
        {
            content: "Open the path",
            trigger: '.modal .o_field_widget[name=out_edge_ids] .o_data_row:contains("Readers") td[name=target_id]',
            run: "click",
        },
        {
            content: "Look for an activity",
            trigger: ".modal:not(.o_inactive_modal) .o_field_widget[name=activity_type_ids] input",
            run: "edit opened",
        },
        { content: "Choose it", trigger: '.ui-autocomplete a:contains("opened")', run: "click" },
        {
            content: "The path is complete",
            trigger: ".modal:not(.o_inactive_modal):has(.o_field_widget[name=activity_type_ids] .badge) .o_form_button_save",
            run: "click",
        },
        {
            content: "The condition is said in words",
            trigger: '.modal:not(.o_inactive_modal) .o_field_widget[name=out_edge_ids] .o_data_row:contains("at least 1 times since entry")',
        },
        { content: "Save the step", trigger: ".modal:not(.o_inactive_modal) .o_form_button_save", run: "click" },
        { content: "Publish again", trigger: "body:not(:has(.modal)) button[name=action_review]", run: "click" },
        { content: "Confirm", trigger: ".modal-footer button[name=action_confirm]", run: "click" },
        { content: "It is live", trigger: '.o_statusbar_status .o_arrow_button_current:contains("Live")' },
    ],
});

registry.category("web_tour.tours").add("buying_journey_participants", {
    steps: () => [
        { content: "See who entered", trigger: "button[name=action_view_participants]:first", run: "click" },
        {
            content: "Open a participant",
            trigger: '.o_data_row:contains("Office Furniture for Azure Interior") td[name=record_name]',
            run: "click",
        },
        { content: "The timeline says why", trigger: '.o_field_widget[name=trace_ids] .o_data_row:contains("Think it over"):contains("Waiting")' },
        { content: "Go on", trigger: "button[name=action_skip_wait]" },
    ],
});
