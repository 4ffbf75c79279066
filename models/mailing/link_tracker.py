# Links of a batch of mails: looked up once, not once per mail.
from odoo import api, models


class LinkTracker(models.Model):
    _inherit = "link.tracker"

    @api.model
    def search_or_create(self, vals_list):
        """The trackers of a batch of mails are remembered while the batch is composed (context ``journey_links``).

        The memory belongs to one batch inside one transaction: should that be rolled back, no later mail can get a
        link to a tracker that was never stored.
        """
        known = self.env.context.get("journey_links")
        if known is None or not isinstance(vals_list, list):
            return super().search_or_create(vals_list)
        keys = [tuple(sorted(vals.items())) for vals in vals_list]
        # core completes the values it is given, so it gets its own
        fresh = {key: dict(vals) for key, vals in zip(keys, vals_list, strict=True) if key not in known}
        if fresh:
            trackers = super().search_or_create(list(fresh.values()))
            known.update(zip(fresh, trackers.ids, strict=True))
        return self.browse([known[key] for key in keys])
