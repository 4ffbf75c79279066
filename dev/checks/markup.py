"""The form of XML files: well-formed, four spaces a level, every id once."""

import re

from lxml import etree

INDENT = 4
# White space means something in there.
KEPT = ("pre", "script", "style", "textarea", "code")
OWN_LINE = re.compile(r"\n([ \t]*)$")


def check_indentation(path, element, depth):
    """Yield the elements below one that stand at another column than their depth asks for."""
    before = element.text or ""
    for child in element:
        found = OWN_LINE.search(before)
        if found and found[1] != " " * INDENT * (depth + 1):
            yield f"{path}:{child.sourceline}: indented by {len(found[1])}, not {INDENT * (depth + 1)} spaces"
        # The body of a mail or page is laid out by whoever designs it.
        designed = child.get("type") == "html" if isinstance(child.tag, str) else True
        if not designed and child.tag not in KEPT:
            yield from check_indentation(path, child, depth + 1)
        before = child.tail or ""
    found = OWN_LINE.search(before) if len(element) else None
    if found and found[1] != " " * INDENT * depth:
        yield f"{path}:{element.sourceline}: its end is indented by {len(found[1])}, not {INDENT * depth} spaces"


def check_xml(path, text, seen):
    """Yield what is wrong with an XML file; `seen` remembers where each id was met."""
    try:
        root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError as error:
        yield f"{path}:{error.lineno or 1}: {error.msg}"
        return
    yield from check_indentation(path, root, 0)
    static = path.startswith("static/")
    if root.tag != "odoo" and not static:
        yield f"{path}:{root.sourceline}: the root element is <{root.tag}>, not <odoo>"
    if static:
        return
    for record in root.iter("record", "template", "menuitem", "act_window"):
        name = record.get("id")
        # A record of another addon's may be changed in several places.
        if not name or "." in name or record.getparent().tag not in ("odoo", "data"):
            continue
        if name in seen:
            yield f"{path}:{record.sourceline}: the id {name} is taken by {seen[name]}"
        seen.setdefault(name, f"{path}:{record.sourceline}")
