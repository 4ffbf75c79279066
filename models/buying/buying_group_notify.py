# Telling the people who answer for buying groups what happened to these.
from markupsafe import Markup

from odoo import models
from odoo.tools import SQL

# how many groups one message names; the others are counted
NAMED = 20


class BuyingGroup(models.Model):
    _inherit = "buying.group"

    def _notify_responsible(self, subtype_xmlid, get_line, actor_of=None):
        """Tell the responsible people of these groups what happened, in the host's way: in the inbox or by e-mail, as
        each of them prefers, in their language.

        Responsible are the salesperson of the account, unless their preferences say that they want to hear only of
        groups that they follow, and the colleagues who follow a group. Whoever unticked the subtype among what they
        follow on a group hears nothing of it. Everybody gets one message, be it about one group or about a thousand,
        never about groups that they may not read, and never about what they did themselves.

        :param str subtype_xmlid: a ``mail.message.subtype`` of ``buying.group``; its name heads the message
        :param get_line: called with a group, in the environment of the recipient's language and with system rights;
            returns what happened to it, a whole sentence that does not name the group
        :param dict actor_of: ``{group id: id of the user who did it}``; groups may be missing
        :return: the messages
        :rtype: mail.message
        """
        messages = self.env["mail.message"].sudo()
        subtype = self.env.ref(subtype_xmlid).sudo()
        actor_of = actor_of or {}
        for user, group_ids in self._get_responsible(subtype).items():
            others = [group_id for group_id in group_ids if actor_of.get(group_id) != user.id]
            readable = self.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)
            groups = readable.search([("id", "in", others)], order="id")
            if groups:
                actors = {actor_of.get(group.id) for group in groups}
                messages += groups._notify_one(user, subtype, get_line, actors.pop() if len(actors) == 1 else False)
        return messages

    def _get_responsible(self, subtype):
        """Who is to be told, by one statement.

        :param subtype: one ``mail.message.subtype``
        :return: ``{res.users: [group ids]}``
        :rtype: dict
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT colleague.id, follower.res_id
                  FROM mail_followers follower
                  JOIN mail_followers_mail_message_subtype_rel ticked
                    ON ticked.mail_followers_id = follower.id AND ticked.mail_message_subtype_id = %(subtype)s
                  JOIN res_users colleague
                    ON colleague.partner_id = follower.partner_id AND colleague.active AND colleague.share IS NOT TRUE
                 WHERE follower.res_model = 'buying.group' AND follower.res_id = ANY(%(groups)s)
                 UNION
                SELECT salesperson.id, buying_group.id
                  FROM buying_group
                  JOIN res_users salesperson
                    ON salesperson.id = buying_group.user_id AND salesperson.active
                   AND salesperson.share IS NOT TRUE AND salesperson.buying_group_notices IS DISTINCT FROM 'followed'
                 WHERE buying_group.id = ANY(%(groups)s)
                   AND NOT EXISTS (
                       SELECT FROM mail_followers follower
                        WHERE follower.res_model = 'buying.group' AND follower.res_id = buying_group.id
                          AND follower.partner_id = salesperson.partner_id
                          AND NOT EXISTS (
                              SELECT FROM mail_followers_mail_message_subtype_rel ticked
                               WHERE ticked.mail_followers_id = follower.id
                                 AND ticked.mail_message_subtype_id = %(subtype)s))
              ORDER BY 1, 2
                """,
                subtype=subtype.id,
                groups=self.ids,
            )
        )
        groups_of = {}
        for user_id, group_id in rows:
            groups_of.setdefault(user_id, []).append(group_id)
        return {self.env["res.users"].sudo().browse(user_id): ids for user_id, ids in groups_of.items()}

    def _notify_one(self, user, subtype, get_line, actor_id):
        """One message to one user about all of these groups.

        :param actor_id: id of the user who did all of it, who is its author then
        """
        context = dict(self.env.context, lang=user.lang, allowed_company_ids=user.company_ids.ids)
        groups = self.with_env(self.env(user=self.env.ref("base.user_root").id, su=True, context=context))
        subtype = subtype.with_env(groups.env)
        actor = groups.env["res.users"].browse(actor_id or [])
        author = actor.partner_id if actor.partner_id.email else groups.env.ref("base.partner_root")
        values = {
            "partner_ids": user.partner_id.ids,
            "subtype_id": subtype.id,
            "author_id": author.id,
            # the mail queue sends it: many colleagues may be told at once
            "force_send": False,
        }
        if len(groups) == 1:
            return groups.message_notify(
                subject=groups.env._("%(group)s: %(what)s", group=groups.name, what=subtype.name),
                body=get_line(groups),
                **values,
            )
        items = Markup().join(
            Markup('<li><a href="/odoo/buying-groups/%s">%s</a>: %s</li>') % (group.id, group.name, get_line(group))
            for group in groups[:NAMED]
        )
        body = Markup("<ul>%s</ul>") % items
        if len(groups) > NAMED:
            body += Markup("<p>%s</p>") % groups.env._("And %(count)s more.", count=len(groups) - NAMED)
        return groups.env["mail.thread"].message_notify(
            subject=groups.env._("%(count)s buying groups: %(what)s", count=len(groups), what=subtype.name),
            body=body,
            **values,
        )
