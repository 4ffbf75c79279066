# A journey as one JSON file: its settings, steps, connections, mails and actions, without ids of this database.
import json

from odoo import models
from odoo.exceptions import UserError

FORMAT = "crm_buying_journey"
FORMAT_VERSION = 1

# records that other databases know by a name: model → the field that tells them apart
REFERENCES = {
    "buying.account.list": "name",
    "buying.role": "name",
    "buying.solution": "name",
    "buying.stage": "name",
    "engagement.activity.type": "code",
    "crm.stage": "name",
    "crm.tag": "name",
    "ir.model": "model",
    "ir.model.fields": "name",
    "journey.journey": "name",
    "mail.activity.type": "name",
    "mail.template": "name",
    "mailing.list": "name",
    "sms.template": "name",
    "utm.campaign": "name",
}
# of lists of contacts, only those that recipients see may be topics of mails
REFERENCE_DOMAINS = {"mailing.list": [("is_public", "=", True)]}
PLAIN = ("char", "text", "html", "integer", "float", "boolean", "selection", "date", "datetime")
# what belongs to this database or this run, not to the journey
NOT_EXPORTED = {
    "journey.journey": {
        "active",
        "state",
        "model_id",
        "company_id",
        "user_id",
        "entry_watermark",
        "exit_watermark",
    },
    "journey.node": {"version_id", "journey_id", "company_id", "mailing_id", "action_server_id", "kind", "origin_key"},
    "journey.edge": {"version_id", "company_id", "source_id", "target_id"},
    "mailing.cc.slot": {"mailing_id"},
    "ir.actions.server": {
        "automated_name",
        "binding_model_id",
        "binding_type",
        "binding_view_types",
        "child_ids",
        "crud_model_id",
        "group_ids",
        "help",
        "journey_node_id",
        "link_field_id",
        "model_id",
        "parent_id",
        "path",
        "sequence",
        "type",
        "update_field_id",
        "update_related_model_id",
        "usage",
        "xml_id",
    },
}
MAILING_FIELDS = (
    "subject",
    "preview",
    "body_html",
    "body_arch",
    "keep_archives",
    "use_exclusion_list",
)
# fields of server actions that only system administrators see or set
SYSTEM_FIELDS = {"code", "webhook_url", "webhook_field_ids"}


class JourneyJourney(models.Model):
    _inherit = "journey.journey"

    def export_data_dict(self):
        """This journey as data for :meth:`import_data_dict`, with its mails and actions: the draft version if there is
        one, else the live one. Code and webhooks are in it only for system administrators.

        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        version = self.shown_version_id
        values = self._export_record(self, self._get_portable_fields(self))
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "journey": {"model": self.model_name} | values,
            "nodes": [
                self._export_node(node) for node in version.node_ids.sorted(lambda node: (node.sequence, node.id))
            ],
            "edges": [
                {"source": edge.source_id.origin_key, "target": edge.target_id.origin_key}
                | self._export_record(edge, self._get_portable_fields(edge))
                for edge in version.edge_ids
            ],
        }

    def _export_node(self, node):
        data = {"key": node.origin_key, "kind": node.kind} | self._export_record(node, self._get_portable_fields(node))
        if node.mailing_id:
            data["mailing"] = self._export_mailing(node.mailing_id)
        if node.action_server_id:
            action = node.action_server_id.sudo()
            if action.state == "object_write" and action.update_field_id.relation:
                raise UserError(
                    self.env._(
                        "The step %(step)s writes a record of this database, so it cannot be exported.", step=node.name
                    )
                )
            portable = self._get_portable_fields(action)
            if not self.env.user.has_group("base.group_system"):
                if action.state in ("code", "webhook", "multi") or action.evaluation_type == "equation":
                    raise UserError(
                        self.env._(
                            "The action of the step %(step)s can be exported only by a system administrator.",
                            step=node.name,
                        )
                    )
                portable = [field for field in portable if field.name not in SYSTEM_FIELDS]
            data["action"] = {"model": action.model_name} | self._export_record(action, portable)
        return data

    def _get_mailing_fields(self):
        """Names of the fields of a mail that travel.

        :rtype: tuple[str]
        """
        return MAILING_FIELDS

    def _export_mailing(self, mailing):
        """One mail with its CC recipients, as :meth:`_read_mailing` reads it.

        :rtype: dict
        """
        data = self._export_record(mailing, [mailing._fields[name] for name in self._get_mailing_fields()])
        return data | {"cc": self._export_slots(mailing)}

    def _export_slots(self, mailing):
        return [self._export_record(slot, self._get_portable_fields(slot)) for slot in mailing.cc_slot_ids]

    def _get_portable_fields(self, record):
        """Stored fields that are values, or that point to records which other databases know by a name.

        :rtype: list
        """
        skipped = NOT_EXPORTED.get(record._name, set()) | {"id", *models.MAGIC_COLUMNS}
        for mixin in ("mail.thread", "mail.activity.mixin"):
            if isinstance(record, self.env.registry[mixin]):
                skipped |= self.env[mixin]._fields.keys()
        return [
            field
            for name, field in sorted(record._fields.items())
            if name not in skipped
            and field.store
            and not field.related
            and (field.copy or name in ("name",))
            and not name.startswith("website_message")
            and (field.type in PLAIN or (field.type in ("many2one", "many2many") and field.comodel_name in REFERENCES))
        ]

    def _export_record(self, record, portable):
        """Values that differ from nothing, in JSON's types."""
        data = {}
        for field in portable:
            value = record[field.name]
            if field.type in ("many2one", "many2many"):
                names = value.sudo().mapped(REFERENCES[field.comodel_name])
                value = names if field.type == "many2many" else names[0] if names else False
            elif field.type in ("date", "datetime"):
                value = field.to_string(value)
            elif field.type == "html":
                value = str(value or "")
            if value or field.type in ("boolean", "integer", "float"):
                data[field.name] = value
        return data

    def action_export(self):
        """Button: download this journey as a file."""
        self.ensure_one()
        text = json.dumps(self.export_data_dict(), ensure_ascii=False, indent=2)
        attachment = self.env["ir.attachment"].create(
            {
                "name": f"{self.name}.json",
                "raw": text.encode(),
                # on no record: only who made it reads it, since an administrator's holds what others do not see
                "mimetype": "application/json",
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }
