# Topics of interest, intent and summary of buying groups.
from odoo import api, fields, models
from odoo.fields import Domain


class BuyingGroup(models.Model):
    _name = "buying.group"
    _inherit = ["buying.group", "buying.summarized"]

    topics_text = fields.Char(
        "Topics of Interest", compute="_compute_topics_text", help="What the members engaged with in the last 90 days."
    )
    intent_ids = fields.One2many("buying.intent", "group_id", readonly=True)
    high_intent_topic_ids = fields.Many2many(
        "buying.topic",
        string="High Intent",
        compute="_compute_high_intent_topic_ids",
        search="_search_high_intent_topic_ids",
        help="Topics in which the members, taken together, are highly interested.",
    )

    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_topics_text(self):
        topics = self._get_topics()
        for group in self:
            group.topics_text = ", ".join(topic["label"] for topic in topics.get(group._origin.id, []))

    def _get_topics(self, limit=3):
        """The topics of these groups, see ``buying.topic.finder``.

        :param int limit: topics per group
        :return: ``{group id: [{"label", "score", "people", "topic_id"}]}``, most important first
        :rtype: dict
        """
        people_of = {group.id: group.member_ids.partner_id.ids for group in self._origin}
        return self.env["buying.topic.finder"]._find_topics(people_of, limit)

    @api.depends("intent_ids.level")
    def _compute_high_intent_topic_ids(self):
        for group in self:
            group.high_intent_topic_ids = group.intent_ids.filtered(lambda intent: intent.level == "high").topic_id

    def _search_high_intent_topic_ids(self, operator, value):
        if operator.startswith("not"):
            return NotImplemented  # the host turns it round
        high = Domain("level", "=", "high")
        if operator == "in" and False in value:
            return ~Domain("intent_ids", "any", high) | Domain(
                "intent_ids", "any", high & Domain("topic_id", "in", [topic for topic in value if topic])
            )
        return Domain("intent_ids", "any", high & Domain("topic_id", operator, value))
