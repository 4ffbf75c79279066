from . import engagement_activity_type
from . import engagement_activity
from . import buying_group_activity
