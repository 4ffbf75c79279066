from . import buying_group
from . import ir_actions_server
from . import journey_node
