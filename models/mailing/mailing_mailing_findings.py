# What is wrong with a mail, found before it is launched; nothing here asks the network.
import re
from urllib.parse import urlsplit

from lxml import etree, html

from odoo import api, models, tools
from odoo.exceptions import UserError
from odoo.tools import config

# an address of the web: a scheme, a name with a dot or a port, no spaces
WEB_ADDRESS = re.compile(r"https?://[^\s/?#@]+(\.[^\s/?#.]{2,}|:\d+|localhost)[^\s]*", re.IGNORECASE)
# placeholders of other products and versions, which nothing replaces in the text of a mail
STRAY_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}|\$\{[^{}]*\}|%7B%7B.*?%7D%7D", re.IGNORECASE)
# names that are reserved for examples (RFC 2606 and 6761): what leads there was never filled in
EXAMPLE_HOST = re.compile(r"(^|\.)(example\.(com|net|org)|example|invalid|test)$")
PLAIN_SCHEMES = ("tel", "sms", "callto", "whatsapp")


class MailingMailing(models.Model):
    """Findings are errors, which keep a mail from being launched and a journey from being published, or warnings."""

    _inherit = "mailing.mailing"

    def _get_findings(self, record_ids=()):
        """Everything found, in the language of the current user.

        :param record_ids: some real recipients to try the mail with
        :return: list of ``(level, text)``; the level is ``error`` or ``warning``
        :rtype: list[tuple[str, str]]
        """
        self.ensure_one()

        findings = []
        if not (self.subject or "").strip():
            findings.append(("error", self.env._("The mail has no subject.")))
        if not self.env["journey.kind.email"]._has_content(self.body_html):
            findings.append(("error", self.env._("The mail has no content yet.")))
        findings += self._get_sender_findings()
        findings += self._get_body_findings()
        findings += [("error", text) for text in self._get_expiry_errors()]
        if not any(level == "error" for level, _text in findings):
            findings += self._get_sample_findings(record_ids)
        return findings

    def _get_sender_findings(self):

        findings = []
        if not tools.email_normalize(self.email_from or ""):
            findings.append(("error", self.env._("The mail has no sender with a valid address.")))
        # only whether there is one is told
        Server = self.env["ir.mail_server"].sudo()
        if self.mail_server_id and not self.sudo().mail_server_id.active:
            findings.append(("error", self.env._("The outgoing mail server of the mail is archived.")))
        elif not self.mail_server_id and not Server.search_count([], limit=1):
            if not config["smtp_server"]:
                findings.append(("error", self.env._("There is no outgoing mail server.")))
            else:
                findings.append(
                    (
                        "warning",
                        self.env._(
                            "There is no outgoing mail server in the settings; mails are handed to %(server)s.",
                            server=f"{config['smtp_server']}:{config['smtp_port']}",
                        ),
                    )
                )
        return findings

    def _get_body_findings(self):
        """Unsubscribe link, links and placeholders, as they were written."""

        if tools.is_html_empty(self.body_html):
            return []
        tree = html.fromstring(f"<div>{self.body_html}</div>")
        findings = []
        # a link made by an expression is looked at when it is rendered
        links = [link for link in tree.xpath("//a") if not link.xpath("@t-att-href | @t-attf-href | @t-att")]
        if not self.is_operational and not any("/unsubscribe_from_list" in (link.get("href") or "") for link in links):
            findings.append(("warning", self.env._("The mail has no unsubscribe link.")))
        findings += self._get_link_findings(links, tree)
        texts = [text for text in tree.itertext() if STRAY_PLACEHOLDER.search(text)]
        if texts:
            findings.append(
                (
                    "error",
                    self.env._(
                        "Nothing fills the placeholder %(placeholder)s; it would be sent as it is.",
                        placeholder=STRAY_PLACEHOLDER.search(texts[0]).group(),
                    ),
                )
            )
        return findings

    def _get_link_findings(self, links, tree):

        empty, broken, stray, examples = [], [], [], []
        anchors = set(tree.xpath("//@id | //a/@name"))
        for link in links:
            href = (link.get("href") or "").strip()
            label = " ".join(link.text_content().split()) or href or "…"
            if not href or href == "#":
                # a mere mark inside the page is no link
                if link.get("href") is not None or not (link.get("id") or link.get("name")):
                    empty.append(label)
            elif STRAY_PLACEHOLDER.search(href):
                stray.append(href)
            elif href.startswith("#"):
                if href[1:] not in anchors:
                    broken.append(href)
            elif not self._is_link(href):
                broken.append(href)
            elif self._is_example(href):
                examples.append(href)
        findings = []
        if empty:
            findings.append(("warning", self.env._("These links lead nowhere: %(links)s", links=", ".join(empty))))
        if broken:
            findings.append(("warning", self.env._("These links are broken: %(links)s", links=", ".join(broken))))
        if examples:
            findings.append(
                (
                    "warning",
                    self.env._(
                        "These links are examples still, and lead to no page of yours: %(links)s",
                        links=", ".join(dict.fromkeys(examples)),
                    ),
                )
            )
        if stray:
            findings.append(
                ("error", self.env._("Nothing fills the placeholder in these links: %(links)s", links=", ".join(stray)))
            )
        return findings

    def _is_link(self, href):
        """Whether a link can lead somewhere; those within this database begin with a slash."""
        if href.startswith("/") and not href.startswith("//"):
            return " " not in href
        try:
            scheme = urlsplit(href).scheme.lower()
        except ValueError:
            return False
        if scheme in ("http", "https"):
            return bool(WEB_ADDRESS.fullmatch(href))
        if scheme == "mailto":
            return bool(tools.email_normalize(href[7:].partition("?")[0]))
        return scheme in PLAIN_SCHEMES and len(href) > len(scheme) + 1

    @api.model
    def _is_example(self, href):
        """Whether a link leads to a name that is reserved for examples."""
        try:
            host = urlsplit(href).hostname
        except ValueError:
            return False
        return bool(host and EXAMPLE_HOST.search(host.lower().rstrip(".")))

    def _get_sample_findings(self, record_ids):
        """Try the mail with real recipients: unknown fields, expressions that fail, links and subjects that stay
        empty."""

        findings = []
        for record_id in record_ids:
            record = self.env[self.mailing_model_real].browse(record_id)
            try:
                with self.env.cr.savepoint(flush=False):
                    subject = self._render_field("subject", [record_id])[record_id]
                    self._render_field("preview", [record_id])
                    body = self._render_field("body_html", [record_id])[record_id]
            except Exception as error:  # whatever an expression raises: the mail cannot be made
                while error.__cause__ or error.__context__:
                    error = error.__cause__ or error.__context__  # the host wraps what happened in a long report
                text = " ".join(str(error).split())[:300]
                return [
                    (
                        "error",
                        self.env._(
                            "The mail cannot be made for %(name)s: %(error)s", name=record.display_name, error=text
                        ),
                    )
                ]
            if not str(subject or "").strip():
                findings.append(("error", self.env._("The subject is empty for %(name)s.", name=record.display_name)))
            findings += self._get_rendered_findings(record, body)
        return list(dict.fromkeys(findings))

    def _get_rendered_findings(self, record, body):
        try:
            tree = html.fromstring(f"<div>{body or ''}</div>")
        except etree.ParserError:
            return []
        written = set(html.fromstring(f"<div>{self.body_html}</div>").xpath("//a/@href"))
        broken = [
            href
            for link in tree.xpath("//a[@href]")
            if (href := link.get("href").strip()) not in written and not self._is_link(href)
        ]
        broken += [
            self.env._("(empty)") for link in tree.xpath("//a[not(@href)]") if not (link.get("id") or link.get("name"))
        ]
        source = html.fromstring(f"<div>{self.body_html}</div>")
        made = source.xpath("count(//a[@t-att-href or @t-attf-href or @t-att])")
        if not broken or not made:
            return []
        return [
            (
                "warning",
                self.env._(
                    "Links are broken for %(name)s: %(links)s", name=record.display_name, links=", ".join(broken)
                ),
            )
        ]

    def _get_sample(self, record_ids, size=5):
        """Some recipients from all over the audience."""
        record_ids = list(record_ids)
        step = max(len(record_ids) // size, 1)
        return record_ids[::step][:size]

    def _check_blockers(self):
        """:raise UserError: lists what keeps one of these mailings from being sent"""
        for mailing in self.filtered(lambda mailing: mailing.mailing_type == "mail"):
            recipients = self.env[mailing.mailing_model_real].search(mailing._get_recipients_domain(), limit=5)
            errors = [text for level, text in mailing._get_findings(recipients.ids) if level == "error"]
            if errors:
                raise UserError(
                    self.env._("“%(mailing)s” cannot be sent yet:", mailing=mailing.subject or mailing.display_name)
                    + "\n- "
                    + "\n- ".join(errors)
                )

    def action_put_in_queue(self):
        self._refuse_journey()
        self._check_operational()
        self._check_blockers()
        return super().action_put_in_queue()

    def action_schedule(self):
        """Before the date is asked for, not afterwards."""
        self._refuse_journey()
        self._check_blockers()
        return super().action_schedule()
