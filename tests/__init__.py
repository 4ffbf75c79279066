from . import test_insight_sales_alert
from . import test_journey_engine
from . import test_journey_handover
from . import test_journey_lifecycle
from . import test_mailing_cc
