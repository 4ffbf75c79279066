from . import buying_group_create
from . import buying_group_create_line
from . import buying_member_change
from . import buying_member_change_line
from . import crm_lead_build_group
from . import buying_group_audience_export
from . import journey_test_run
