# What readers think of summaries: thumbs up or down.
from odoo import api, fields, models


class BuyingSummaryOpinion(models.Model):
    """One reader's opinion of one text; the text is kept with it, since summaries change every day."""

    _name = "buying.summary.opinion"
    _description = "Opinion of a Summary"
    _order = "write_date desc, id desc"
    _rec_name = "text"

    res_model = fields.Char("Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", required=True, readonly=True, index=True)
    user_id = fields.Many2one("res.users", required=True, readonly=True, index=True, ondelete="cascade")
    data_hash = fields.Char(required=True, readonly=True)
    text = fields.Text(required=True, readonly=True)
    is_generated = fields.Boolean("Written by a Model", readonly=True)
    opinion = fields.Selection([("good", "Helpful"), ("bad", "Not helpful")], required=True, readonly=True)

    _reader_unique = models.UniqueIndex("(res_model, res_id, user_id, data_hash, is_generated)")

    @api.model
    def _get_mine(self, res_model, summaries):
        """``{record id: opinion}`` of the current user about the texts shown now"""
        if not summaries:
            return {}
        # opinions are asked for through summaries alone, of records that their reader may read
        rows = self.sudo().search(
            [("res_model", "=", res_model), ("res_id", "in", list(summaries)), ("user_id", "=", self.env.uid)]
        )
        return {
            row.res_id: row.opinion
            for row in rows
            if row.data_hash == summaries[row.res_id]["hash"]
            and row.is_generated == summaries[row.res_id]["is_generated"]
        }

    @api.model
    def _give(self, record, summary, opinion):
        """Keep the current user's opinion; the same one again takes it back."""
        key = {
            "res_model": record._name,
            "res_id": record.id,
            "user_id": self.env.uid,
            "data_hash": summary["hash"],
            "is_generated": summary["is_generated"],
        }
        # everybody has one opinion about a text and writes it by this method only
        row = self.sudo().search([(name, "=", value) for name, value in key.items()], limit=1)
        if row and row.opinion == opinion:
            row.unlink()
        elif row:
            row.opinion = opinion
        else:
            self.sudo().create(key | {"text": summary["text"], "opinion": opinion})
