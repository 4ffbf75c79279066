# What a summary is written from: figures of groups, accounts and people, as plain data.
from odoo import api, fields, models

SUMMARY_DAYS = 30


class BuyingSummaryFacts(models.AbstractModel):
    """Collects the facts of many records at once, as far as the current user may read them. Facts are plain data, so
    that they can be compared with those of an earlier summary, and sent to a provider without anything else.

    Counts are of activities of the last 30 days that no machine did; an activity of our own, such as a mail sent, is
    none. What stands in a summary follows Adobe Journey Optimizer B2B Edition, whose texts a model writes.
    """

    _name = "buying.summary.facts"
    _description = "Facts of Summaries"

    @api.model
    def _collect(self, records):
        """:return: ``{record id: facts}``; see the methods below for what facts hold
        :rtype: dict
        """
        if records._name == "buying.group":
            return self._collect_groups(records)
        accounts = records.filtered("is_company")
        return self._collect_accounts(accounts) | self._collect_people(records - accounts)

    @api.model
    def _count_activities(self, people_ids):
        """``{person id: {code of the activity type: number}}`` of the last 30 days; one query"""
        counted = self._get_counted_codes()
        rows = self.env["engagement.activity"]._read_group(
            [
                ("partner_id", "in", list(people_ids)),
                ("date", ">", fields.Datetime.subtract(fields.Datetime.now(), days=SUMMARY_DAYS)),
                ("date", "<=", fields.Datetime.now()),
                ("is_automatic", "=", False),
                ("type_id.code", "in", counted),
            ],
            ["partner_id", "type_id"],
            ["__count"],
        )
        counts = {person_id: {} for person_id in people_ids}
        for person, activity_type, count in rows:
            counts[person.id][activity_type.sudo().code] = count
        return counts

    @api.model
    def _get_counted_codes(self):
        """What people do that a summary tells of, in the order in which it is told."""
        return [
            "email_opened",
            "email_clicked",
            "email_replied",
            "message_received",
            "form_filled",
            "survey_answered",
            "page_viewed",
            "link_clicked",
            "event_registered",
            "event_attended",
            "meeting_attended",
            "interesting_moment",
        ]

    @api.model
    def _sum(self, counts):
        total = {}
        for of_person in counts:
            for code, count in of_person.items():
                total[code] = total.get(code, 0) + count
        return total

    # Groups -------------------------------------------------------------------------------------------------------

    @api.model
    def _collect_groups(self, groups):
        """Facts of groups: ``members`` (``name``, ``title``, ``score``, ``counts``; the most engaged first),
        ``topics`` (``label``, ``people``), ``missing`` (names of roles), ``required`` (number of required roles)."""
        counts = self._count_activities(groups.member_ids.partner_id.ids)
        topics = groups._get_topics()
        result = {}
        for group in groups:
            members = group.member_ids.sorted(lambda member: (-member.engagement, member.partner_id.name or ""))
            result[group.id] = {
                "kind": "group",
                "members": [
                    {
                        "name": member.partner_id.name or "",
                        "title": member.partner_id.function or "",
                        "score": round_half_up(member.engagement),
                        "counts": counts[member.partner_id.id],
                    }
                    for member in members
                ],
                "topics": [{"label": topic["label"], "people": topic["people"]} for topic in topics[group.id]],
                "missing": sorted(group.missing_role_ids.mapped("name")),
                "required": group.required_role_count,
            }
        return result

    # Accounts -----------------------------------------------------------------------------------------------------

    @api.model
    def _collect_accounts(self, accounts):
        """Facts of accounts: ``groups`` (number), ``engagement`` and ``completeness`` (means), ``top`` (``name`` and
        ``engagement`` of the most engaged group), ``change`` (percent over 90 days, or ``None``), ``counts``,
        ``busy`` (people in more than two groups), ``intent`` (topic and level of the strongest)."""
        if not accounts:
            return {}
        people = accounts._get_account_people()
        everybody = self.env["res.partner"].union(*people.values())
        counts = self._count_activities(everybody.ids)
        points = self.env["buying.trend"]._get_points({account_id: own.ids for account_id, own in people.items()})
        groups_of = dict(
            self.env["buying.group"]._read_group([("partner_id", "in", accounts.ids)], ["partner_id"], ["id:recordset"])
        )
        intents = self._get_top_intents(accounts)
        result = {}
        for account in accounts:
            groups = groups_of.get(account, self.env["buying.group"])
            top = groups.sorted(lambda group: (-group.engagement, group.id))[:1]
            rated = groups.filtered("required_role_count")
            result[account.id] = {
                "kind": "account",
                "groups": len(groups),
                "engagement": round_half_up(sum(groups.mapped("engagement")) / len(groups)) if groups else 0,
                "completeness": round_half_up(sum(rated.mapped("completeness")) / len(rated)) if rated else None,
                "top": {"name": top.name, "engagement": round_half_up(top.engagement)} if top.engagement else None,
                "people": len(people[account.id]),
                "change": self.env["buying.trend"]._get_change(*points[account.id]),
                "counts": self._sum(counts[person.id] for person in people[account.id]),
                "busy": sum(person.buying_group_membership_count > 2 for person in people[account.id]),
                "intent": intents.get(account.id),
            }
        return result

    @api.model
    def _get_top_intents(self, partners):
        """``{partner id: {"topic", "level"}}``, the strongest of each"""
        result = {}
        domain = [("partner_id", "in", partners.ids)]
        for intent in self.env["buying.intent"].search(domain, order="strength desc, id"):
            result.setdefault(intent.partner_id.id, {"topic": intent.topic_id.name, "level": intent.level})
        return result

    # People -------------------------------------------------------------------------------------------------------

    @api.model
    def _collect_people(self, people):
        """Facts of people: ``name``, ``score``, ``grown`` (points of the score gained in 4 weeks), ``change`` (percent
        over 90 days, or ``None``), ``counts``, ``topics``, ``groups`` (number)."""
        if not people:
            return {}
        counts = self._count_activities(people.ids)
        points = self.env["buying.trend"]._get_points({person.id: person.ids for person in people})
        before = self.env["engagement.score"]._get_scores_on(
            "partner_id", people.ids, fields.Date.subtract(fields.Datetime.now().date(), days=28)
        )
        topics = people._get_topics()
        return {
            person.id: {
                "kind": "person",
                "name": person.name or "",
                "score": round_half_up(person.engagement_score),
                "grown": round_half_up(person.engagement_score) - round_half_up(before.get(person.id, 0)),
                "change": self.env["buying.trend"]._get_change(*points[person.id]),
                "counts": counts[person.id],
                "topics": [topic["label"] for topic in topics[person.id]],
                "groups": person.buying_group_membership_count,
            }
            for person in people
        }


def round_half_up(value):
    return int((value or 0) + 0.5)
