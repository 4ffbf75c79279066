# A mail's plain text, made of its HTML: tables become lines, headings are underlined, links keep their address.
import re

from lxml import html as lxml_html

BLOCKS = {"address", "article", "blockquote", "center", "div", "footer", "header", "li", "ol", "p", "pre", "section"}
BLOCKS |= {"table", "tbody", "tfoot", "thead", "ul", "hr", "dl", "dt", "dd"}
HEADINGS = {"h1": "=", "h2": "-"}
TITLES = {"h3", "h4", "h5", "h6"}
SKIPPED = {"head", "script", "style", "title", "meta", "link"}
# white space that a browser draws as one blank; a no-break space is none of it
BLANKS = re.compile(r"[ \t\r\n\f]+")
BUTTON = re.compile(r"display\s*:\s*inline-block", re.IGNORECASE)
# breaks are asked for by marks, so that two blocks side by side do not ask for two of them
LINE, GAP = "\x01", "\x02"
BREAKS = re.compile(r" *[\x01\x02\n][\x01\x02\n ]*")
SPACE = " \n" + LINE + GAP
HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def html_to_text(body, pair="%(label)s: %(value)s"):
    """The text of a mail for those who read no HTML.

    A row of a table becomes one line if each of its cells is one: ``label: value`` where the first cell is a ``th``,
    else the cells with two blanks between them. What is hidden by ``display: none`` is left out. Links are followed by
    their address, unless their text says it already or they only start a call or a mail; those that look like buttons
    (``display: inline-block``) get a line of their own.

    :param str body: HTML, a whole document or a part of one
    :param str pair: how the language of the mail writes a label and its value
    :rtype: str
    """
    if not body or not body.strip():
        return ""
    body = body.replace(LINE, "").replace(GAP, "")
    tree = lxml_html.fromstring(f"<div>{body}</div>" if "<html" not in body else body)
    lines = _settle(_render(tree, pair)).split("\n")
    return "\n".join(line.strip(" \t") for line in lines).strip("\n")


def _settle(text):
    """Breaks that were asked for from both sides become one; a gap is an empty line."""
    return BREAKS.sub(lambda match: "\n\n" if GAP in match[0] or match[0].count("\n") > 1 else "\n", text)


def _render(element, pair):
    """Text of an element and what is in it, with the breaks that it asks for."""
    if not isinstance(element.tag, str) or element.tag in SKIPPED or HIDDEN.search(element.get("style") or ""):
        return ""
    if element.tag == "br":
        return "\n"
    if element.tag == "img":
        return element.get("alt") or ""
    if element.tag == "tr":
        return _render_row(element, pair)
    text = _render_inside(element, pair)
    if element.tag == "a":
        link = _render_link(text, element.get("href") or "", pair)
        return f"{LINE}{link}{LINE}" if BUTTON.search(element.get("style") or "") else link
    if not text.strip(SPACE):
        return ""
    if element.tag in HEADINGS:
        title = " ".join(_settle(text).split())
        return f"{GAP}{title}{LINE}{HEADINGS[element.tag] * len(title)}{LINE}"
    if element.tag in TITLES:
        return f"{GAP}{' '.join(_settle(text).split())}{LINE}"
    if element.tag == "li":
        return f"{LINE}- {text.strip(SPACE)}{LINE}"
    if element.tag == "p":
        return f"{GAP}{text.strip(SPACE)}{GAP}"
    return f"{LINE}{text}{LINE}" if element.tag in BLOCKS else text


def _render_inside(element, pair):
    parts = [BLANKS.sub(" ", element.text or "")]
    for child in element:
        parts += [_render(child, pair), BLANKS.sub(" ", child.tail or "")]
    return "".join(parts)


def _render_row(row, pair):
    cells = [cell for cell in row if cell.tag in ("td", "th")]
    texts = [_render_inside(cell, pair).strip(" \n" + LINE) for cell in cells]
    told = [text for text in texts if text.strip(SPACE)]
    is_long = any(mark in text for text in told for mark in ("\n", LINE, GAP))
    if cells and cells[0].tag == "th" and len(told) > 1:
        value = LINE + LINE.join(told[1:]) if is_long else "  ".join(told[1:])
        return f"{LINE}{pair % {'label': told[0], 'value': value}}{LINE}"
    if is_long:
        return LINE + LINE.join(told) + LINE
    return f"{LINE}{'  '.join(told)}{LINE}" if told else ""


def _render_link(text, href, pair):
    shown = text.strip(SPACE)
    if not href or href.startswith(("#", "mailto:", "tel:")) or (shown and shown in href):
        return text
    return pair % {"label": text.rstrip(SPACE), "value": href} if shown else ""
