# Server actions about buying groups, accounts and what happens to them; each is a kind of its own.
from . import buying_target
from . import sales_alert
from . import sales_alert_recipients
from . import buying_group_assign
from . import buying_group_remove
from . import buying_group_stage
from . import buying_group_status
from . import interesting_moment
from . import account_list
from . import lead_restore
from . import mailing_mailing_restore
from . import engagement_activity
