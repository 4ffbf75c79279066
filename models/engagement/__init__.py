from . import engagement_activity_type
from . import engagement_activity
