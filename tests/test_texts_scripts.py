# Texts of scripts reach the translators: the host's tool that collects them loses its way in some regular expressions.
import re
from pathlib import Path

from babel.messages import extract

from odoo.tests import TransactionCase, tagged

SCRIPTS = Path(__file__).parent.parent / "static" / "src"
TEXT = re.compile(r'\b_t\(\s*"((?:[^"\\]|\\.)*)"')


@tagged("post_install", "-at_install")
class TestTextsScripts(TransactionCase):
    def test_each_text_of_a_script_is_collected(self):
        written = 0
        for path in sorted(SCRIPTS.rglob("*.js")):
            with path.open("rb") as file:
                found = {
                    text
                    for _line, _function, texts, _comments in extract.extract_javascript(
                        file, ["_t"], [], {"encoding": "utf-8"}
                    )
                    for text in ([texts] if isinstance(texts, str) else texts)
                }
            texts = set(TEXT.findall(path.read_text()))
            written += len(texts)
            self.assertFalse(texts - found, path.name)
        self.assertGreater(written, 100)
