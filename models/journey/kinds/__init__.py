from . import journey_kind
from . import journey_kind_action
from . import journey_kind_email
from . import journey_kind_wait
from . import journey_kind_end
from . import journey_kind_merge
