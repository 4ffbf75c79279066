# The outbox of journeys: transmitting a batch of mails through one connection to the mail server.
import logging
import smtplib
import time

import psycopg2

from odoo import fields, models, tools
from odoo.exceptions import UserError

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..journey.journey_engine import RETRYABLE
from .outbox_ledger import HELD, UNCERTAIN, OutboxLedger
from .outbox_message import Prepared, Result, Watch

_logger = logging.getLogger(__name__)

# mails whose texts are made before the first of them leaves, and what they may weigh together
BATCH_SIZE = 25
BATCH_BYTES = 8 * 1024 * 1024
# the connection to the database was lost: that is no mail's fault
DATABASE_LOST = (psycopg2.OperationalError, psycopg2.InterfaceError)


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _send(
        self,
        auto_commit=False,
        raise_exception=False,
        smtp_session=None,
        alias_domain_id=False,
        mail_server=False,
        post_send_callback=None,
    ):
        """Mails of the outbox are sent by what follows here, with all that Odoo does for a mail, but its queries are
        made for a batch, not for each mail. Whoever sends them, nobody else can send them at the same time."""
        ours = self._get_outbox()
        others = self - ours
        result = True
        if others:
            result = super(MailMail, others)._send(
                auto_commit=auto_commit,
                raise_exception=raise_exception,
                smtp_session=smtp_session,
                alias_domain_id=alias_domain_id,
                mail_server=mail_server,
                post_send_callback=post_send_callback,
            )
        if ours and not self.env["ir.mail_server"]._disable_send():
            ours._send_ours(auto_commit is True, raise_exception, smtp_session, alias_domain_id, mail_server)
            if post_send_callback:
                post_send_callback(ours.ids)
        return result

    def _get_outbox(self):
        """Those of these mails that are sent the outbox's way; a notification of Odoo's own hangs on none of them."""
        bare = self.with_context(prefetch_fields=False)  # the texts are read later, batch by batch
        ours = self.browse(bare.filtered(lambda mail: mail.journey_outbox == "open").ids)
        if not ours:
            return ours
        # as Odoo does when it sends
        notifications = self.env["mail.notification"].sudo().search([("mail_mail_id", "in", ours.ids)])
        return ours - notifications.mail_mail_id

    def _split_by_delayed_batch(self, mail_server):
        """Mails that a personal mail server may not send yet wake the outbox's workers, too."""
        now = fields.Datetime.now()
        to_send = super()._split_by_delayed_batch(mail_server)
        delayed = (self - to_send).filtered(lambda mail: mail.journey_outbox and (mail.scheduled_date or now) > now)
        if delayed:
            self._wake_outbox(min(delayed.mapped("scheduled_date")))
        if self.env.context.get("journey_outbox_worker"):
            # how many went out this minute is every worker's business
            self._commit_outbox()
        return to_send

    # A batch ------------------------------------------------------------------------------------------------------

    def _send_ours(self, commit, raise_exception, smtp_session, alias_domain_id, mail_server):
        """:param bool commit: whether each mail is noted for good at once; else it is part of this transaction"""
        if mail_server and not self._filter_mail_mail_servers(mail_server):
            raise UserError(self.env._("Some of these mails may not be sent through this mail server."))
        if not commit:
            self._lock_waiting()._transmit_all(False, raise_exception, smtp_session, alias_domain_id, mail_server)
            return
        with self._claim() as mails:
            mails._transmit_all(True, raise_exception, smtp_session, alias_domain_id, mail_server)

    def _lock_waiting(self):
        """Lock those that wait in this transaction, all before the first is sent: a collision afterwards would roll
        back, and repeat, what cannot be taken back."""
        self.env.flush_all()
        self.env.cr.execute(
            f"""
            SELECT mail.id FROM mail_mail mail
             WHERE mail.id = ANY(%s) AND mail.state = 'outgoing' AND NOT {HELD}
          ORDER BY mail.id FOR NO KEY UPDATE SKIP LOCKED
            """,
            [self.ids],
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    def _transmit_all(self, commit, raise_exception, smtp_session, alias_domain_id, mail_server):
        """Send these mails in batches: make their texts, let them leave one by one, and finish them together."""
        reason = self.env._("Sending was interrupted: this mail may have been sent or not. It is not sent again.")
        with OutboxLedger(self.env, commit, reason) as ledger:
            first = True
            for ids in tools.split_every(BATCH_SIZE, self.ids):
                # nobody needs the texts of mails of other batches
                mails = self.browse(ids)
                followers = self.env["mail.followers"]._get_mail_doc_to_followers(
                    mails.filtered(lambda mail: mail.body_html and "/mail/unfollow" in mail.body_html).ids
                )
                pending, size = [], 0
                for position, mail in enumerate(mails, start=1):
                    pending.append(mail._prepare_transmission(alias_domain_id, mail_server, followers))
                    size += pending[-1].size
                    if size < BATCH_BYTES and position < len(mails):
                        continue
                    lost = self._transmit(pending, ledger, smtp_session, commit, raise_exception, first)
                    if lost or self._is_time_out():
                        return
                    pending, size, first = [], 0, False

    def _prepare_transmission(self, alias_domain_id, mail_server, followers):
        """Make the messages of this mail, as Odoo would.

        :rtype: Prepared
        """
        self.ensure_one()
        prepared = Prepared(self.id)
        try:
            prepared.no_recipients = not (
                (self.email_to or "").strip() or self.recipient_ids or (self.email_cc or "").strip()
            )
            emails_from = tools.mail.email_split_and_format_normalize(self.email_from)
            IrMailServer = self.env["ir.mail_server"]
            for values in self._prepare_outgoing_list(
                mail_server=mail_server or self.mail_server_id, doc_to_followers=followers
            ):
                context = {"send_validated_to": values.pop("email_to_normalized", [])}
                if alias_domain_id:
                    # as Odoo does when it sends
                    domain = self.env["mail.alias.domain"].sudo().browse(alias_domain_id)
                    context["domain_notifications_email"] = domain.default_from_email
                    context["domain_bounce_address"] = values["headers"].get("Return-Path") or domain.bounce_email
                server = IrMailServer.with_context(**context)
                message = server._build_email__(
                    email_from=emails_from[0] if emails_from else self.email_from,
                    email_to=values["email_to"],
                    subject=values["subject"],
                    body=values["body"],
                    body_alternative=values["body_alternative"],
                    email_cc=values["email_cc"],
                    reply_to=values["reply_to"],
                    attachments=values["attachments"],
                    message_id=values["message_id"],
                    references=values["references"],
                    object_id=values["object_id"],
                    subtype="html",
                    subtype_alternative="plain",
                    headers=values["headers"],
                )
                prepared.messages.append((server, message, values))
                prepared.size += 2 * len(values["body"]) + sum(len(raw) for _name, raw, _type in values["attachments"])
        except (MemoryError, *DATABASE_LOST, *RETRYABLE):
            raise
        except Exception as error:  # the mail fails, when its turn comes; the others go on
            prepared.error = error
        return prepared

    def _transmit(self, pending, ledger, smtp_session, commit, raise_exception, first):
        """Let the mails of a batch leave, one by one.

        :param bool first: nothing has passed through this connection yet
        :return: whether the connection was lost
        """
        results, lost = {}, False
        try:
            for prepared in pending:
                # one at least, so that any run gets on
                if results and self._is_time_out():
                    break
                if not ledger.take(prepared.mail_id):
                    continue
                mail = self.browse(prepared.mail_id)
                result = mail._transmit_one(prepared, smtp_session)
                if result.session_is_lost and result.state == "outgoing" and first and not results:
                    # the first of a fresh connection: it is this mail that the mail server does not like
                    result.state, result.failure_type = "exception", "mail_smtp"
                failed = result.state == "exception"
                ledger.settle(mail.id, result.state, failed and result.failure_type, failed and result.failure_reason)
                results[mail.id] = result
                if result.database_is_lost:
                    raise result.error
                if result.session_is_lost or (raise_exception and result.error):
                    lost = result.session_is_lost
                    break
        finally:
            ledger.flush()
            if not commit:
                self.invalidate_model(["state", "failure_type", "failure_reason", "write_date"])
            self._finish(results, commit)
        if raise_exception:
            for result in results.values():
                if result.error:
                    self._raise_as_odoo(result.error)
        return lost

    def _is_time_out(self):
        """Whether the run of the scheduled action that empties the outbox should end now; the rest waits."""
        if not self.env.context.get("journey_outbox_worker"):
            return False
        return time.monotonic() > self.env.context.get("cron_end_time", float("inf"))

    def _raise_as_odoo(self, error):
        if isinstance(error, UnicodeEncodeError):
            raise MailDeliveryException(f"Invalid text: {error.object}")
        if isinstance(error, AssertionError):
            raise MailDeliveryException(". ".join(error.args))
        raise error

    def _transmit_one(self, prepared, smtp_session):
        """Hand the messages of one mail to the mail server; nothing is read or written for it.

        :rtype: Result
        """
        IrMailServer = self.env["ir.mail_server"]
        result = Result("exception")
        with Watch(smtp_session) as watch:
            try:
                if prepared.error:
                    raise prepared.error
                for server, message, values in prepared.messages:
                    try:
                        result.message_id = server.send_email(
                            message, mail_server_id=self.mail_server_id.id, smtp_session=smtp_session
                        )
                    except AssertionError as error:
                        if str(error) != IrMailServer.NO_VALID_RECIPIENT:
                            raise
                        # another recipient of the same mail may be valid
                        missing = not values.get("email_to") and result.failure_type != "mail_email_invalid"
                        result.failure_type = "mail_email_missing" if missing else "mail_email_invalid"
                        result.failure_reason = str(error)
                        continue
                    if values["partner_id"]:
                        result.partners.append(values["partner_id"])
                    else:
                        result.emails.extend(values["email_to"] or [])
                    result.at = fields.Datetime.now()
            except MemoryError:
                raise
            except DATABASE_LOST as error:
                result.database_is_lost = True
                result.failure_reason = tools.exception_to_unicode(error)
                if watch.is_certain:
                    result.state = "outgoing"
                else:
                    result.failure_type = UNCERTAIN
                result.error = error
                return result
            except smtplib.SMTPServerDisconnected as error:
                result.session_is_lost = True
                result.failure_reason = tools.exception_to_unicode(error)
                if watch.is_certain:
                    result.state = "outgoing"
                else:
                    result.failure_type = UNCERTAIN
                result.error = error
                _logger.info("The mail server closed the connection at mail.mail %s: %s", prepared.mail_id, error)
                return result
            except Exception as error:
                result.failure_type, result.failure_reason = self._get_failure_of(error)
                result.error = error
                _logger.warning("Mail %s could not be sent: %s", prepared.mail_id, result.failure_reason)
                return result
        if result.message_id:
            result.state = "sent"
            _logger.info("Mail %s of a journey sent, %s", prepared.mail_id, result.message_id)
        elif not result.failure_type:
            result.failure_type = "mail_email_missing" if prepared.no_recipients else "unknown"
            result.failure_reason = (
                IrMailServer.NO_VALID_RECIPIENT
                if prepared.no_recipients
                else self.env._("There was nobody to send to.")
            )
        return result

    def _get_failure_of(self, error):
        """Type and reason of a failure, as Odoo words them.

        :return: ``(failure type, reason)``
        :rtype: tuple
        """
        IrMailServer = self.env["ir.mail_server"]
        if isinstance(error, AssertionError) and error.args:
            code = error.args[0]
            if code == IrMailServer.NO_VALID_FROM:
                return "mail_from_invalid", str(error.args[-1])
            if code in (IrMailServer.NO_FOUND_FROM, IrMailServer.NO_FOUND_SMTP_FROM):
                return "mail_from_missing", code
            return "unknown", str(code)
        if isinstance(error, MailDeliveryException) and "OutboundSpamException" in str(error):
            return "mail_spam", tools.exception_to_unicode(error)
        return "unknown", tools.exception_to_unicode(error)
