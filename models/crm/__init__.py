from . import buying_group
from . import crm_lead
