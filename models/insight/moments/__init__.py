# Interesting moments: by hand, by rules, and the last one on groups and contacts.
from . import engagement_activity
from . import engagement_activity_link
from . import engagement_moment_rule
from . import engagement_moment_rule_run
from . import engagement_moment_hit
from . import engagement_moment_last
from . import buying_group
from . import buying_group_member
from . import res_partner
from . import crm_lead
