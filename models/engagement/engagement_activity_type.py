# Kinds of things that can happen to a person, an account or a group.
from odoo import api, fields, models
from odoo.exceptions import UserError


class EngagementActivityType(models.Model):
    """What can happen, e.g. a mail being opened. Code refers to a type by its ``code``, never by its name.

    An archived type is offered to nobody any more, but what happens is still recorded under it, and counts for scores
    as before: programs rely on the types that came with an addon. For the same reason those cannot be deleted or get
    another code; neither can types of which activities tell. To ignore a type, give it no weight in the score model.
    """

    _name = "engagement.activity.type"
    _description = "Engagement Activity Type"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Unique name that programs use.")
    sequence = fields.Integer(default=10)
    channel = fields.Selection(
        [
            ("email", "Email"),
            ("web", "Web"),
            ("event", "Event"),
            ("meeting", "Meeting"),
            ("sale", "Sales"),
            ("curated", "Curated"),
            ("group", "Buying Group"),
        ],
        required=True,
        default="curated",
    )
    active = fields.Boolean(default=True)

    _code_unique = models.Constraint("UNIQUE(code)", "An activity type with this code exists already.")

    def write(self, vals):
        recoded = self.filtered(lambda kind: kind.code != vals["code"]) if "code" in vals else self.browse()
        if not self.env.su and (fixed := recoded._get_relied_on()):  # migrations may
            raise UserError(
                self.env._(
                    "The code of %(names)s cannot be changed: programs, score models or activities refer to it.",
                    names=", ".join(fixed.mapped("name")),
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_relied_on(self):
        if used := self._get_relied_on():
            raise UserError(
                self.env._(
                    "%(names)s cannot be deleted: programs, score models or activities refer to it. Archive it "
                    "instead, so that nobody is offered it any more.",
                    names=", ".join(used.mapped("name")),
                )
            )

    def _get_relied_on(self):
        """Those of these types that came with an addon, are weighed by a score model, or have activities."""
        relied_on = self.browse(
            # exports and imports give names as well, beginning with __
            kind_id
            for kind_id, xmlids in self._get_external_ids().items()
            if any(not xmlid.startswith("__") for xmlid in xmlids)
        )
        for model_name in ("engagement.activity", "engagement.score.model.line"):
            domain = [("type_id", "in", (self - relied_on).ids)]
            rows = self.env[model_name].sudo()._read_group(domain, ["type_id"])
            relied_on |= self.browse(kind.id for (kind,) in rows)
        return relied_on

    @api.model
    def log(self, code, partner, date=None, subject=None, **values):
        """Record what happened to a person or account.

        :param str code: the type's code, e.g. ``email_opened``
        :param partner: ``res.partner`` records, one activity each; may be empty if ``values`` say whom it concerns
        :param date: when it happened, naive UTC; now if left out
        :param str subject: what it was about, e.g. the subject of the mail
        :param values: further fields of ``engagement.activity``
        :return: the activities
        :rtype: engagement.activity
        :raise UserError: no type has this code
        """
        if not isinstance(partner, models.BaseModel):  # a remote caller passes ids
            partner = self.env["res.partner"].browse(partner)
        activity_type = self._get_by_code(code)
        base = {"type_id": activity_type.id, "date": date or fields.Datetime.now(), "subject": subject} | values
        if partner:
            return self.env["engagement.activity"].create([base | {"partner_id": person.id} for person in partner])
        return self.env["engagement.activity"].create([base])

    @api.model
    def _get_by_code(self, code):
        """The type with this code, be it archived or not.

        :raise UserError: there is none
        """
        Type = self.sudo().with_context(active_test=False)
        activity_type = Type.search([("code", "=", code)], limit=1).with_env(self.env)
        if not activity_type:
            raise UserError(self.env._("There is no activity type with the code %(code)s.", code=code))
        return activity_type
