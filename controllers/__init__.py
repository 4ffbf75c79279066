from . import buying_alert
from . import mailing_copy
from . import mailing_topic
