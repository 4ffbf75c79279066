from . import buying_group
from . import crm_lead
from . import crm_lead_journeys
from . import crm_lead_mails
from . import crm_lead_reactivation
from . import journey_journey
