# What wizards share whose form names a record that somebody else chose: a group, an alert, a moment.
from odoo import api, models


class BuyingWizardReader(models.AbstractModel):
    """For wizards that anybody may make and that hold records which not everybody may read.

    The host shows the name of whatever a record names, also of what its reader may not read. So nobody may name here
    what they may not read, neither when a wizard is made nor later, whatever a remote caller sends.
    """

    _name = "buying.wizard.reader"
    _description = "Wizard That Names Only What Its User May Read"

    # names of the relational fields to look at
    _read_checked = ()

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        wizards._check_reader()
        return wizards

    def write(self, vals):
        result = super().write(vals)
        self._check_reader()
        return result

    def _check_reader(self):
        """:raise AccessError: the current user may not read a record that one of these wizards names"""
        for name in self._read_checked:
            # of an empty field there is nothing to ask, also where the user may not read its model at all
            if records := self[name]:
                records.check_access("read")
