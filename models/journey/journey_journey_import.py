# Making a journey from JSON: everything is checked, then everything is made, or nothing.
import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from .journey_journey_export import (
    FORMAT,
    FORMAT_VERSION,
    NOT_EXPORTED,
    PLAIN,
    REFERENCE_DOMAINS,
    REFERENCES,
    SYSTEM_FIELDS,
)
from .journey_version import MAX_NODES


class JourneyJourney(models.Model):
    _inherit = "journey.journey"

    @api.model
    def import_data_dict(self, data):
        """Make a draft journey from what :meth:`export_data_dict` wrote. The current user answers for it; what needs
        system rights is refused to anybody else. All or nothing.

        :param dict data: as read from JSON; nothing in it is trusted
        :rtype: journey.journey
        :raise UserError: lists everything that is wrong, each with its place
        """
        self.check_access("create")
        problems = []
        plan = self._read_file(data, problems)
        if problems:
            raise UserError(self._list_problems(problems))
        with self.env.cr.savepoint():
            return self._make_from_plan(plan)

    def _list_problems(self, problems):
        return self.env._("The file cannot be imported:") + "\n- " + "\n- ".join(problems[:50])

    # Reading ------------------------------------------------------------------------------------------------------

    def _read_file(self, data, problems):
        """:return: the values to create, or ``None`` if the file is not one of ours"""
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            problems.append(self.env._("This is no file of a journey."))
            return None
        if data.get("version") != FORMAT_VERSION:
            problems.append(
                self.env._("The file has version %(version)s, which is not known here.", version=data.get("version"))
            )
            return None
        journey, nodes, edges = data.get("journey", {}), data.get("nodes", []), data.get("edges", [])
        for name, value, kind in (("journey", journey, dict), ("nodes", nodes, list), ("edges", edges, list)):
            if not isinstance(value, kind):
                problems.append(self.env._("“%(name)s” is of the wrong type.", name=name))
        if problems:
            return None
        if len(nodes) > MAX_NODES:
            problems.append(self.env._("A journey has %(count)s steps at most.", count=MAX_NODES))
            return None
        model = self._get_allowed_models().filtered(lambda model: model.model == journey.get("model"))
        if not model:
            problems.append(self.env._("journey: %(model)s cannot take part.", model=str(journey.get("model"))[:100]))
            return None
        where = self.env._("journey")
        plan = {"journey": self._read_values(self, journey, where, problems, {"model"}, model=model)}
        plan["journey"]["model_id"] = model.id
        plan["nodes"] = [self._read_node(node, number, model, problems) for number, node in enumerate(nodes, start=1)]
        keys = {node["key"] for node in plan["nodes"] if node}
        if len(keys) < len(nodes) and not problems:
            problems.append(self.env._("nodes: Two steps have the same key."))
        plan["edges"] = [self._read_edge(edge, number, keys, problems) for number, edge in enumerate(edges, start=1)]
        self._check_edges(plan["edges"], problems)
        return plan

    def _check_edges(self, edges, problems):
        """Only paths of a split share an outcome; the database would say it less clearly."""
        seen = set()
        for edge in filter(None, edges):
            outcome = edge["values"].get("outcome", "next")
            if outcome != "branch" and (edge["source"], outcome) in seen:
                problems.append(self.env._("%(where)s: The step has such a connection already.", where=edge["where"]))
            seen.add((edge["source"], outcome))

    def _read_node(self, data, number, model, problems):
        where = self.env._("step %(number)s", number=number)
        if not isinstance(data, dict) or not isinstance(data.get("key"), str) or not data["key"]:
            problems.append(self.env._("%(where)s: A step needs a key.", where=where))
            return None
        if isinstance(data.get("name"), str):
            where = self.env._("step %(number)s (%(name)s)", number=number, name=data["name"][:60])
        if data.get("kind") not in dict(self.env["journey.node"]._selection_kind()):
            problems.append(
                self.env._("%(where)s: The kind %(kind)s is not known.", where=where, kind=str(data.get("kind"))[:60])
            )
            return None
        Node = self.env["journey.node"]
        extra = {"key", "kind", "mailing", "action"}
        node = {"key": data["key"], "where": where}
        node["values"] = self._read_values(Node, data, where, problems, extra, model=model) | {"kind": data["kind"]}
        if data.get("mailing") is not None:
            node["mailing"] = self._read_mailing(data["mailing"], where, problems, model)
        if data.get("action") is not None:
            node["action"] = self._read_action(data["action"], where, problems, model)
        return node

    def _read_mailing(self, data, where, problems, model):
        """:return: a plan for :meth:`_make_mailing`: ``values`` of the mail, and of its ``cc`` slots"""
        where = self.env._("%(where)s, mail", where=where)
        if not isinstance(data, dict):
            problems.append(self.env._("%(where)s: This is no mail.", where=where))
            return None
        allowed = self._get_mailing_fields()
        Mailing = self.env["mailing.mailing"]
        values = self._read_values(Mailing, data, where, problems, {"cc"}, allowed=allowed, model=model)
        return {"values": values, "cc": self._read_slots(data.get("cc", []), where, problems)}

    def _read_slots(self, data, where, problems):
        """:return: values of CC slots"""
        if not isinstance(data, list) or not all(isinstance(slot, dict) for slot in data):
            problems.append(self.env._("%(where)s: A CC recipient is of the wrong type.", where=where))
            return []
        return [self._read_values(self.env["mailing.cc.slot"], slot, where, problems) for slot in data]

    def _read_action(self, data, where, problems, model):
        where = self.env._("%(where)s, action", where=where)
        if not isinstance(data, dict) or data.get("model") not in (model.model, "res.partner"):
            problems.append(self.env._("%(where)s: The action is for another kind of record.", where=where))
            return None
        system = self.env.user.has_group("base.group_system")
        # refused here to name them beside all other problems; the step itself refuses every action that is not harmless
        unsafe = data.get("state") in ("code", "webhook", "multi") or data.get("evaluation_type") == "equation"
        if not system and (unsafe or SYSTEM_FIELDS & data.keys()):
            problems.append(self.env._("%(where)s: Only a system administrator may import this action.", where=where))
            return None
        Action = self.env["ir.actions.server"].sudo()
        target = self.env["ir.model"]._get(data["model"])
        return self._read_values(Action, data, where, problems, {"model"}, model=target) | {"model_id": target.id}

    def _read_edge(self, data, number, keys, problems):
        where = self.env._("connection %(number)s", number=number)
        if not isinstance(data, dict) or any(
            not isinstance(data.get(end), str) or data[end] not in keys for end in ("source", "target")
        ):
            problems.append(
                self.env._("%(where)s: It does not lead from one step of the file to another.", where=where)
            )
            return None
        values = self._read_values(self.env["journey.edge"], data, where, problems, {"source", "target"})
        return {"where": where, "source": data["source"], "target": data["target"], "values": values}

    def _read_values(self, Model, data, where, problems, extra=(), allowed=None, model=None):
        """Check each value against its field.

        :return: values for ``create``
        """
        if allowed is None:
            allowed = {field.name for field in self._get_portable_fields(Model)}
        values = {}
        for name, value in data.items():
            if name in extra:
                continue
            if name not in allowed or name in NOT_EXPORTED.get(Model._name, ()):
                problems.append(self.env._("%(where)s: “%(name)s” is not known.", where=where, name=str(name)[:60]))
                continue
            field = Model._fields[name]
            try:
                values[name] = self._read_value(Model, field, value, model)
            except (ValueError, TypeError, OverflowError) as error:
                problems.append(
                    self.env._("%(where)s: “%(name)s”: %(error)s", where=where, name=name, error=str(error)[:200])
                )
        required = [name for name in ("name", "subject") if name in allowed and name in Model._fields]
        for name in required:
            if Model._fields[name].required and not values.get(name) and not Model._fields[name].compute:
                problems.append(self.env._("%(where)s: “%(name)s” is missing.", where=where, name=name))
        return values

    def _read_value(self, Model, field, value, model):
        """:raise ValueError: the value does not fit the field"""
        wrong = ValueError(self.env._("The value does not fit."))
        if field.type in ("many2one", "many2many"):
            names = value if field.type == "many2many" else [value] if value else []
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise wrong
            ids = [self._find_reference(field, name, model) for name in names]
            return [(6, 0, ids)] if field.type == "many2many" else ids[0] if ids else False
        if field.type not in PLAIN:
            raise wrong
        if value is False or value is None:
            return False
        if field.type == "boolean":
            fits = value is True
        elif field.type in ("integer", "float"):
            fits = type(value) is int or (field.type == "float" and type(value) is float)
            fits = fits and abs(value) < 2**31
        elif field.type == "selection":
            fits = value in field.get_values(self.env)
        else:
            fits = isinstance(value, str) and "\0" not in value
        if not fits:
            raise wrong
        if field.type in ("date", "datetime"):
            (fields.Date if field.type == "date" else fields.Datetime).to_datetime(value)
        return value

    def _find_reference(self, field, name, model):
        """:raise ValueError: no record, or several, have this name"""
        key = REFERENCES[field.comodel_name]
        domain = [(key, "=", name), *REFERENCE_DOMAINS.get(field.comodel_name, [])]
        if field.comodel_name == "ir.model.fields":
            domain.append(("model_id", "=", model.id if model else 0))
        Comodel = self.env[field.comodel_name]
        # names of fields and models are no secret; everything else is found if the user may read it
        found = (Comodel.sudo() if field.comodel_name.startswith("ir.model") else Comodel).search(domain, limit=2)
        label = self.env["ir.model"]._get(field.comodel_name).name
        if not found:
            raise ValueError(self.env._("There is no %(model)s “%(name)s” here.", model=label, name=name[:100]))
        if len(found) > 1:
            raise ValueError(
                self.env._("Several records of %(model)s are named “%(name)s”.", model=label, name=name[:100])
            )
        return found.id

    # Making -------------------------------------------------------------------------------------------------------

    def _make_from_plan(self, plan):
        journey = self._make_at(self.env._("journey"), lambda: self.create(plan["journey"]))
        nodes = {}
        for node in plan["nodes"]:
            nodes[node["key"]] = self._make_at(node["where"], lambda node=node: self._make_node(journey, node))
        for edge in plan["edges"]:
            values = edge["values"] | {"source_id": nodes[edge["source"]].id, "target_id": nodes[edge["target"]].id}
            self._make_at(edge["where"], lambda values=values: self.env["journey.edge"].create(values))
        return journey

    def _make_at(self, where, make):
        """:raise UserError: as ``make`` does, or as the database refuses what it made, with the place"""
        try:
            with self.env.cr.savepoint():
                return make()
        except psycopg2.IntegrityError as error:
            names = (name for name, Model in self.env.registry.items() if Model._table == error.diag.table_name)
            text = self.env[next(names, self._name)]._sql_error_to_message(error)
            raise UserError(self._list_problems([f"{where}: {text}"])) from error
        except (UserError, ValueError, TypeError) as error:
            raise UserError(self._list_problems([f"{where}: {error}"])) from error

    def _make_node(self, journey, plan):
        values = plan["values"] | {"version_id": journey.draft_version_id.id}
        node = self.env["journey.node"].create(values)
        if plan.get("mailing"):
            self._make_mailing(node.mailing_id, plan["mailing"])
        if action_values := plan.get("action"):
            # made with system rights, since nobody else makes actions; what it may be was checked when it was read,
            # and the step checks it once more
            action = self.env["ir.actions.server"].sudo().create(action_values | {"journey_node_id": node.id})
            node.action_server_id = action.with_env(self.env)
        return node

    def _make_mailing(self, mailing, plan):
        """Write what a file says of a step's mail on it."""
        mailing.write(plan["values"] | {"cc_slot_ids": [fields.Command.create(slot) for slot in plan["cc"]]})
