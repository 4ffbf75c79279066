# The sales alert: its content, whom it goes to, its log and the answers to it.
from . import buying_alert
from . import buying_alert_recipient
from . import buying_alert_answer
from . import buying_alert_notify
from . import buying_alert_send
from . import buying_alert_share
from . import buying_alert_content
from . import buying_alert_words
from . import buying_group
from . import journey_node
from . import journey_participant
from . import mail_mail
