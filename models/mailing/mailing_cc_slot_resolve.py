# CC slots: from a batch of recipients to the addresses that get a copy.
import re

from odoo import SUPERUSER_ID, models, tools

from ...tools.addresses import to_ascii

# what may not stand in a header
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class MailingCcSlot(models.Model):
    _inherit = "mailing.cc.slot"

    def _resolve(self, records):
        """The copy of this slot for each record, with a fixed number of queries for the whole batch.

        :param records: primary recipients, in an environment that may read them
        :return: ``{record id: (partner or empty, formatted address or "", reason or "")}``
        :rtype: dict
        """
        self.ensure_one()
        if not records:
            return {}
        found = getattr(self, f"_find_by_{self.source}")(records)
        known = {}
        result = {}
        for record in records:
            value = found.get(record.id)
            key = (value._name, value.id) if isinstance(value, models.BaseModel) else value
            if key not in known:  # thousands of recipients share one salesperson
                known[key] = self._get_address(value)
            result[record.id] = known[key]
        return result

    def _get_reader(self, env):
        """The environment whose rights decide who may be copied: the sender's. The mailing queue runs with system
        rights, so there it is whoever chose the copy, which nobody can claim to be.

        :rtype: odoo.api.Environment
        """
        self.ensure_one()
        if env.uid != SUPERUSER_ID:
            return env
        # finds out whose rights count, to lower them
        return env(user=self.sudo().write_uid.id or SUPERUSER_ID)

    def _find_by_path(self, records):
        """``{record id: user, contact, address, or None where something on the way may not be read}``"""
        values = {record.id: record for record in records}
        reader = self._get_reader(records.env)
        for field in self._get_fields():
            if field.type == "char":
                return {key: (value and value[field.name]) or "" for key, value in values.items() if value is not None}
            # one read per hop for the whole batch, and one look at the rights
            target = self.env[field.comodel_name].browse(
                {value[field.name].id for value in values.values() if value} - {False}
            )
            seen = reader[target._name].browse(target.ids)._filtered_access("read")
            readable = {record.id: record for record in seen.with_env(records.env)}
            for key, value in values.items():
                if value:
                    values[key] = readable.get(value[field.name].id) if value[field.name] else target.browse()
        return values

    def _find_by_partner(self, records):
        partner = self.partner_id.with_env(records.env)
        if partner and not partner.with_env(self._get_reader(records.env))._filtered_access("read"):
            partner = None
        return dict.fromkeys(records.ids, partner)

    def _find_by_role(self, records):
        """The most engaged member with the role in the recipient's group; the recipient itself only if there is no
        other."""
        env = records.env
        reader = self._get_reader(env)
        if not reader["buying.group.member"].has_access("read"):
            return dict.fromkeys(records.ids, None)
        groups = self._find_groups(records)
        members = reader["buying.group.member"].search(
            [
                ("group_id", "in", list({group_id for ids in groups.values() for group_id in ids})),
                ("role_id", "=", self.role_id.id),
                ("state", "=", "in"),
                ("partner_id.active", "=", True),
                ("partner_id.email_normalized", "!=", False),
            ],
            order="engagement desc, id",
        )
        readable = set(members.partner_id._filtered_access("read").ids)
        by_group = {}
        for member in members.with_env(env):
            if member.partner_id.id in readable:
                by_group.setdefault(member.group_id.id, []).append(member.partner_id)
        result = {}
        for record in records:
            people = [person for group_id in groups.get(record.id, ()) for person in by_group.get(group_id, ())]
            own = record if record._name == "res.partner" else "partner_id" in record._fields and record.partner_id
            others = [person for person in people if person != own]
            result[record.id] = next(iter(others or people), env["res.partner"])
        return result

    def _find_groups(self, records):
        """The buying groups a recipient is written to for: the journey's, the lead's, else those it is a member of.

        :return: ``{record id: [group ids]}``
        :rtype: dict
        """
        env = records.env
        result = {}
        visits = env.context.get("journey_visits") or {}
        # the engine chose these visits; what they lead to is read with the user's rights
        participants = env["journey.participant"].sudo().browse({visit[0] for visit in visits.values()})
        group_of = {
            participant.id: participant.res_id
            for participant in participants
            if participant.res_model == "buying.group"
        }
        for record in records:
            if record.id in visits and visits[record.id][0] in group_of:
                result[record.id] = [group_of[visits[record.id][0]]]
            elif "buying_group_id" in record._fields and record.buying_group_id:
                result[record.id] = record.buying_group_id.ids
        rest = records.filtered(lambda record: record.id not in result)
        if rest and (rest._name == "res.partner" or "partner_id" in rest._fields):
            partner_of = {record.id: record if rest._name == "res.partner" else record.partner_id for record in rest}
            domain = [
                ("partner_id", "in", [partner.id for partner in partner_of.values() if partner]),
                ("state", "=", "in"),
            ]
            by_partner = {}
            for membership in env["buying.group.member"].search(domain, order="engagement desc, id"):
                by_partner.setdefault(membership.partner_id.id, []).append(membership.group_id.id)
            result |= {key: by_partner.get(partner.id, []) for key, partner in partner_of.items()}
        if self.solution_id:
            every = env["buying.group"].browse({group_id for ids in result.values() for group_id in ids})
            right = set(every.filtered(lambda group: group.solution_id == self.solution_id).ids)
            result = {key: [group_id for group_id in ids if group_id in right] for key, ids in result.items()}
        return result

    def _get_address(self, value):
        """One address for a header, or the reason why there is none.

        :param value: user, contact, text, or ``None`` for what may not be read
        :return: ``(partner or empty, formatted address or "", reason or "")``
        :rtype: tuple
        """
        partner = self.env["res.partner"]
        if value is None:
            return partner, "", "forbidden"
        name = ""
        address = value
        if isinstance(value, models.BaseModel):
            partner = value.partner_id if value._name == "res.users" else value
            if value and not (value.active and partner.active):
                return partner, "", "archived"
            # "name" <a@b> in the field of a contact is still one address; two addresses are none we could choose
            address, name = partner.email, partner.name or ""
        if not (address or "").strip():
            return partner, "", "missing"
        # a line break would begin another header; only what surrounds the address may go
        if CONTROL.search(address.strip()):
            return partner, "", "invalid"
        # core would drop an address whose domain it has to encode, without a word
        normalized = to_ascii(tools.email_normalize(address))
        if not normalized:
            return partner, "", "invalid"
        name = " ".join(CONTROL.sub(" ", name).split())
        for formatted in (tools.formataddr((name, normalized)), normalized):
            # the host takes the line apart again
            if [tools.email_normalize(part) for part in tools.mail.email_split_and_format_normalize(formatted)] == [
                normalized
            ]:
                return partner, formatted, ""
        return partner, "", "invalid"
