# Unsubscribing from "these mails" besides "all mails", for mails that have a topic.
import urllib.parse

from werkzeug.exceptions import NotFound, Unauthorized

from odoo import http, tools
from odoo.http import request

from odoo.addons.mass_mailing.controllers.main import MassMailController


class MailingTopicController(MassMailController):
    """The host asks "Unsubscribe?" on a page, and puts whoever unsubscribes from a mail to leads or contacts on the
    blacklist, for everything. Where the mail has a topic, the page offers both, and the mail program's own button
    (one-click, RFC 8058) opts out of the topic. Who may do so is checked by the host's token, as ever.

    What was chosen is undone where the host undoes it: a topic in the list of subscriptions, the blacklist by its
    button.
    """

    @http.route()
    def mailing_confirm_unsubscribe(self, mailing_id, document_id=None, email=None, hash_token=None):
        response = super().mailing_confirm_unsubscribe(
            mailing_id, document_id=document_id, email=email, hash_token=hash_token
        )
        topic = self._get_topic(request.env["mailing.mailing"].sudo().browse(mailing_id))
        if topic and getattr(response, "qcontext", None) is not None:
            response.qcontext["topic"] = topic
        return response

    @http.route()
    def mailing_confirm_unsubscribe_post(
        self, mailing_id, document_id=None, email=None, hash_token=None, scope=None, **post
    ):
        if scope != "all":
            response = super().mailing_confirm_unsubscribe_post(
                mailing_id, document_id=document_id, email=email, hash_token=hash_token
            )
            if topic := self._get_topic(request.env["mailing.mailing"].sudo().browse(int(mailing_id))):
                response.qcontext["settings_url"] += "&settings=1"
                response.qcontext["unsubscribed_topic"] = topic
            return response
        email_found, hash_token_found = self._fetch_user_information(email, hash_token)
        try:
            mailing = self._check_mailing_email_token(
                int(mailing_id), document_id, email_found, hash_token_found, required_mailing_id=True
            )
        except NotFound as error:  # which mailings there are is nobody's business
            raise Unauthorized() from error
        self._block(mailing, document_id, email_found, hash_token_found)
        parameters = urllib.parse.urlencode({"email": email, "document_id": document_id, "hash_token": hash_token})
        return request.render(
            "mass_mailing.page_mailing_has_unsubscribed",
            {
                "settings_url": f"/mailing/{int(mailing_id)}/unsubscribe?{parameters}&settings=1",
                "unsubscribed_all": True,
            },
        )

    @http.route()
    def mailing_unsubscribe(self, mailing_id, document_id=None, email=None, hash_token=None, settings=None, **post):
        """With ``settings``, only show how things stand: the link to the preferences must not take back what was chosen
        there."""
        if settings:
            email_found, hash_token_found = self._fetch_user_information(email, hash_token)
            try:
                mailing = self._check_mailing_email_token(
                    mailing_id, document_id, email_found, hash_token_found, required_mailing_id=True
                )
            except NotFound as error:
                raise Unauthorized() from error
            return self._render_preferences(mailing, document_id, email_found, hash_token_found)
        return super().mailing_unsubscribe(mailing_id, document_id=document_id, email=email, hash_token=hash_token)

    def _render_preferences(self, mailing, document_id, email, hash_token, **values):
        """The host's page of subscriptions."""
        return request.render(
            "mass_mailing.page_mailing_unsubscribe",
            self._prepare_mailing_subscription_values(mailing, document_id, email, hash_token) | values,
        )

    def _get_topic(self, mailing):
        """The topic that unsubscribing from this mailing is about; mailings to lists have their lists instead."""
        if not mailing or not mailing.exists() or mailing.mailing_on_mailing_list:
            return request.env["mailing.list"].sudo()
        return mailing._get_topic()

    def _mailing_unsubscribe_from_document(self, mailing, document_id, email, hash_token):
        """Opt out of the topic; whoever is on the blacklist gets nothing anyway and only sees how things stand."""
        topic = self._get_topic(mailing)
        if not topic:
            return self._block(mailing, document_id, email, hash_token)
        normalized = tools.email_normalize(email)
        if not normalized or self._is_blocked(email):
            return self._render_preferences(mailing, document_id, email, hash_token)
        trace = mailing._get_trace_of(document_id, normalized)
        trace._set_unsubscribed()
        person = trace._get_person()
        topic.with_context(unsubscribed_partner_id=person.id)._opt_out_of_topic(normalized)
        return self._render_preferences(
            mailing,
            document_id,
            email,
            hash_token,
            last_action="subscription_updated",
            unsubscribed_name=request.env._(
                "You get no more mails about “%(topic)s”. Other mails are not affected.", topic=topic.name
            ),
        )

    @http.route()
    def mail_blocklist_add(self, mailing_id=None, document_id=None, email=None, hash_token=None):
        email_found, _hash_token_found = self._fetch_user_information(email, hash_token)
        before = self._is_blocked(email_found)
        result = super().mail_blocklist_add(
            mailing_id=mailing_id, document_id=document_id, email=email, hash_token=hash_token
        )
        if result is True and mailing_id and not before:
            self._log_blocked(request.env["mailing.mailing"].sudo().browse(int(mailing_id)), document_id, email_found)
        return result

    def _block(self, mailing, document_id, email, hash_token):
        """What the host does: no mails at all any more."""
        before = self._is_blocked(email)
        # past this class, where a topic would be asked for
        response = super()._mailing_unsubscribe_from_document(  # pylint: disable=super-method-mismatch
            mailing, document_id, email, hash_token
        )
        if not before:
            self._log_blocked(mailing, document_id, email)
        return response

    def _is_blocked(self, email):
        blocked = self._fetch_blocklist_record(email)
        return bool(blocked and blocked.active)

    def _log_blocked(self, mailing, document_id, email):
        """Note it in the activity log, for whoever the mail went to."""
        trace = mailing._get_trace_of(document_id, tools.email_normalize(email))
        trace._set_unsubscribed()
        trace._log_activity("email_unsubscribed")

    def _mailing_unsubscribe_from_list(self, mailing, document_id, email, hash_token):
        mailing._get_trace_of(document_id, tools.email_normalize(email))._set_unsubscribed()
        return super()._mailing_unsubscribe_from_list(mailing, document_id, email, hash_token)

    @http.route()
    def mailing_update_list_subscription(
        self, mailing_id=None, document_id=None, email=None, hash_token=None, lists_optin_ids=None, **post
    ):
        """Whoever came here by a mail and left a list unsubscribed by that mail."""
        result = super().mailing_update_list_subscription(
            mailing_id=mailing_id,
            document_id=document_id,
            email=email,
            hash_token=hash_token,
            lists_optin_ids=lists_optin_ids,
            **post,
        )
        if mailing_id and type(result) is int and result > 0:
            mailing = request.env["mailing.mailing"].sudo().browse(int(mailing_id))
            mailing._get_trace_of(document_id, tools.email_normalize(email or ""))._set_unsubscribed()
        return result
