from . import buying_group
from . import buying_group_highlight
from . import buying_dashboard
from . import buying_dashboard_stages
from . import buying_coverage
from . import res_partner
from . import ir_actions_server
from . import journey_node
