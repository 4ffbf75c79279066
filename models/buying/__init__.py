from . import buying_role
from . import buying_role_template
from . import buying_role_template_line
from . import buying_solution
from . import buying_group
from . import buying_group_member
from . import buying_group_job
from . import res_partner
