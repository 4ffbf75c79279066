"""What is wrong with translations: missing, uncertain, or with other placeholders and tags than their source."""

import re
from collections import Counter

NAMED = re.compile(r"%\(\w+\)[#0+-]*[\d.]*[a-zA-Z]")
POSITIONAL = re.compile(r"(?<!%)%[#0+-]*[\d.]*[sdifr](?![a-z])")
BRACES = re.compile(r"\{\{.*?\}\}|\{\w*(?:[.!:][^{}]*)?\}")
TAGS = re.compile(r"<\s*(/?)\s*([a-zA-Z][\w-]*)((?:\"[^\"]*\"|'[^']*'|[^>\"'])*?)(/?)>")
# What a template computes must stay; words for people may be translated.
COMPUTED = re.compile(r"""\b((?:t-[\w-]+)|href|src)\s*=\s*("[^"]*"|'[^']*')""")


def placeholders(text):
    """Return the placeholders in a text with how often each is there."""
    rest = NAMED.sub("", text)
    found = NAMED.findall(text) + POSITIONAL.findall(rest) + BRACES.findall(rest)
    return Counter(re.sub(r"\s+", " ", each) for each in found)


def tags(text):
    """Return the HTML tags in a text with how often each is there, with what is computed in them."""
    found = []
    for closing, name, attributes, _alone in TAGS.findall(text):
        computed = sorted(f"{key}={value}" for key, value in COMPUTED.findall(attributes))
        found.append(f"<{closing}{' '.join([name, *computed])}>")
    return Counter(found)


def difference(source, translation):
    """Return what the translation lacks and what it has too much."""
    parts = []
    if source - translation:
        parts.append("lacks " + ", ".join(sorted(source - translation)))
    if translation - source:
        parts.append("has besides " + ", ".join(sorted(translation - source)))
    return " and ".join(parts)


def blanks(text):
    """Return the white space around a text."""
    return re.match(r"\s*", text)[0], re.search(r"\s*$", text)[0]


def check_pair(source, translation):
    """Yield what is wrong with one translation."""
    for name, take in (("placeholders", placeholders), ("tags", tags)):
        wrong = difference(take(source), take(translation))
        if wrong:
            yield f"{name}: it {wrong}"
    if blanks(source) != blanks(translation):
        yield "other white space at its start or end"


def check_catalogue(path, catalogue):
    """Yield what is wrong with one language's file."""
    for entry in catalogue:
        where = f"{path}:{entry.linenum}: " if entry.linenum else f"{path}: "
        what = repr(entry.msgid if len(entry.msgid) <= 60 else entry.msgid[:57] + "…")
        if entry.obsolete:
            yield f"{where}obsolete: {what}"
        elif not entry.msgstr:
            yield f"{where}missing: {what}"
        elif entry.fuzzy:
            yield f"{where}fuzzy: {what}"
        else:
            for wrong in check_pair(entry.msgid, entry.msgstr):
                yield f"{where}{what}: {wrong}"
