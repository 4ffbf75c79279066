# The stage of a buying group: where it stands, how it moves, and whose word counts.
import datetime as dt
import math

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...tools.domains import MAX_ID
from ...tools.numbers import get_number
from .buying_group_member import RANK

# the stage each source decided against last; nobody of lower rank brings a group back there
LEFT_BY = {"manual": "stage_left_manual_id", "journey": "stage_left_journey_id"}
# set by a move, and by nothing else
MOVE_FIELDS = {"stage_date", "stage_source", *LEFT_BY.values()}
# what makes up the place of a group
TAKEN = ("stage_id", "stage_date", "stage_source", *LEFT_BY.values())
MAX_DAYS = 100_000  # beyond any stay in a stage, and within what dates can hold
MANY = 3  # names of groups in one message


class BuyingGroup(models.Model):
    """The stage of a group, one of the stages of its solution's stage model, or none.

    From no stage a group may take an entry stage only; from a stage only those that its transitions allow (Adobe
    Journey Optimizer B2B Edition, buying group stages). People may also take the stage away. There is one door,
    :meth:`set_stage`; a direct write or create of ``stage_id`` goes through it as a person's decision.

    What a person decided outranks a journey, which outranks nightly rules: nobody of lower rank moves a group back to
    the stage out of which the last decision of a higher rank moved it. A newer decision of the same or a higher rank
    replaces that memory.
    """

    _inherit = "buying.group"

    stage_model_id = fields.Many2one(related="solution_id.stage_model_id", string="Stage Model")
    stage_id = fields.Many2one(
        "buying.stage",
        index="btree_not_null",
        copy=False,
        ondelete="restrict",
        tracking=True,
        group_expand="_group_expand_stage_id",
        domain="[('model_id', '=', stage_model_id)]",
    )
    stage_destination = fields.Selection(related="stage_id.destination", string="Destination")
    stage_date = fields.Datetime("In Stage Since", copy=False, readonly=True)
    days_in_stage = fields.Integer(
        compute="_compute_days_in_stage",
        search="_search_days_in_stage",
        help="Whole days since the group entered its stage.",
    )
    stage_source = fields.Selection(
        [("manual", "By Hand"), ("journey", "Journey"), ("system", "Rule")],
        "Stage Set By",
        copy=False,
        readonly=True,
        help="Who decided last. A person outranks a journey, and a journey outranks a nightly job.",
    )
    stage_left_manual_id = fields.Many2one(
        "buying.stage", "Stage Left by Hand", copy=False, readonly=True, ondelete="set null"
    )
    stage_left_journey_id = fields.Many2one(
        "buying.stage", "Stage Left by a Journey", copy=False, readonly=True, ondelete="set null"
    )

    @api.depends("stage_date")
    def _compute_days_in_stage(self):
        now = fields.Datetime.now()
        for group in self:
            group.days_in_stage = (now - group.stage_date).days if group.stage_date else 0

    def _search_days_in_stage(self, operator, value):
        """:raise UserError: the value is no number"""
        now = fields.Datetime.now()
        name = self._fields["days_in_stage"]._description_string(self.env)

        def since(days):
            """At least so many whole days; a group without a stage has been in it for none."""
            days = max(-MAX_DAYS, min(MAX_DAYS, days))
            domain = Domain("stage_date", "<=", now - dt.timedelta(days=days))
            return domain | Domain("stage_date", "=", False) if days <= 0 else domain

        if operator == "in":
            numbers = {get_number(self.env, number, name) for number in value}
            return Domain.OR(
                since(days) & ~since(days + 1) for days in numbers if abs(days) < MAX_DAYS and days == int(days)
            )
        if operator not in (">=", "<", ">", "<="):
            return NotImplemented
        days = max(-MAX_DAYS, min(MAX_DAYS, get_number(self.env, value, name)))
        domain = since(math.ceil(days) if operator in (">=", "<") else math.floor(days) + 1)
        return domain if operator in (">=", ">") else ~domain

    @api.model
    def _group_expand_stage_id(self, stages, domain):
        """All stages of the models that the groups in sight use, so that a kanban shows the empty ones, too."""
        solutions = self.env["buying.solution"].union(
            *(solution for (solution,) in self._read_group(domain, ["solution_id"]))
        )
        solutions |= solutions.browse(self.env.context.get("default_solution_id") or False)
        return stages.search(
            Domain("id", "in", stages.ids) | Domain("model_id", "in", solutions.sudo().stage_model_id.ids)
        )

    @api.model
    def web_read_group(self, domain, groupby, *args, auto_unfold=False, opening_info=None, **kwargs):
        """The groups that have no stage yet are shown at once: there is much to do about them, and where nobody uses
        stages they are all there is. The host folds them."""
        if auto_unfold and not opening_info and list(groupby) == ["stage_id"]:
            limit = kwargs.get("unfold_read_default_limit", 80)
            opening_info = [{"value": False, "folded": False, "offset": 0, "limit": limit}]
        return super().web_read_group(
            domain, groupby, *args, auto_unfold=auto_unfold, opening_info=opening_info, **kwargs
        )

    @api.model_create_multi
    def create(self, vals_list):
        default = self.default_get(["stage_id"]).get("stage_id")
        wanted = [vals.get("stage_id", default) for vals in vals_list]
        blank = dict.fromkeys({"stage_id", *MOVE_FIELDS}, False)  # whatever values or defaults say
        groups = super().create([vals | blank for vals in vals_list])
        by_stage = {}
        for group, stage_id in zip(groups, wanted, strict=True):
            if stage_id:
                by_stage.setdefault(stage_id, []).append(group.id)
        for stage_id, ids in by_stage.items():
            self.browse(ids)._move_to_stage(self._as_stage(stage_id), "manual")
        return groups

    def write(self, vals):
        if MOVE_FIELDS & vals.keys():
            if not self.env.su:
                raise UserError(self.env._("When and how a group came to its stage is noted when it moves."))
            return super().write(vals)  # the move itself, below
        result = True
        rest = {name: value for name, value in vals.items() if name != "stage_id"}
        if rest or not vals:
            result = super().write(rest)
        if "solution_id" in vals:
            self._follow_stage_model()
        if "stage_id" in vals:
            self._move_to_stage(self._as_stage(vals["stage_id"]), "manual")
        return result

    @api.model
    def _get_left_stage_fields(self):
        """``{source: name of the field with the stage that it decided against last}``"""
        return LEFT_BY

    def _take_stage_from(self, group):
        """Stand where another group stands, as if it had moved here itself; used when groups are merged."""
        return self.sudo().write({name: group[name].id if "id" in name else group[name] for name in TAKEN})

    def set_stage(self, stage, source="manual"):
        """Move these groups to a stage, if the stage model allows it and nobody of higher rank decided against it.

        :param stage: one ``buying.stage`` or its id; ``False`` takes the stage away, which only people may do
        :param str source: ``manual`` (a person), ``journey`` or ``system`` (nightly rules)
        :return: whether every one of the groups moved. A group that stands in the stage already does not move, which
            is no error. Of a journey or a nightly rule, a move that is not allowed is not made but noted in the
            group's chatter; the other groups move
        :rtype: bool
        :raise UserError: by hand: a move is not allowed; says why and what is. Nothing is moved then
        :raise AccessError: the current user may only see the stages (sales), or not change the groups
        """
        moved = self._move_to_stage(self._as_stage(stage), source)
        return bool(self) and moved == self

    def _as_stage(self, value):
        """:raise UserError: the value is neither one stage nor empty"""
        Stage = self.env["buying.stage"]
        if isinstance(value, models.BaseModel):
            ids = value.ids if value._name == Stage._name else [None]
        else:
            ids = list(value) if isinstance(value, (list, tuple)) else [value] if value else []
        if (
            len(ids) > 1
            or not all(type(id_) is int and 0 < id_ <= MAX_ID for id_ in ids)
            or (ids and not Stage.browse(ids).exists())
        ):
            raise UserError(self.env._("Choose one stage that exists."))
        stage = Stage.browse(ids)
        stage.check_access("read")
        return stage

    def _move_to_stage(self, stage, source):
        """What :meth:`set_stage` does, for all groups at once: they cost statements by the hundred only.

        :return: the groups that moved
        :rtype: buying.group
        """
        if not isinstance(source, str) or source not in RANK:
            raise UserError(self.env._("%(name)s is no known source of a stage.", name=source))
        self.check_access("write")
        going = self.filtered(lambda group: group.stage_id != stage)
        if not going:
            return going
        if not self.env.su and not self.env.user.has_group("crm_buying_journey.group_user"):
            raise AccessError(
                self.env._("Sales may see the stage of a buying group but not change it. Ask a user of marketing.")
            )
        reasons = {
            group.id: reason for group in going.sudo() if (reason := group._get_stage_refusal(stage.sudo(), source))
        }
        if reasons:
            refused = going.browse(reasons)
            if source == "manual":
                raise UserError(refused._get_refusal_message(reasons))
            refused._message_log_batch(
                {
                    group_id: self.env._("The stage was not set to %(stage)s. %(reason)s", stage=stage.name, reason=why)
                    if stage
                    else why
                    for group_id, why in reasons.items()
                }
            )
            going -= refused
        changes = [(group, group.stage_id, stage) for group in going]
        for old, groups in going.grouped("stage_id").items():
            vals = {"stage_id": stage.id, "stage_source": source, "stage_date": fields.Datetime.now()}
            if source in LEFT_BY:
                vals[LEFT_BY[source]] = old.id
            # what those of lower rank decided against before is past
            vals |= {name: False for other, name in LEFT_BY.items() if RANK[other] < RANK[source]}
            groups._write_move(vals)
        if changes:
            self._log_stage_changes(changes, source)
            self._on_stage_changed(changes, source)
        return going

    def _write_move(self, vals):
        """Write a move that was checked; it is logged for all groups at once instead of by the host, one by one."""
        self.sudo().with_context(tracking_disable=True).write(vals)

    def _get_stage_refusal(self, stage, source):
        """Why this group may not move to ``stage``, in words, or ``False``. Call it with system rights."""
        self.ensure_one()
        old, model = self.stage_id, self.stage_model_id
        if not stage:
            return source != "manual" and self.env._("Only people may take a group out of its stage.")
        if not model:
            return self.env._("The solution %(solution)s has no stage model.", solution=self.solution_id.name)
        if stage.model_id != model:
            return self.env._(
                "%(stage)s is not a stage of %(model)s, which the solution %(solution)s uses.",
                stage=stage.name,
                model=model.name,
                solution=self.solution_id.name,
            )
        allowed = old.allowed_stage_ids if old else model.stage_ids.filtered("is_entry")
        if stage not in allowed:
            names = ", ".join(allowed.sorted().mapped("name"))
            if not old:
                return self.env._(
                    "A group without a stage cannot begin at %(stage)s. Allowed: %(allowed)s.",
                    stage=stage.name,
                    allowed=names,
                )
            if not allowed:
                return self.env._("%(old)s is final: no stage follows it.", old=old.name)
            return self.env._(
                "%(old)s may not be followed by %(stage)s. Allowed: %(allowed)s.",
                old=old.name,
                stage=stage.name,
                allowed=names,
            )
        if RANK[source] < RANK["manual"] and self.stage_left_manual_id == stage:
            return self.env._("Somebody moved the group out of %(stage)s by hand.", stage=stage.name)
        if RANK[source] < RANK["journey"] and self.stage_left_journey_id == stage:
            return self.env._("A journey moved the group out of %(stage)s.", stage=stage.name)
        return False

    def _get_refusal_message(self, reasons):
        """One line per reason, with the first few groups it concerns."""
        lines = []
        for reason, groups in self.grouped(lambda group: reasons[group.id]).items():
            names = ", ".join(groups[:MANY].mapped("display_name"))
            if len(groups) > MANY:
                names = self.env._("%(groups)s and %(count)s more", groups=names, count=len(groups) - MANY)
            lines.append(f"{names}: {reason}")
        return self.env._("The stage cannot be changed like this.") + "\n" + "\n".join(lines)

    def _log_stage_changes(self, changes, source):
        """Note the moves in the chatter as the host's tracking would, but with the same few statements for all."""
        if self.env.context.get("tracking_disable"):
            return
        body = {
            "journey": self.env._("Moved by a journey."),
            "system": self.env._("Moved by an automatic rule."),
        }.get(source, "")
        groups = self.browse([group.id for group, _old, _new in changes])
        messages = groups._message_log_batch(dict.fromkeys(groups.ids, body))
        message_of = {message.res_id: message.id for message in messages}
        info = self.fields_get(["stage_id"], ["string", "type", "selection"])["stage_id"]
        Value = self.env["mail.tracking.value"].sudo()
        Value.create(
            [
                Value._create_tracking_values(old, new, "stage_id", info, group)
                | {"mail_message_id": message_of[group.id]}
                for group, old, new in changes
            ]
        )

    def _on_stage_changed(self, changes, source):
        """Hook for higher rooms: called once after groups moved.

        :param list changes: ``(group, old stage, new stage)`` tuples; a stage may be empty
        :param str source: manual, journey or system
        """

    def _follow_stage_model(self):
        """Bring groups that stand in a stage of another model than their solution's into its stage of the same name.

        Where there is none, the group has no stage any more. The chatter says which. What was decided before about
        the old stages is forgotten.
        """
        changes, bodies = [], {}
        staged = self.sudo().filtered("stage_id")
        strangers = staged.filtered(lambda group: group.stage_id.model_id != group.stage_model_id)
        for (model, old), groups in strangers.grouped(lambda group: (group.stage_model_id, group.stage_id)).items():
            new = model.stage_ids.filtered(lambda stage, old=old: stage.name.lower() == old.name.lower())[:1]
            vals = {"stage_id": new.id, **dict.fromkeys(LEFT_BY.values(), False)}
            if not new:
                vals |= {"stage_date": fields.Datetime.now(), "stage_source": "system"}
                changes += [(group.with_env(self.env), old, new) for group in groups]
            groups._write_move(vals)
            names = {"model": model.name, "stage": old.name}
            if new:
                body = self.env._("The solution uses the stages of %(model)s now. The stage stays %(stage)s.", **names)
            elif model:
                body = self.env._(
                    "The solution uses the stages of %(model)s now. %(stage)s is none of them, so the group has no "
                    "stage any more.",
                    **names,
                )
            else:
                body = self.env._("The solution uses no stages any more. The stage was %(stage)s.", **names)
            bodies |= dict.fromkeys(groups.ids, body)
        if bodies:
            self.browse(bodies)._message_log_batch(bodies)
        if changes:
            self._on_stage_changed(changes, "system")
