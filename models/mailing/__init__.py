from . import journey_participant
from . import mailing_mailing
from . import mailing_cc_slot
from . import mailing_trace
from . import engagement_collector
from . import mailing_trace_copy
from . import mail_compose_message
from . import mail_mail
