from . import domains
from . import titles
