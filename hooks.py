# What installing and uninstalling need beyond data files.


def uninstall_hook(env):
    """Give the list of mailings back its own context, whose filter goes with us."""
    action = env.ref("mass_mailing.mailing_mailing_action_mail", raise_if_not_found=False)
    if action:
        action.context = action.context.replace("'search_default_without_journeys': 1,", "")
