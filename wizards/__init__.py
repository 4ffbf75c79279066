from . import buying_group_audience_export
