# Editing the graph of a draft: adding, copying and numbering steps, so that each edit leaves a graph in order.
from contextlib import contextmanager
from dataclasses import dataclass

from odoo import models
from odoo.exceptions import UserError

from .kinds.journey_kind_people_split import KINDS as PEOPLE_KINDS


@dataclass
class Place:
    """Where steps are put: behind ``source`` by ``outcome``, on ``edge`` if it exists; without source, at the start."""

    source: models.BaseModel
    outcome: str | None
    edge: models.BaseModel
    following: models.BaseModel


class JourneyVersion(models.Model):
    _inherit = "journey.version"

    def add_step(self, values, after=None, outcome=None, edge=None):
        """Add a step to a draft. What followed at that place follows the new step by its main way out.

        :param dict values: values of ``journey.node``, with ``name`` and ``kind`` at least
        :param after: the step (or its id) that the new one follows; neither this nor ``edge``: the new one comes first
        :param str outcome: by which way out of ``after``: ``next``, ``branch`` (a new path), ``default``, ``timeout``
            or ``error``; the main one unless it is given
        :param edge: the connection (or its id) to put the new step on
        :rtype: journey.node
        :raise UserError: the version is published, the place is not there, or the graph would not be in order, e.g.
            because nothing can follow the new step
        """
        with self._edited():
            values = {key: value for key, value in values.items() if key not in ("version_id", "sequence")}
            place = self._get_place(after, outcome, edge)
            if place.source and self._is_for_people(place):
                values["people"] = "people"
            node = self.env["journey.node"].create(values | {"version_id": self.id, "sequence": 0})
            self._put(place, node, node)
        return node

    def copy_steps(self, nodes, after=None, outcome=None, edge=None):
        """Copy a part of a graph, with its mails and actions, to a place in this draft.

        :param nodes: steps (or their ids) of one version, which may be another one, of journeys for the same records;
            one of them must lead to all others
        :param after, outcome, edge: as in :meth:`add_step`
        :return: the copies, the first one first
        :rtype: journey.node
        :raise UserError: see :meth:`add_step`; or the steps do not hang together, or are for other records
        """
        nodes = self._browse("journey.node", nodes)
        with self._edited():
            if not nodes or len(nodes.version_id) > 1:
                raise UserError(self.env._("Choose steps of one journey to copy."))
            if nodes.version_id.journey_id.model_name != self.journey_id.model_name:
                raise UserError(self.env._("Steps can be copied between journeys for the same records only."))
            place = self._get_place(after, outcome, edge)
            first = nodes._get_first()
            copies = {node: node.copy({"version_id": self.id, "sequence": 0}) for node in nodes}
            inner = nodes.out_edge_ids.filtered(lambda edge: edge.target_id in nodes)
            self.env["journey.edge"].create(
                [
                    edge._get_graph_values()
                    | {"source_id": copies[edge.source_id].id, "target_id": copies[edge.target_id].id}
                    for edge in inner
                ]
            )
            made = copies[first].concat(*(copies[node] for node in nodes if node != first))
            # paths whose steps were not copied keep their conditions, and lead to what follows
            outer = nodes.out_edge_ids - inner
            self._lead_on(
                [(copies[edge.source_id], edge) for edge in outer if edge.outcome == "branch"], place.following
            )
            self._put(place, made[0], made)
        return made

    # Places -------------------------------------------------------------------------------------------------------

    def _browse(self, model_name, records):
        """Records given as such, or as ids, as the web client does.

        :raise AccessError: the current user may not read them
        :raise UserError: they do not exist
        """
        if records is None or records is False:
            return self.env[model_name]
        if isinstance(records, models.BaseModel):
            found = records.with_env(self.env)
        else:
            ids = records if isinstance(records, (list, tuple)) else [records]
            if not all(type(record_id) is int for record_id in ids):
                raise UserError(self.env._("Steps and connections are given by their ids."))
            found = self.env[model_name].browse(ids)
        if found._name != model_name or found.exists() != found:
            raise UserError(self.env._("This step or connection does not exist any more. Reload the page."))
        found.check_access("read")
        return found

    def _get_place(self, after, outcome, edge):
        """:raise UserError: there is no such place in this version"""
        Edge = self.env["journey.edge"]
        source, edge = self._browse("journey.node", after), self._browse("journey.edge", edge)
        if (source | edge.source_id).version_id - self or (edge and source and edge.source_id != source):
            raise UserError(self.env._("This place is in another version or behind another step."))
        if edge:
            return Place(edge.source_id, edge.outcome, edge, edge.target_id)
        if not source:
            start = self._get_start_node() if self.node_ids else self.env["journey.node"]
            return Place(source, None, Edge, start)
        outcome = outcome or source._get_main_outcome()
        if outcome not in source._get_allowed_outcomes():
            raise UserError(self.env._("Nothing can follow “%(step)s” in this way.", step=source.name))
        if outcome != "branch":  # of paths there may be several: this is a new one
            edge = source.out_edge_ids.filtered(lambda edge: edge.outcome == outcome)
        return Place(source, outcome, edge, edge.target_id)

    def _is_for_people(self, place):
        """Whether this place lies on a path for some people."""
        source = place.source
        if source.kind == "people_split" and place.outcome in ("branch", "default"):
            return True
        return bool(source._get_people_split())

    def _get_kinds_for(self, place):
        """Kinds of steps that can stand at a place.

        :rtype: list[str]
        """
        kinds = [kind for kind, _label in self.env["journey.node"]._selection_kind()]
        if place.source and self._is_for_people(place):
            kinds = [kind for kind in kinds if kind in PEOPLE_KINDS]
        if place.following:
            kinds = [kind for kind in kinds if self.env[f"journey.kind.{kind}"]._outcomes]
        return kinds

    def _put(self, place, first, steps):
        """Put connected steps to a place; what followed there follows those that lead nowhere yet."""
        if place.edge:
            place.edge.target_id = first
        elif place.source:
            first._connect_from(place.source, place.outcome)
        following = place.following
        if not following:
            return
        open_ends = steps._get_open_ends()
        if not open_ends:
            raise UserError(
                self.env._(
                    "Nothing can follow “%(step)s”, so it cannot come before “%(following)s”.",
                    step=first.name,
                    following=following.name,
                )
            )
        for node in open_ends:
            node._get_kind()._connect(node, following)

    def _lead_on(self, paths, following):
        """Copy paths that led out of a part: to what follows the copies, else to an end of their own.

        :param list paths: ``(new source, edge to copy)``
        """
        if paths and not following:
            following = self.env["journey.node"].create(
                {"version_id": self.id, "name": self.env._("End"), "kind": "end", "sequence": 0}
            )
        self.env["journey.edge"].create(
            [edge._get_graph_values() | {"source_id": source.id, "target_id": following.id} for source, edge in paths]
        )

    # Order --------------------------------------------------------------------------------------------------------

    @contextmanager
    def _edited(self):
        """Around each edit: only who may, only drafts, and all or nothing.

        :raise UserError: the edit would put the graph out of order; what was out of order before is no hindrance
        """
        self.ensure_one()
        self.check_access("read")
        self.env["journey.node"].check_access("write")
        self.journey_id.check_access("write")
        self._check_draft()
        self._forget_graph()
        before, starts = set(map(str, self._get_shape_errors())), self._get_starts()
        with self.env.cr.savepoint():
            yield
            self.env.flush_all()
            self._forget_graph()
            errors = [error for error in self._get_shape_errors() if str(error) not in before]
            if len(starts) > 1 and self._get_starts() <= starts:  # one loose step less is no new error
                errors = [error for error in errors if error not in self._get_start_errors()]
            if errors:
                raise UserError("\n".join(errors))
            self._check_size()
            self._number_steps()

    def _forget_graph(self):
        self.invalidate_recordset(["node_ids", "edge_ids"])
        self.env["journey.node"].invalidate_model(["out_edge_ids", "in_edge_ids", "next_id"])

    def _number_steps(self):
        """Let the order of the list follow the paths: each one below the step that it leaves."""
        for version in self:
            for place, node in enumerate(version._get_order(), start=1):
                if node.sequence != place * 10:
                    node.sudo().sequence = place * 10
            version.invalidate_recordset(["node_ids"])

    def _get_order(self):
        """The steps in the order in which they are read: a path, from the top, as far as others meet it, then the next.

        :rtype: list[journey.node]
        """
        self.ensure_one()
        nodes = self.node_ids.sorted(lambda node: (node.sequence, node.id))
        targets = {node: node._get_targets_in_order() for node in nodes}
        entered = {target for ends in targets.values() for target in ends}
        order, done = [], set()
        # those without anything before them, then what only a circle leads to; not each step: a path that was added
        # below others would be read above them
        roots, reached = [], nodes.browse()
        for node in [*(node for node in nodes if node not in entered), *nodes]:
            if node not in reached:
                roots.append(node)
                reached |= nodes._get_reachable(node, reached)
        for root in reversed(roots):
            stack = [(root, iter(reversed(targets[root])))] if root not in done else []
            done.add(root)
            while stack:
                node, left = stack[-1]
                for target in left:
                    if target not in done and target in targets:
                        done.add(target)
                        stack.append((target, iter(reversed(targets[target]))))
                        break
                else:
                    order.append(node)
                    stack.pop()
        return order[::-1]


class JourneyEdge(models.Model):
    _inherit = "journey.edge"

    def delete_path(self, with_following=False):
        """Delete a connection of a draft.

        :param bool with_following: whether the steps that only it leads to are deleted as well
        :return: ``True``
        :raise UserError: the version is published, or steps would be left that nothing leads to
        """
        self.ensure_one()
        self.check_access("read")
        version = self.version_id
        with version._edited():
            target, source = self.target_id, self.source_id
            self.unlink()
            version._forget_graph()
            if with_following:
                start = source._get_reachable(version._get_start_node() or source, source.browse())
                gone = target._get_reachable(target, target.browse()) - start
                gone.with_context(journey_paths_decided=True).unlink()
        return True


class JourneyNode(models.Model):
    _inherit = "journey.node"

    def _connect_from(self, source, outcome):
        """:rtype: journey.edge"""
        self.ensure_one()
        paths = source.out_edge_ids
        return self.env["journey.edge"].create(
            {
                "source_id": source.id,
                "target_id": self.id,
                "outcome": outcome,
                "sequence": max(paths.mapped("sequence"), default=0) + 10,
            }
        )

    def _get_targets_in_order(self):
        """What this step leads to, in the order in which it is read: main way first, errors last.

        :rtype: list[journey.node]
        """
        self.ensure_one()
        # the steps of a split's paths come before what follows the split
        ranks = {"branch": 0, "default": 1, "next": 2, "timeout": 3, "error": 4}
        if self.kind == "listen":
            ranks["next"] = -1
        edges = self.out_edge_ids.sorted(lambda edge: (ranks[edge.outcome], edge.sequence, edge.id))
        return list(edges.target_id)

    def _get_allowed_outcomes(self):
        """Ways out that this step may have.

        :rtype: tuple[str]
        """
        self.ensure_one()
        outcomes = self._get_kind()._outcomes
        return (*outcomes, "error") if outcomes else ()

    def _get_main_outcome(self):
        """The way out by which a step follows unless another one is asked for."""
        outcomes = self._get_kind()._outcomes
        return next((outcome for outcome in ("next", "default", "branch") if outcome in outcomes), None)

    def _has_main_way(self):
        """Whether something follows this step already, by any way but in case of an error or of silence."""
        outcomes = self._get_kind()._outcomes
        main = ("next",) if "next" in outcomes else ("default", "branch")
        return bool(self.out_edge_ids.filtered(lambda edge: edge.outcome in main))

    def _get_open_ends(self):
        """Of these steps, those that something could follow, but nothing does. Paths for people end by themselves.

        :rtype: journey.node
        """
        ends = self.filtered(lambda node: node._get_kind()._outcomes and not node._has_main_way())
        for split in self.filtered(lambda node: node.kind == "people_split"):
            ends -= ends._get_people_paths(split)
        return ends

    def _get_first(self):
        """Of steps of one version, the one that leads to all others of them.

        :raise UserError: there is none, so they do not hang together
        """
        outside = self.version_id.node_ids - self
        for node in self - self.out_edge_ids.target_id or self.filtered(
            lambda node: not node.in_edge_ids or node.in_edge_ids.source_id & outside
        ):
            if self <= node._get_reachable(node, outside):
                return node
        raise UserError(self.env._("These steps do not hang together: one of them must lead to all others."))
