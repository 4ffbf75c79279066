# Editing the graph of a draft from a step: connecting, moving, changing its kind, deleting.
from odoo import fields, models
from odoo.exceptions import UserError


class JourneyNode(models.Model):
    _inherit = "journey.node"

    def connect(self, target, outcome=None, edge=None, values=None):
        """Let a step of a draft lead to another one.

        :param target: the step (or its id) to lead to
        :param str outcome: by which way out, see :meth:`journey.version.add_step`; ``branch`` makes a new path
        :param edge: a connection of this step (or its id) that shall lead there instead of where it led
        :param dict values: more values of ``journey.edge``, e.g. ``name``, ``domain`` or ``percent``
        :rtype: journey.edge
        :raise UserError: the graph would not be in order, see :meth:`journey.version.add_step`
        """
        self.ensure_one()
        self.check_access("read")
        version = self.version_id
        target = version._browse("journey.node", target)
        values = {
            key: value for key, value in (values or {}).items() if key not in ("source_id", "target_id", "outcome")
        }
        with version._edited():
            if len(target) != 1:
                raise UserError(self.env._("Choose the step to lead to."))
            place = version._get_place(self, outcome, edge)
            if place.edge:
                place.edge.write(values | {"target_id": target.id})
                return place.edge
            made = target._connect_from(self, place.outcome)
            made.write(values)
            return made

    def move_step(self, after=None, outcome=None, edge=None):
        """Move a step, with the steps on its paths, to another place of its draft. What came before it leads to what
        followed it.

        :param after, outcome, edge: where to, as in :meth:`journey.version.add_step`
        :return: ``True``
        :raise UserError: the place is inside what moves, or the graph would not be in order
        """
        self.ensure_one()
        self.check_access("read")
        version = self.version_id
        with version._edited():
            place = version._get_place(after, outcome, edge)
            if not place.source and place.following == self:
                return True  # it comes first already
            if place.edge and place.edge.target_id == self:
                return True  # it stands there already
            block, following = self._get_block()
            if place.source in block:
                raise UserError(self.env._("A step cannot come after itself or after what moves along with it."))
            exits = block.out_edge_ids.filtered(lambda edge: following and edge.target_id == following)
            for entering in self.in_edge_ids.filtered(lambda edge: edge.source_id not in block):
                if following:
                    entering.target_id = following
                else:
                    entering.unlink()
            version._forget_graph()
            place = version._get_place(after, outcome, edge) if not place.edge else place
            place.following = place.edge.target_id or place.following
            if place.edge:
                place.edge.target_id = self
            elif place.source:
                self._connect_from(place.source, place.outcome)
            self._redirect(version, block, exits, place.following)
        return True

    def _redirect(self, version, block, exits, following):
        """Lead the ways out of what moved on to what follows it now."""
        if following:
            exits.target_id = following
            open_ends = block._get_open_ends()
            if not exits and not open_ends:
                raise UserError(
                    self.env._(
                        "Nothing can follow “%(step)s”, so it cannot come before “%(following)s”.",
                        step=self.name,
                        following=following.name,
                    )
                )
            for node in open_ends:
                node._get_kind()._connect(node, following)
            return
        paths = exits.filtered(lambda edge: edge.outcome == "branch")
        if paths:  # a path with a condition must lead somewhere
            paths.target_id = self.create(
                {"version_id": version.id, "name": self.env._("End"), "kind": "end", "sequence": 0}
            )
        (exits - paths).unlink()

    def change_kind(self, kind):
        """Replace a step of a draft by one of another kind at the same place, with the same name. Paths are kept where
        the new kind has them; mail, action and other parameters of the former kind go.

        :param str kind: e.g. ``wait``
        :return: the step that stands there now
        :rtype: journey.node
        :raise UserError: the kind is unknown, or what follows does not fit it
        """
        self.ensure_one()
        self.check_access("read")
        if kind == self.kind:
            return self
        if kind not in dict(self._selection_kind()):
            raise UserError(self.env._("%(kind)s is no kind of step.", kind=str(kind)[:60]))
        version = self.version_id
        with version._edited():
            made = self.create(
                {
                    "version_id": version.id,
                    "name": self.name,
                    "kind": kind,
                    "sequence": self.sequence,
                    "people": self.people,
                    "role_ids": [fields.Command.set(self.role_ids.ids)],
                }
            )
            self._hand_over_ways_out(made)
            self.in_edge_ids.target_id = made
            self.with_context(journey_paths_decided=True).unlink()
        return made

    def _hand_over_ways_out(self, made):
        """:raise UserError: there are more ways out than ``made`` can have"""
        allowed, main = made._get_allowed_outcomes(), made._get_main_outcome()
        ways = self.out_edge_ids.sorted(lambda edge: (edge.sequence, edge.id))
        if ways and not allowed:
            raise UserError(
                self.env._("Delete what follows “%(step)s” first: nothing can follow an end.", step=self.name)
            )
        misfits = ways.filtered(lambda edge: edge.outcome not in allowed)
        if "branch" in allowed and len(misfits) > 1 and main != "next":
            main = "branch"
        taken = set(ways.mapped("outcome")) - {"branch"} - set(misfits.mapped("outcome"))
        if misfits and (main in taken or (main != "branch" and len(misfits.target_id) > 1)):
            raise UserError(
                self.env._(
                    "“%(step)s” has several paths, and only one of them can be kept. Delete the others first.",
                    step=self.name,
                )
            )
        if main != "branch":
            misfits[1:].unlink()  # they lead where the first one leads
            misfits = misfits[:1]
        misfits.outcome = main
        ways.exists().source_id = made
        if made.kind == "variant":
            paths = made._get_kind()._get_paths(made)
            share, rest = divmod(100, len(paths) or 1)
            for number, path in enumerate(paths):
                path.percent = share + (number < rest)

    def delete_step(self, with_following=False):
        """Delete a step of a draft.

        :param bool with_following: delete what only this step leads to as well; else what came before it leads to what
            followed it, and of several paths the main one is kept
        :return: ``True``
        :raise UserError: the version is published, or the graph would not be in order
        """
        self.ensure_one()
        self.check_access("read")
        version = self.version_id
        with version._edited():
            gone = self._get_with_following() if with_following else self
            gone.with_context(journey_paths_decided=with_following).unlink()
        return True

    def _get_with_following(self):
        """This step and those that cannot be reached without it."""
        start = self.version_id._get_start_node()
        return self._get_reachable(self, self.browse()) - self._get_reachable(start, self)

    def _get_block(self):
        """What moves along with this step: the steps on its paths as far as the point where they meet, or where what
        follows in any case begins.

        :return: ``(steps, what follows them)``
        """
        self.ensure_one()
        none = self.browse()
        following = self.next_id
        if "next" not in self._get_kind()._outcomes:
            ways = self.out_edge_ids.filtered(lambda edge: edge.outcome != "error").target_id
            common = self.version_id.node_ids
            for way in ways:
                common &= self._get_reachable(way, self)
            # the first of those that all paths reach: it leads to all others
            following = next((node for node in common if common <= self._get_reachable(node, self)), none)
            if not ways:
                following = none
        inside = self._get_reachable(self, following)
        return inside - self._get_reachable(self.version_id._get_start_node(), self) | self, following
