from . import mailing_copy
