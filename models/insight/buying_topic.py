# Topics: the product taxonomy, i.e. which words tell of interest in what we sell.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.topics import split_keywords

MAX_KEYWORDS = 150
MAX_KEYWORD_SIZE = 80


class BuyingTopic(models.Model):
    """A product or subject with its keywords, in whatever languages customers use (Adobe Journey Optimizer B2B Edition,
    intent data: category, product, and up to 150 keywords each). What people engage with is searched for them; see
    ``buying.topic.finder``.
    """

    _name = "buying.topic"
    _description = "Topic of Interest"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    solution_id = fields.Many2one(
        "buying.solution",
        index="btree_not_null",
        ondelete="set null",
        help="Interest in the topic is interest in this solution.",
    )
    keywords = fields.Text(
        required=True,
        help="Words or phrases, one per line or separated by commas; up to 150. Other forms of a word count as well: "
        "“desk” finds “desks”.",
    )
    keyword_count = fields.Integer("Number of Keywords", compute="_compute_keyword_count")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True)
    intent_ids = fields.One2many("buying.intent", "topic_id")
    interested_count = fields.Integer("Interested People", compute="_compute_interested_count")

    @api.depends("keywords")
    def _compute_keyword_count(self):
        for topic in self:
            topic.keyword_count = len(split_keywords(topic.keywords))

    def _compute_interested_count(self):
        counts = dict(
            self.env["buying.intent"]._read_group(
                [("topic_id", "in", self.ids), ("partner_id.is_company", "=", False)], ["topic_id"], ["__count"]
            )
        )
        for topic in self:
            topic.interested_count = counts.get(topic, 0)

    @api.constrains("keywords")
    def _check_keywords(self):
        for topic in self:
            keywords = split_keywords(topic.keywords)
            if not keywords:
                raise UserError(self.env._("%(topic)s needs at least one keyword.", topic=topic.name))
            if len(keywords) > MAX_KEYWORDS:
                raise UserError(
                    self.env._(
                        "%(topic)s has %(count)s keywords. Write %(limit)s at most.",
                        topic=topic.name,
                        count=len(keywords),
                        limit=MAX_KEYWORDS,
                    )
                )
            long = [keyword for keyword in keywords if len(keyword) > MAX_KEYWORD_SIZE]
            if long:
                raise UserError(
                    self.env._(
                        "“%(keyword)s…” is too long for a keyword. Write %(limit)s characters at most.",
                        keyword=long[0][:40],
                        limit=MAX_KEYWORD_SIZE,
                    )
                )

    def action_view_interested(self):
        """Button: who is interested in this topic."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.buying_intent_action")
        return action | {"domain": [("topic_id", "=", self.id)], "context": {"search_default_people": 1}}
