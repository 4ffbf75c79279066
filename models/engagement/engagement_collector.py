# Brings in what happened elsewhere in Odoo: replies, meetings, orders, visits.
import logging

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.automatic_reply import SUBJECT_PREFIXES

_logger = logging.getLogger(__name__)

# The first run looks back this much further than the window of scores, so that trends have a past.
HISTORY_DAYS = 90
# Transactions may commit later than they began: each run reads again what changed this long before the last one.
OVERLAP_DAYS = 2


class EngagementCollector(models.AbstractModel):
    """Registry and machinery of the sources of activities.

    A source is one entry of :meth:`_get_sources` with

    * ``name``: what people call it
    * ``type``: the code of the activity type
    * ``models``: the models it reads; without them the source does not exist here
    * ``field``: optional ``(model, field)`` without which the source does not exist either
    * ``res_model``: what the activities point to; one activity type is recorded only once per record
    * ``query``: ``SELECT`` of ``partner_id, date, subject, res_id``. It may use the parameters ``since`` (read what
      changed after it), ``oldest`` and ``now`` (naive UTC).

    Another addon adds a source by extending that method. Each source runs in a savepoint, so that a broken one stops
    nobody else's; :class:`engagement.collector.state` shows its error. Companies, employees and unknown people are
    handled here, in one place: what an employee does is not recorded.

    The first run of a source records what happened in the window of scores and the 90 days before; later runs what
    changed since the last one, with an overlap of two days for late arrivals.
    """

    _name = "engagement.collector"
    _description = "Engagement Collector"

    @api.model
    def collect(self, codes=None):
        """Record what happened since the last run.

        :param codes: names of sources; all if left out
        :return: ``{code: number of new activities}``; sources that failed are left out
        :rtype: dict
        :raise AccessError: the user is no manager
        """
        self.env["engagement.score.model"].browse().check_access("write")
        return self.sudo()._collect(codes)

    def _collect(self, codes):
        State = self.env["engagement.collector.state"]
        states = State.search([]).grouped("code")
        sources = {
            code: source
            for code, source in self._get_sources().items()
            if (codes is None or code in codes) and self._is_available(source)
        }
        missing = [code for code in sources if code not in states]
        states |= State.create([{"code": code} for code in missing]).grouped("code")
        self.env.flush_all()
        counts, errors = {}, {}
        for code, source in sources.items():
            try:
                with self.env.cr.savepoint():
                    counts[code] = self._collect_source(source, states[code])
            except Exception as error:
                _logger.info("Engagement source %s failed", code, exc_info=True)
                errors[code] = str(error)
        # after the savepoints: what was written inside a failed one is gone
        now = fields.Datetime.now()
        for code, count in counts.items():
            values = {"last_run": now, "watermark": now, "last_count": count, "last_error": False}
            states[code].write(values | {"total_count": states[code].total_count + count})
        for code, error in errors.items():
            states[code].write({"last_run": now, "last_count": 0, "last_error": error})
        self._mark_automatic()
        if found := {sources[code]["type"] for code, count in counts.items() if count}:
            self.env["engagement.activity"]._on_recorded(found)
        return counts

    def _is_available(self, source):
        """Whether the modules that this source reads are installed."""
        model_name, field_name = source.get("field", (None, None))
        return all(name in self.env for name in source["models"]) and (
            model_name is None or field_name in self.env[model_name]._fields
        )

    @api.model
    def _collect_source(self, source, state):
        """Record what is new in one source, by one statement.

        :rtype: int
        """
        now = fields.Datetime.now()
        window = self.env["engagement.score.model"]._get_active().window_days or 30
        oldest = fields.Datetime.subtract(now, days=window + HISTORY_DAYS)
        since = fields.Datetime.subtract(state.watermark, days=OVERLAP_DAYS) if state.watermark else oldest
        activity_type = self.env["engagement.activity.type"]._get_by_code(source["type"])
        parameters = {"now": now, "since": since, "oldest": oldest, "automatic": self._get_automatic_pattern()}
        used = {name: value for name, value in parameters.items() if f"%({name})s" in source["query"]}
        found = SQL(source["query"], **used)
        self.env.cr.execute(
            SQL(
                """
            INSERT INTO engagement_activity (type_id, partner_id, account_id, date, subject, res_model, res_id,
                                             create_uid, create_date, write_uid, write_date)
            SELECT %(type)s, person.id, CASE WHEN company.is_company THEN company.id END, found.date,
                   left(found.subject, 200), %(res_model)s, found.res_id, %(uid)s, %(now)s, %(uid)s, %(now)s
              FROM (%(found)s) found
              JOIN res_partner person
                ON person.id = found.partner_id AND (person.partner_share OR person.is_company)
              LEFT JOIN res_partner company ON company.id = person.commercial_partner_id
             WHERE found.date BETWEEN %(oldest)s AND %(now)s
               AND NOT EXISTS (SELECT FROM engagement_activity known
                                WHERE known.res_model = %(res_model)s AND known.res_id = found.res_id
                                  AND known.type_id = %(type)s)
            """,
                found=found,
                type=activity_type.id,
                res_model=source["res_model"],
                uid=self.env.uid,
                now=now,
                oldest=oldest,
            )
        )
        return self.env.cr.rowcount

    def _get_automatic_pattern(self):
        """Patterns for ``lower(subject) LIKE ANY`` that absence notes match."""
        return [prefix.replace("_", "\\_") + "%" for prefix in SUBJECT_PREFIXES]

    @api.model
    def _mark_automatic(self):
        """Hook: mark activities that turn out to be a machine's. They stay visible but do not count."""

    @api.model
    def _get_sources(self):
        """Facts about each source, in the order in which they are read.

        :return: ``{code: facts}``, see the class
        :rtype: dict
        """
        message = """
            SELECT message.author_id AS partner_id, LEAST(message.date, message.create_date) AS date,
                   message.subject, message.id AS res_id
              FROM mail_message message
             WHERE message.message_type = 'email' AND message.create_date > %(since)s
               AND message.author_id IS NOT NULL AND message.is_automatic_reply IS NOT TRUE
               AND NOT COALESCE(lower(message.subject) LIKE ANY (%(automatic)s), FALSE)
               -- an answer to a mailing is recorded as that
               AND NOT EXISTS (
                    SELECT FROM engagement_activity replied
                      JOIN engagement_activity_type reply ON reply.id = replied.type_id AND reply.code = 'email_replied'
                     WHERE replied.partner_id = message.author_id
                       AND replied.date BETWEEN message.create_date - interval '1 minute'
                                            AND message.create_date + interval '1 minute')
        """
        done = """
            SELECT {partner} AS partner_id, message.date, kind.name->>'en_US' AS subject, message.id AS res_id
              FROM mail_message message
              JOIN ir_model_data subtype ON subtype.module = 'mail' AND subtype.name = 'mt_activities'
                                        AND subtype.res_id = message.subtype_id
              LEFT JOIN mail_activity_type kind ON kind.id = message.mail_activity_type_id
              {join}
             WHERE message.model = '{model}' AND message.create_date > %(since)s
        """
        sources = {
            "message_received": {
                "name": self.env._("Mails received from contacts"),
                "type": "message_received",
                "models": ["mail.message"],
                "res_model": "mail.message",
                "query": message,
            },
            "activity_done_partner": {
                "name": self.env._("Activities done on contacts"),
                "type": "activity_done",
                "models": ["mail.message"],
                "res_model": "mail.message",
                "query": done.format(partner="message.res_id", join="", model="res.partner"),
            },
            "activity_done_lead": {
                "name": self.env._("Activities done on leads"),
                "type": "activity_done",
                "models": ["mail.message", "crm.lead"],
                "res_model": "mail.message",
                "query": done.format(
                    partner="lead.partner_id",
                    join="JOIN crm_lead lead ON lead.id = message.res_id AND lead.partner_id IS NOT NULL",
                    model="crm.lead",
                ),
            },
            "meeting": {
                "name": self.env._("Meetings that contacts accepted and that are over"),
                "type": "meeting_attended",
                "models": ["calendar.attendee"],
                "res_model": "calendar.attendee",
                "query": """
                    SELECT attendee.partner_id, meeting.stop AS date, meeting.name AS subject, attendee.id AS res_id
                      FROM calendar_attendee attendee
                      JOIN calendar_event meeting ON meeting.id = attendee.event_id AND meeting.active
                     WHERE attendee.state = 'accepted' AND meeting.stop <= %(now)s
                       AND (meeting.stop > %(since)s OR attendee.write_date > %(since)s)
                """,
            },
        }
        return sources | self._get_sale_sources() | self._get_event_sources() | self._get_web_sources()

    def _get_sale_sources(self):
        return {
            "quotation": {
                "name": self.env._("Quotations sent"),
                "type": "quotation_sent",
                "models": ["sale.order"],
                "res_model": "sale.order",
                # the order itself does not say when it was sent; its thread does
                "query": """
                    SELECT quotation.partner_id, COALESCE(sent.date, quotation.write_date) AS date,
                           quotation.name AS subject, quotation.id AS res_id
                      FROM sale_order quotation
                      LEFT JOIN LATERAL (
                            SELECT MIN(message.date) AS date
                              FROM mail_message message
                              JOIN ir_model_data subtype ON subtype.module = 'sale' AND subtype.name = 'mt_order_sent'
                                                        AND subtype.res_id = message.subtype_id
                             WHERE message.model = 'sale.order' AND message.res_id = quotation.id
                           ) sent ON TRUE
                     WHERE quotation.write_date > %(since)s
                       AND (quotation.state = 'sent' OR sent.date IS NOT NULL)
                """,
            },
            "order": {
                "name": self.env._("Orders confirmed"),
                "type": "order_confirmed",
                "models": ["sale.order"],
                "res_model": "sale.order",
                "query": """
                    SELECT partner_id, date_order AS date, name AS subject, id AS res_id
                      FROM sale_order WHERE state = 'sale' AND write_date > %(since)s
                """,
            },
        }

    def _get_event_sources(self):
        # who booked is not always who comes: the attendee's own address comes first
        registration = """
            SELECT COALESCE(attendee.id, registration.partner_id) AS partner_id, {date} AS date,
                   event.name->>'en_US' AS subject, registration.id AS res_id
              FROM event_registration registration
              JOIN event_event event ON event.id = registration.event_id
              LEFT JOIN LATERAL (
                    SELECT MIN(partner.id) AS id FROM res_partner partner
                     WHERE partner.active AND NOT partner.is_company
                       AND partner.email_normalized = lower(trim(registration.email))
                   ) attendee ON TRUE
             WHERE registration.active AND registration.write_date > %(since)s AND registration.state IN {states}
        """
        answer = """
            SELECT COALESCE(answer.partner_id, sender.id) AS partner_id,
                   COALESCE(answer.end_datetime, answer.write_date) AS date,
                   survey.title->>'en_US' AS subject, answer.id AS res_id
              FROM survey_user_input answer
              JOIN survey_survey survey ON survey.id = answer.survey_id
              LEFT JOIN LATERAL (
                    SELECT MIN(partner.id) AS id FROM res_partner partner
                     WHERE partner.active AND partner.email_normalized = lower(trim(answer.email))
                   ) sender ON TRUE
             WHERE answer.state = 'done' AND answer.test_entry IS NOT TRUE AND answer.write_date > %(since)s
        """
        return {
            "event_registration": {
                "name": self.env._("Registrations for events"),
                "type": "event_registered",
                "models": ["event.registration"],
                "res_model": "event.registration",
                "query": registration.format(date="registration.create_date", states="('open', 'done')"),
            },
            "event_attendance": {
                "name": self.env._("Events attended"),
                "type": "event_attended",
                "models": ["event.registration"],
                "res_model": "event.registration",
                "query": registration.format(
                    date="COALESCE(registration.date_closed, registration.write_date)", states="('done')"
                ),
            },
            "survey": {
                "name": self.env._("Surveys answered"),
                "type": "survey_answered",
                "models": ["survey.user_input"],
                "res_model": "survey.user_input",
                "query": answer,
            },
        }

    def _get_web_sources(self):
        return {
            "web_form": {
                "name": self.env._("Web forms that made a lead"),
                "type": "form_filled",
                "models": ["crm.lead", "website.visitor"],
                "field": ("crm.lead", "visitor_ids"),
                "res_model": "crm.lead",
                "query": """
                    SELECT COALESCE(lead.partner_id, sender.id) AS partner_id, lead.create_date AS date,
                           lead.name AS subject, lead.id AS res_id
                      FROM crm_lead lead
                      LEFT JOIN LATERAL (
                            SELECT MIN(partner.id) AS id FROM res_partner partner
                             WHERE partner.active AND partner.email_normalized = lead.email_normalized
                           ) sender ON TRUE
                     WHERE lead.write_date > %(since)s
                       AND EXISTS (SELECT FROM crm_lead_website_visitor_rel form WHERE form.crm_lead_id = lead.id)
                """,
            },
            "page": {
                "name": self.env._("Pages viewed"),
                "type": "page_viewed",
                "models": ["website.track"],
                "res_model": "website.track",
                "query": """
                    SELECT visitor.partner_id, track.visit_datetime AS date, track.url AS subject, track.id AS res_id
                      FROM website_track track
                      JOIN website_visitor visitor ON visitor.id = track.visitor_id
                     WHERE track.visit_datetime > %(since)s
                """,
            },
        }
