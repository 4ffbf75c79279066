# Pages on which recipients of a sales alert answer it, without logging in.
from odoo import http
from odoo.http import request

from ..models.insight.alert.buying_alert_recipient import ANSWER_DAYS, ANSWERS

ADDRESS = "/buying/alert/<int:recipient_id>/<string:token>/<string:answer>"


class BuyingAlert(http.Controller):
    """Every address holds a token that only the mail of this recipient knows. Looking at a page changes nothing, since
    programs that check mails follow their links: only the form on it answers."""

    @http.route(ADDRESS, type="http", auth="public", website=True, methods=["GET"], sitemap=False)
    def alert_ask(self, recipient_id, token, answer, **_params):
        recipient, page = self._find(recipient_id, token, answer)
        return self._render(page, recipient, answer)

    @http.route(ADDRESS, type="http", auth="public", website=True, methods=["POST"], sitemap=False)
    def alert_answer(self, recipient_id, token, answer, reason=None, **_params):
        recipient, page = self._find(recipient_id, token, answer)
        # the host sends requests with the method OPTIONS here, too, and asks them for no token of a form
        if page == answer and request.httprequest.method == "POST":
            reason = reason if isinstance(reason, str) else None  # it could be a file
            first = recipient.alert_id._answer(ANSWERS[answer], reason, recipient, self._get_user())
            page = "done" if first else "answered"
        return self._render(page, recipient, answer)

    @http.route(
        "/buying/alert/answer/<string:answer>", type="http", auth="public", website=True, methods=["GET"], sitemap=False
    )
    def alert_preview(self, answer, **_params):
        """Where the links of a preview lead."""
        return self._render("preview")

    def _find(self, recipient_id, token, answer):
        """:return: the recipient, and the page to show: the answer itself if it can be given"""
        recipient = request.env["buying.alert.recipient"]._browse_by_token(recipient_id, token)
        if not recipient or answer not in ANSWERS:
            return recipient.browse(), "unknown"
        if recipient.lang:
            request.update_context(lang=recipient.lang)
            recipient = recipient.with_context(lang=recipient.lang)
        # first of all: what was answered, and why, is not for whoever has left
        if refusal := recipient._get_answer_refusal(self._get_user()):
            return recipient, refusal
        if recipient.alert_id.state != "sent":
            return recipient, "answered"
        return recipient, "expired" if recipient._is_expired() else answer

    def _get_user(self):
        """Whoever is logged in and works here: a mail may have been forwarded to them."""
        user = request.env.user
        return user if user._is_internal() else None

    def _render(self, page, recipient=None, answer=None):
        alert = recipient.alert_id if recipient else None
        values = {
            "page": page,
            "alert": alert,
            "days": ANSWER_DAYS,
            "url": recipient._get_url(answer) if recipient and page == answer else None,
            "group_url": alert.group_id._get_alert_url() if alert and page != "no_access" else None,
            "who": self._get_user().name if self._get_user() else recipient and recipient._get_names()[0],
        }
        response = request.render(
            "crm_buying_journey.page_buying_alert", values, status=404 if page == "unknown" else 200
        )
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
        return response
