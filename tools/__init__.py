from . import domains
