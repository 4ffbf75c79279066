# What installing and uninstalling need beyond data files.


def uninstall_hook(env):
    """Take away what would otherwise hang on to our tables, or lie about as if it were somebody's own.

    Mails that were sent keep their figures. Mails that wait in the outbox of a journey are cancelled: nobody could
    stop them afterwards. Drafts of mails go, since without their step they would be addressed to nobody.
    """
    participants = env["journey.participant"]
    participants._cancel_outbox(participants._get_outbox([("state", "=", "active")]))
    # without us a tracked copy would leave unmarked
    env["mail.mail"].search([("mailing_copy_id", "!=", False), ("state", "=", "outgoing")]).cancel()
    # nor would the links of a sales alert answer anything
    env["mail.mail"].search([("alert_recipient_id", "!=", False), ("state", "=", "outgoing")]).cancel()
    drafts = env["mailing.mailing"].search([("journey_node_id", "!=", False), ("state", "=", "draft")])
    env.flush_all()
    # in the order of the references between them; the database takes along what belongs to each
    for table in (
        "journey_journey",
        "engagement_activity",
        "engagement_score",
        "engagement_score_model",
        "buying_group_job",
        "buying_group",
    ):
        env.cr.execute(f"DELETE FROM {table}")  # pylint: disable=sql-injection
    env.invalidate_all()
    drafts.unlink()
    env["ir.actions.server"].search([("state", "=", "sales_alert")]).unlink()
    env.flush_all()
    env.cr.execute("DELETE FROM buying_solution")
    env.cr.execute("DELETE FROM buying_role_template")
    env.cr.execute("DELETE FROM buying_stage_model")
    env.invalidate_all()
    _empty_lost_audiences(env)
    # the list of mailings gets its own context back, since the filter goes with us
    action = env.ref("mass_mailing.mailing_mailing_action_mail", raise_if_not_found=False)
    if action:
        action.context = action.context.replace("'search_default_without_journeys': 1,", "")


def _empty_lost_audiences(env):
    """Audiences that name our fields of leads would make the scheduled action of mailings fail, for every mailing."""
    names = ("lead_of_person", "has_mail_address", "has_live_lead", "is_refusing_mail", "is_bouncing")
    names += ("opted_out_topic_ids", "is_in_running_journey", "days_since_")
    waiting = env["mailing.mailing"].search([("state", "!=", "done"), ("mailing_domain", "!=", False)])
    kept = env["mailing.filter"].search([("mailing_domain", "!=", "[]")])
    for records in (waiting, kept):
        ours = records.filtered(lambda record: any(name in record.mailing_domain for name in names))
        ours.mailing_domain = "[('id', 'in', [])]"
        if ours._name == "mailing.mailing":
            ours.state = "draft"
