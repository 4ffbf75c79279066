# The order is the order of the rooms: an arrow points downwards only.
from . import buying
from . import engagement
from . import journey
from . import mailing
from . import crm
from . import insight
