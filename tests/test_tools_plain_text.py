# The plain text of a mail, made of its HTML.
from odoo.tests import TransactionCase, tagged

from ..tools.plain_text import html_to_text


@tagged("post_install", "-at_install")
class TestPlainText(TransactionCase):
    def test_what_becomes_of_html(self):
        for html, text in (
            ("", ""),
            (None, ""),
            ("<p> Hello \n <b>you</b>, </p><p>Bye</p>", "Hello you,\n\nBye"),
            ("One<br/>two", "One\ntwo"),
            (
                "<table><tr><th>Account</th><td>Azure</td></tr><tr><th>Stage</th><td>New</td></tr></table>",
                "Account: Azure\nStage: New",
            ),
            ("<table><tr><td>a</td><td>b</td></tr></table>", "a  b"),
            ("<table><tr><th>List</th><td>a<br/>b</td></tr></table>", "List:\na\nb"),
            ("<h2>Members</h2><p>None</p>", "Members\n-------\n\nNone"),
            ("<h3></h3><p>x</p>", "x"),
            ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
            ('<p>See <a href="https://example.com/x">the page</a></p>', "See the page: https://example.com/x"),
            ('<a href="https://example.com/x">https://example.com/x</a>', "https://example.com/x"),
            ('<a href="mailto:a@example.com">a@example.com</a>', "a@example.com"),
            ('<a href="tel:+1204">+1 204</a>', "+1 204"),
            ('<div style="color: red; DISPLAY : none">secret</div><p>shown</p>', "shown"),
            ("<style>p {}</style><script>x()</script><p>a &amp; b &lt;c&gt;</p>", "a & b <c>"),
            ("<p>a\u00a0b</p>", "a\u00a0b"),
            (
                """<p><a href="https://a.example" style="display: inline-block">A</a>
                <a href="https://b.example" style="display:inline-block">B</a></p>""",
                "A: https://a.example\nB: https://b.example",
            ),
            ("<!-- note --><p>x</p>", "x"),
            (
                "<p>a</p><table><tr><td><h3>Name</h3><table><tr><th>R</th><td>v</td></tr></table></td></tr></table>",
                "a\n\nName\nR: v",
            ),
        ):
            self.assertEqual(html_to_text(html), text, html)

    def test_whole_documents(self):
        html = "<!DOCTYPE html><html><head><title>T</title></head><body><p>x</p><p>y</p></body></html>"
        self.assertEqual(html_to_text(html), "x\n\ny")

    def test_languages_write_pairs_in_their_own_way(self):
        html = '<table><tr><th>Compte</th><td>Azure</td></tr></table><a href="https://a.example">Ouvrir</a>'
        self.assertEqual(
            html_to_text(html, "%(label)s\u00a0: %(value)s"), "Compte\u00a0: Azure\nOuvrir\u00a0: https://a.example"
        )
