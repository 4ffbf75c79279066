# What became of mailings, campaigns and journeys, and of lost leads.
from . import mailing_outcome
from . import mailing_results
from . import mailing_mailing
from . import utm_campaign
from . import journey_journey
from . import crm_lead_reactivation_report
