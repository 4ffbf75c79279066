# Clicks on links of mailings: whether a robot clicked that says so.
from odoo import api, fields, models
from odoo.http import request


class LinkTrackerClick(models.Model):
    """Core records clicks on mails whoever made them. We keep them, and note which ones a robot made by its own word
    (its user agent); what scanners betray by their haste is told later, by :mod:`tools.scanners`.
    """

    _inherit = "link.tracker.click"

    is_robot = fields.Boolean("By a Robot", readonly=True, help="The program that clicked calls itself a robot.")

    @api.model
    def add_click(self, code, **route_values):
        is_robot = bool(request and request.env["ir.http"].is_a_bot())
        with_origin = self.with_context(bj_click=True, bj_robot=is_robot)
        click = super(LinkTrackerClick, with_origin).add_click(code, **route_values)
        if click and is_robot:
            click.is_robot = True
        return click
