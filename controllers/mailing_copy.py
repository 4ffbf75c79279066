# Pages for people in tracked copy: their links, their unsubscribing, reading the mail in a browser.
import base64

from werkzeug.exceptions import NotFound, Unauthorized

from odoo import http
from odoo.http import Response, request

PIXEL = base64.b64decode(b"R0lGODlhAQABAIAAANvf7wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
ADDRESS = "/mailing/copy/<int:copy_id>/<string:token>"


class MailingCopy(http.Controller):
    """Every address holds a token that only the mail of this copy knows."""

    def _get_copy(self, copy_id, token):
        copy = request.env["mailing.trace.copy"]._browse_by_token(copy_id, token)
        if not copy:
            raise Unauthorized()
        return copy

    @http.route(f"{ADDRESS}/open.gif", type="http", auth="public")
    def copy_open(self, copy_id, token, **_params):
        self._get_copy(copy_id, token)._set_opened()
        return Response(PIXEL, mimetype="image/gif")

    @http.route(f"{ADDRESS}/r/<string:code>", type="http", auth="public")
    def copy_follow(self, copy_id, token, code, **_params):
        copy = self._get_copy(copy_id, token)
        url = request.env["link.tracker"].sudo().get_url_from_code(code)
        if not url:
            raise NotFound()
        copy._set_clicked(url)
        return request.redirect(url, code=301, local=False)

    @http.route(f"{ADDRESS}/view", type="http", auth="public", website=True)
    def copy_view(self, copy_id, token, **_params):
        copy = self._get_copy(copy_id, token)
        mailing, record_id = copy.mailing_id, copy.trace_id.res_id
        body = mailing._render_field("body_html", [record_id], compute_lang=False, options={"post_process": False})
        html = body[record_id].replace("/unsubscribe_from_list", copy._get_url("unsubscribe"))
        return request.render("mass_mailing.mailing_view", {"body": html})

    @http.route(f"{ADDRESS}/unsubscribe", type="http", auth="public", website=True, methods=["GET"])
    def copy_unsubscribe(self, copy_id, token, **_params):
        """Ask first: programs that look at links would unsubscribe people otherwise."""
        return self._render(self._get_copy(copy_id, token), done=False)

    @http.route(f"{ADDRESS}/unsubscribe", type="http", auth="public", website=True, methods=["POST"])
    def copy_unsubscribe_confirmed(self, copy_id, token, scope=None, **_params):
        copy = self._get_copy(copy_id, token)
        # the host sends requests with the method OPTIONS here, too, and asks them for no token of a form
        if request.httprequest.method != "POST":
            return self._render(copy, done=False)
        copy._unsubscribe(scope if scope in ("copies", "all") else None)
        return self._render(copy, done=True)

    # called by mail programs, in no session of ours
    @http.route(f"{ADDRESS}/unsubscribe_oneclick", type="http", auth="public", methods=["POST"], csrf=False)
    def copy_unsubscribe_oneclick(self, copy_id, token, **_params):
        copy = self._get_copy(copy_id, token)
        if request.httprequest.method == "POST":
            copy._unsubscribe()
        return Response(status=200)

    def _render(self, copy, done):
        return request.render(
            "crm_buying_journey.page_copy_unsubscribe",
            {
                "copy": copy,
                "token": copy._get_token(),
                "done": done,
                "is_blacklisted": bool(copy.env["mail.blacklist"].search_count([("email", "=", copy.email)])),
            },
        )
