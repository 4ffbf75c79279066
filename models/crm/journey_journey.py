# Journeys that bring lost leads back.
from datetime import date

from odoo import api, fields, models
from odoo.fields import Domain


class JourneyJourney(models.Model):
    _inherit = "journey.journey"

    @api.model
    def _create_reactivation(self, domain, **values):
        """Make the ready-made journey of three weeks for lost leads: an offer to all; then one mail to those who
        clicked and another to those who did not; then the last chance for all who have not come back.

        Archived leads are seen only where a domain names ``active``; it is added if this one does not.

        :param domain: whom it is for, on ``crm.lead``: a domain, or its text
        :param values: further values of the journey, e.g. ``name``
        :return: a draft, whose responsible is the current user
        :rtype: journey.journey
        :raise UserError: the domain is invalid
        :raise AccessError: the user may not make journeys
        """
        self.check_access("create")
        template = self.env["journey.import"].create({"origin": "template", "template": "reactivation"})
        journey = self.import_data_dict(template._read())
        text = domain if isinstance(domain, str) else repr(_as_literal(list(Domain(domain))))
        journey.write({**values, "domain": text})
        if not journey._asks_for_archived():
            both = Domain("active", "in", [True, False])
            journey.domain = repr(_as_literal(list(both & journey._get_audience_domain())))
        return journey


def _as_literal(value):
    """A domain as the text of it may hold it: dates as texts, nothing but literals."""
    if isinstance(value, (list, tuple)):
        return type(value)(_as_literal(item) for item in value)
    if isinstance(value, (set, frozenset)) or value.__class__.__name__ == "OrderedSet":
        return [_as_literal(item) for item in value]
    if isinstance(value, Domain):
        return _as_literal(list(value))
    if isinstance(value, date):
        to_string = fields.Datetime.to_string if hasattr(value, "hour") else fields.Date.to_string
        return to_string(value)
    return value
