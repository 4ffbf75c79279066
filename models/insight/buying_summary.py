# Summaries of groups, accounts and people: who writes them, and what was written by others than us.
import hashlib
import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.modules import module
from odoo.tools import plaintext2html, split_every

KEPT_DAYS = 90
BATCH_SIZE = 10
MODELS = ("buying.group", "res.partner")


class BuyingSummary(models.Model):
    """A text that an external provider wrote, kept with a hash of the facts it was written from.

    The built-in writer needs no rows: it is asked whenever a summary is shown. A row is shown in its place as long as
    its hash is that of the facts *as the reader may see them*; so nobody reads in a cached text what is hidden from
    them, and no text outlives its facts. Rows are made at night and by a button, never while a page is read or a
    journey advances, since a provider may take its time.
    """

    _name = "buying.summary"
    _description = "Summary"
    _order = "date desc, id desc"
    _rec_name = "text"

    res_model = fields.Char("Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", required=True, readonly=True)
    lang = fields.Char("Language", required=True, readonly=True)
    data_hash = fields.Char(required=True, readonly=True)
    provider = fields.Char(required=True, readonly=True)
    text = fields.Text(required=True, readonly=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)

    _facts_unique = models.UniqueIndex("(res_model, res_id, lang, data_hash)")

    @api.model
    def _get_hash(self, facts):
        text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @api.model
    def _get_summaries(self, records):
        """The summaries of these records in the current language, as the current user may see their facts. Never waits
        for a provider: where the kept text is older than the facts, the built-in writer's is shown.

        :param records: groups, or contacts and accounts
        :return: ``{record id: {"text", "is_generated", "hash"}}``; ``is_generated`` says that a model wrote it
        :rtype: dict
        """
        facts = self.env["buying.summary.facts"]._collect(records)
        hashes = {record_id: self._get_hash(of_record) for record_id, of_record in facts.items()}
        kept = {}
        if self.env["buying.summary.openai"]._is_on():
            domain = [("res_model", "=", records._name), ("res_id", "in", list(facts)), ("lang", "=", self._get_lang())]
            # the cache is nobody's to read or write; a text is found by the facts that its reader may read
            rows = self.sudo().search([*domain, ("data_hash", "in", list(hashes.values()))])
            kept = {(row.res_id, row.data_hash): row.text for row in rows}
        result = {}
        for record_id, of_record in facts.items():
            text = kept.get((record_id, hashes[record_id]))
            result[record_id] = {
                "text": text or self.env["buying.summary.builtin"]._compose(of_record),
                "is_generated": bool(text),
                "hash": hashes[record_id],
            }
        return result

    @api.model
    def _get_lang(self):
        return self.env.context.get("lang") or self.env.user.lang or "en_US"

    @api.model
    def _write_with_provider(self, records, raise_if_failed=False):
        """Let the external provider write what is missing, record by record, within its daily limit.

        :return: how many texts were written
        :rtype: int
        :raise UserError: it failed, if asked to raise; otherwise the built-in text goes on being shown
        """
        provider = self.env["buying.summary.openai"]
        facts = self.env["buying.summary.facts"]._collect(records)
        hashes = {record_id: self._get_hash(of_record) for record_id, of_record in facts.items()}
        lang = self._get_lang()
        known = {
            (row.res_id, row.data_hash)
            for row in self.sudo().search(
                [("res_model", "=", records._name), ("res_id", "in", list(facts)), ("lang", "=", lang)]
            )
        }
        written = 0
        for record_id, of_record in facts.items():
            if (record_id, hashes[record_id]) in known:
                continue
            draft = self.env["buying.summary.builtin"]._compose(of_record)
            text, error = provider._compose(of_record, draft)
            if error and raise_if_failed:
                raise UserError(error)
            if error:
                break  # a provider that is down, or a limit that is reached, stays so for the next record
            self.sudo().create(
                {
                    "res_model": records._name,
                    "res_id": record_id,
                    "lang": lang,
                    "data_hash": hashes[record_id],
                    "provider": provider._get_name(),
                    "text": text,
                }
            )
            written += 1
        return written

    @api.model
    def _cron_write(self):
        """Nightly: the groups with the most engaged members first, in their salesperson's language."""
        if not self.env["buying.summary.openai"]._is_on():
            return
        groups = self.env["buying.group"].search([("engagement", ">", 0)], order="engagement desc, id", limit=1000)
        company_lang = self.env.company.partner_id.lang or "en_US"
        for user, of_user in groups.grouped("user_id").items():
            # with the rights and in the language of who reads them: the facts would differ otherwise
            may_read = user and user.has_group("crm_buying_journey.group_sales")
            reader = self.with_user(user) if may_read else self
            reader = reader.with_context(lang=user.lang or company_lang)
            for some in split_every(BATCH_SIZE, of_user.ids):
                reader._write_with_provider(of_user.browse(some).with_env(reader.env))
                # what was paid for is not lost if a later request fails
                if not module.current_test and not self.env["ir.cron"]._commit_progress(len(some)):
                    return

    @api.autovacuum
    def _gc_summaries(self):
        self.search([("date", "<", fields.Datetime.now() - timedelta(days=KEPT_DAYS))]).unlink()

    @api.model
    def _to_html(self, text):
        """Texts of others are text: whatever looks like HTML in them is shown, not interpreted."""
        return plaintext2html(text)
