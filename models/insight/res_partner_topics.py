# Topics of interest, intent and summary of contacts and accounts.
from odoo import api, fields, models


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "buying.summarized"]

    topics_text = fields.Char(
        "Topics of Interest",
        compute="_compute_topics_text",
        groups="crm_buying_journey.group_sales",
        help="What this person, or the people of this account, engaged with in the last 90 days.",
    )
    intent_ids = fields.One2many("buying.intent", "partner_id", readonly=True, groups="crm_buying_journey.group_sales")

    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_topics_text(self):
        topics = self._get_topics()
        for partner in self:
            partner.topics_text = ", ".join(topic["label"] for topic in topics.get(partner._origin.id, []))

    def _get_topics(self, limit=3):
        """What these people, or the people of these accounts, engaged with; see ``buying.topic.finder``.

        :param int limit: topics per contact or account
        :return: ``{partner id: [{"label", "score", "people", "topic_id"}]}``, most important first
        :rtype: dict
        """
        people_of = {partner_id: people.ids for partner_id, people in self._origin._get_account_people().items()}
        return self.env["buying.topic.finder"]._find_topics(people_of, limit)
