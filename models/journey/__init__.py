from . import journey_journey
from . import journey_version
from . import journey_node
from . import journey_edge
from . import journey_participant
from . import journey_trace
from . import journey_engine
from . import kinds
