# Steps that hold an action of their own: its kind and its parameters are written on the step itself.
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import clean_context

# what the host offers and somebody without administration rights may put into a journey; they run no code of the
# user's own and reach nothing outside the database but through mails
SAFE_ACTION_STATES = ("object_write", "next_activity", "followers", "remove_followers", "mail_post", "sms")
# of these, those whose effect a rollback undoes
HARMLESS_IN_TESTS = {"object_write", "next_activity", "followers", "remove_followers"}
# moving or renaming a step does not change what it does
HARMLESS = {"name", "sequence", "next_id", "after_id"}


def step_parameter(make, name, *args, **kwargs):
    """A field of ``journey.node`` that shows and changes the parameter ``name`` of the step's own action.

    One compute each: reading a field that is not being written must not reset those that are.
    """

    @api.depends("action_server_id")
    def compute(nodes):
        Action = nodes.env["ir.actions.server"].sudo()
        default = Action._fields[name].default
        for node in nodes:
            own = node._get_owned_actions()
            node[name] = own[name] if own else default(Action) if default else False

    return make(*args, compute=compute, inverse="_inverse_action_fields", **kwargs)


class JourneyNode(models.Model):
    _inherit = "journey.node"

    action_state = fields.Selection(
        selection="_selection_action_state",
        string="Action",
        compute="_compute_action_state",
        inverse="_inverse_action_fields",
    )
    target_journey_id = step_parameter(
        fields.Many2one,
        "target_journey_id",
        "journey.journey",
        "Other Journey",
        domain="[('model_name', '=', people == 'people' and 'res.partner' or model_name), ('id', '!=', journey_id)]",
    )

    @api.model
    def _selection_action_state(self):
        Action = self.env["ir.actions.server"]
        labels = dict(Action._fields["state"]._description_selection(self.env))
        return [(state, labels[state]) for state in Action._get_step_actions()] + [
            ("other", self.env._("Other Server Action"))
        ]

    @api.depends("action_server_id")
    def _compute_action_state(self):
        kinds = self.env["ir.actions.server"]._get_step_actions()
        for node in self:
            state = node._get_owned_actions().state
            node.action_state = state if state in kinds else "other" if node.action_server_id else False

    def _get_action_model(self):
        """Name of the model that the step's action runs on."""
        self.ensure_one()
        return "res.partner" if self.people == "people" else self.model_name

    def _inverse_action_fields(self):
        """Keep the step's own action as the step says.

        Written with system rights, since these kinds are harmless and the action is nobody else's. Only what the
        registry names is written, and no default of the user's context: it could bring children that run code.
        """
        Action = self.env["ir.actions.server"].sudo().with_context(clean_context(self.env.context))
        kinds = Action._get_step_actions()
        for node in self:
            kind = kinds.get(node.action_state)
            if not kind and node.action_state not in (False, "other"):
                raise UserError(
                    self.env._("%(name)s is no action that a step can hold by itself.", name=node.action_state)
                )
            if node.kind != "action" or not kind:
                continue
            vals = {
                "name": node.name,
                "state": node.action_state,
                "model_id": self.env["ir.model"]._get_id(node._get_action_model()),
                "journey_node_id": node.id,
            }
            for name in kind.parameters:
                value = node[name]
                if isinstance(value, models.BaseModel):
                    value.sudo(self.env.su).check_access("read")  # nobody points at what they may not see
                vals[name] = node._fields[name].convert_to_write(value, node)
            if own := node._get_owned_actions():
                own.with_env(Action.env).write(vals)
            else:
                node.action_server_id = Action.create(vals)

    def _get_owned_actions(self):
        """Server actions that were made for these steps and go with them, with system rights."""
        return self.action_server_id.sudo().filtered(lambda action: action.journey_node_id in self._origin)

    def _check_action(self):
        """Nobody gets system rights by way of a journey. No constraint, since the host runs those with system rights.

        :raise AccessError: an action needs rights that the current user lacks
        """
        safe = {*SAFE_ACTION_STATES, *self.env["ir.actions.server"]._get_step_actions()}
        for node in self.filtered("action_server_id"):
            action = node.action_server_id.sudo()
            if action.journey_node_id and action.journey_node_id != node:
                raise AccessError(
                    self.env._("The server action %(action)s belongs to another step.", action=action.name)
                )
            if (
                not self.env.su
                and not self.env.user.has_group("base.group_system")
                and (action.state not in safe or action.evaluation_type == "equation")
            ):
                raise AccessError(
                    self.env._(
                        "Only a system administrator may use the server action %(action)s in a journey.",
                        action=action.name,
                    )
                )

    def write(self, vals):
        if vals.keys() - HARMLESS:
            self._check_action()  # a step that runs code is not aimed at others by who may not run it
        owned = self._get_owned_actions()
        result = super().write(vals)
        if "action_server_id" in vals:
            (owned - self.action_server_id.sudo()).unlink()
        if "people" in vals:
            for node in self:
                node._get_owned_actions().model_id = self.env["ir.model"]._get(node._get_action_model()).sudo()
        return result
