# CC slots: who gets a copy, found from each recipient.
from odoo import api, fields, models
from odoo.exceptions import UserError

# models whose records are people or have an address of their own, and the field that holds it
ADDRESS_FIELDS = {"res.partner": "email", "res.users": "email"}

# relations that people ask for by name: the path from each model, the first one that leads somewhere
NAMED_RELATIONS = {
    "salesperson": {"*": ("user_id",)},
    "account_salesperson": {
        "res.partner": ("commercial_partner_id.user_id",),
        "*": ("partner_id.commercial_partner_id.user_id",),
    },
    "parent_company": {"res.partner": ("parent_id",), "*": ("partner_id.parent_id",)},
    "team_leader": {"*": ("team_id.user_id",)},
}


class MailingCcSlot(models.Model):
    """One CC recipient of a mailing, found anew for each primary recipient when the mail is made.

    ``source`` says how: along a relation (``path``, e.g. ``user_id`` or ``parent_id.user_id``), as the member of the
    recipient's buying group who plays a role (the most engaged one, as a slot copies one person), or always the same
    person. Without an address the slot is ignored for that recipient and the primary still gets the mail (Dynamics
    365 Customer Insights – Journeys, CC recipients).

    ``mode``:

    * ``shared``: a real Cc on the recipient's own message. Everybody gets the same bytes, so what a copy opens or
      clicks, and an unsubscribe, counts as the recipient's.
    * ``tracked``: a message of its own that shows the same To and Cc, with its own links and its own unsubscribe link,
      and a line that says whose mail it is a copy of. See ``mailing.trace.copy``.
    """

    _name = "mailing.cc.slot"
    _description = "CC Recipient of a Mailing"
    _order = "mailing_id, sequence, id"
    _rec_name = "label"

    mailing_id = fields.Many2one("mailing.mailing", required=True, index=True, ondelete="cascade")
    mailing_model_name = fields.Char(related="mailing_id.mailing_model_real")
    sequence = fields.Integer(default=10)
    source = fields.Selection(
        [("path", "Relation"), ("role", "Member of the buying group"), ("partner", "Always the same person")],
        required=True,
        default="path",
    )
    path = fields.Char(
        "Relation",
        help="From the recipient to a user, a contact or an email field, e.g. user_id for the salesperson or "
        "parent_id.user_id for the account's salesperson.",
    )
    role_id = fields.Many2one("buying.role", ondelete="restrict")
    solution_id = fields.Many2one(
        "buying.solution", ondelete="restrict", help="Only buying groups of this solution. Empty: of any."
    )
    partner_id = fields.Many2one("res.partner", "Person", ondelete="restrict")
    mode = fields.Selection(
        [("shared", "Shared copy"), ("tracked", "Tracked copy")],
        required=True,
        default="shared",
        help="Shared copy: the recipient's own mail, with a Cc. What the copy opens, clicks or unsubscribes counts as "
        "the recipient's.\n"
        "Tracked copy: a mail of its own, marked as a copy. What the copy does is counted apart and never changes "
        "the recipient's figures or way through a journey.",
    )
    unsubscribe = fields.Selection(
        [
            ("primary", "The recipient"),
            ("copies", "The copy, from copies"),
            ("all", "The copy, from all mailings"),
        ],
        "Unsubscribe Removes",
        compute="_compute_unsubscribe",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="Whom the unsubscribe link in the copy removes. A shared copy is the recipient's own mail, so its link "
        "can only remove the recipient.",
    )
    relation = fields.Selection(
        [
            ("salesperson", "Salesperson"),
            ("account_salesperson", "Account's salesperson"),
            ("parent_company", "Parent company"),
            ("team_leader", "Team leader"),
            ("role", "Member of the buying group"),
            ("partner", "Always the same person"),
            ("path", "Another relation"),
        ],
        "Who",
        compute="_compute_relation",
        inverse="_inverse_relation",
        help="Whom to copy, seen from each recipient.",
    )
    available_relations = fields.Json(compute="_compute_available_relations")
    label = fields.Char("Copy Goes To", compute="_compute_label")

    @api.depends("mode")
    def _compute_unsubscribe(self):
        for slot in self:
            if slot.mode == "shared":
                slot.unsubscribe = "primary"
            elif slot.unsubscribe not in ("copies", "all"):
                slot.unsubscribe = "copies"

    @api.depends("source", "path", "mailing_id.mailing_model_id")
    def _compute_relation(self):
        for slot in self:
            slot.relation = slot.source
            if slot.source == "path":
                named = slot._get_named_paths(slot.mailing_model_name)
                slot.relation = next((name for name, path in named.items() if path == slot.path), "path")

    @api.depends("mailing_id.mailing_model_id")
    def _compute_available_relations(self):
        for slot in self:
            slot.available_relations = [*slot._get_named_paths(slot.mailing_model_name), "role", "partner", "path"]

    @api.depends("source", "path", "relation", "role_id", "partner_id", "mailing_id.mailing_model_id")
    @api.depends_context("lang")
    def _compute_label(self):
        named = dict(self._fields["relation"]._description_selection(self.env))
        for slot in self:
            if slot.source == "role":
                slot.label = self.env._("Buying group: %(role)s", role=slot.role_id.sudo().name or "…")
            elif slot.source == "partner":
                # who may see the mailing may know whom it copies
                slot.label = slot.partner_id.sudo().display_name or ""
            elif slot.relation != "path":
                slot.label = named[slot.relation]
            else:
                try:
                    slot.label = " › ".join(field._description_string(self.env) for field in slot._get_fields())
                except UserError:
                    slot.label = slot.path

    def _inverse_relation(self):
        for slot in self:
            slot._set_relation(slot.relation or "path")

    @api.onchange("relation")
    def _onchange_relation(self):
        relation = self.relation or "path"
        self._set_relation(relation)
        if relation == "path" and self.path in self._get_named_paths(self.mailing_model_name).values():
            self.path = False  # to be chosen

    def _set_relation(self, relation):
        """A relation chosen by its name is a path like any other."""
        self.source = relation if relation in ("role", "partner") else "path"
        named = self._get_named_paths(self.mailing_model_name)
        if relation in named:
            self.path = named[relation]

    @api.constrains("source", "path", "role_id", "partner_id", "mailing_id")
    def _check_path(self):
        for slot in self:
            if slot.source == "path":
                slot._get_fields()
            elif slot.source == "role" and not slot.role_id:
                raise UserError(self.env._("Choose the role of the member who gets the copy."))
            elif slot.source == "partner" and not slot.partner_id:
                raise UserError(self.env._("Choose the person who gets the copy."))

    @api.constrains("mode", "unsubscribe")
    def _check_unsubscribe(self):
        for slot in self:
            if (slot.mode == "shared") != (slot.unsubscribe == "primary"):
                raise UserError(
                    self.env._(
                        "A shared copy can only unsubscribe the recipient, and a tracked copy only the person copied."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        if vals_list:
            self.env["mailing.mailing"]._check_cc_enabled()
        for vals in vals_list:
            # a named relation is a path; the inverse comes too late for the check of the path
            if not vals.get("path") and vals.get("relation") and not vals.get("source"):
                slot = self.new(vals)
                slot._set_relation(vals["relation"])
                vals.update(source=slot.source, path=slot.path)
        slots = super().create(vals_list)
        slots.mailing_id._check_content_editable()
        return slots

    def write(self, vals):
        self.env["mailing.mailing"]._check_cc_enabled()
        self.mailing_id._check_content_editable()
        result = super().write(vals)
        self.mailing_id._check_content_editable()  # it may have been moved
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        self.mailing_id._check_content_editable()

    @api.model
    def _get_named_paths(self, model_name):
        """The relations with a name that this model has.

        :return: ``{name: path}``
        :rtype: dict
        """
        result = {}
        if not model_name or model_name not in self.env:
            return result
        for name, by_model in NAMED_RELATIONS.items():
            for path in by_model.get(model_name) or by_model["*"]:
                try:
                    self._get_path_fields(model_name, path)
                except UserError:
                    continue
                result[name] = path
                break
        return result

    def _get_fields(self):
        """The fields along the path.

        :rtype: list[odoo.fields.Field]
        :raise UserError: see ``_get_path_fields``
        """
        self.ensure_one()
        return self._get_path_fields(self.mailing_id.mailing_model_real, self.path)

    @api.model
    def _get_path_fields(self, model_name, path):
        """The fields along a path from a model.

        :rtype: list[odoo.fields.Field]
        :raise UserError: the path leaves the model, passes several records or a value that is not stored, or does not
            end at an address
        """
        Model = self.env[model_name]
        result = []
        names = (path or "").strip().split(".")
        for position, name in enumerate(names):
            field = Model._fields.get(name)
            last = position == len(names) - 1
            if field is None or not Model._has_field_access(field, "read"):
                raise UserError(
                    self.env._(
                        "CC relation %(path)s: %(model)s has no field %(field)s.",
                        path=path or "",
                        model=Model._description,
                        field=name,
                    )
                )
            if not field.store and not field.inherited:
                raise UserError(
                    self.env._(
                        "CC relation %(path)s: %(field)s is computed each time, so it cannot be followed.",
                        path=path,
                        field=field._description_string(self.env),
                    )
                )
            result.append(field)
            if field.type == "many2one":
                Model = self.env[field.comodel_name]
                if last and Model._name not in ADDRESS_FIELDS:
                    raise UserError(
                        self.env._(
                            "CC relation %(path)s: %(model)s has no email address.",
                            path=path,
                            model=Model._description,
                        )
                    )
            elif not last or field.type != "char" or "email" not in name:
                raise UserError(
                    self.env._(
                        "CC relation %(path)s: %(field)s does not lead to one user, contact or email address.",
                        path=path,
                        field=name,
                    )
                )
        return result
