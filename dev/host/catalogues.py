"""The translation template as Odoo exports it, the languages' files beside it, and Odoo's own glossary."""

import datetime as dt
import tempfile
from pathlib import Path

from .databases import ONE_OFF, run_odoo, scratch
from .paths import ADDON, ROOT
from .say import step

FOLDER = ROOT / "i18n"
TEMPLATE = FOLDER / f"{ADDON}.pot"
# The file of each language, and its name in the header.
LANGUAGES = {"fr": "fr", "nb": "nb", "zh_CN": "zh_CN"}
PLURALS = {
    "fr": "nplurals=2; plural=(n > 1);",
    "nb": "nplurals=2; plural=(n != 1);",
    "zh_CN": "nplurals=1; plural=0;",
}
# Whose words to take for a term that Odoo has translated already, the nearest first.
GLOSSARY = ("crm", "mass_mailing", "base", "mail", "sale_crm", "utm", "contacts", "calendar", "web", "base_automation")
# Texts without words of their own, the same in all languages: the words of the sales alert come with its content.
WITHOUT_WORDS = {f"model:mail.template,body_html:{ADDON}.mail_template_sales_alert"}
# gettext's tools wrap at this width; polib's default is the same as Odoo's.
WIDTH = 78


def export(house):
    """Return the terms of the addon as Odoo exports them now."""
    import polib

    with scratch(house.source, house.server, "i18n") as database, tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{ADDON}.pot"
        with step("Exporting the addon's terms"):
            install = ["-d", database, "-i", ADDON, *ONE_OFF]
            run_odoo(house.source, house.server, install, "install.log", "Installing the addon")
            arguments = ["i18n", "export", "-d", database, "-o", target, ADDON]
            run_odoo(house.source, house.server, arguments, "i18n.log", "Exporting the terms")
        catalogue = polib.pofile(str(target), wrapwidth=WIDTH)
    for entry in [entry for entry in catalogue if {place for place, _line in entry.occurrences} <= WITHOUT_WORDS]:
        catalogue.remove(entry)
    catalogue.sort(key=lambda entry: entry.msgid)
    for entry in catalogue:
        entry.occurrences = sorted(set(entry.occurrences))
    return catalogue


def read(path):
    """Return a catalogue that is on disk, or None."""
    import polib

    return polib.pofile(str(path), wrapwidth=WIDTH) if path.exists() else None


def terms(catalogue):
    """Return what a template says, without the date in its head."""
    return [(entry.msgid, entry.comment, entry.occurrences, entry.flags) for entry in catalogue]


def with_kept_date(fresh, old):
    """Give a fresh template the head of the old one, dated anew only if a term has changed."""
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M+0000")
    date = now
    if old is not None and terms(old) == terms(fresh):
        date = old.metadata.get("POT-Creation-Date", now)
    fresh.metadata.update({"POT-Creation-Date": date, "PO-Revision-Date": date})
    return fresh


def merge(template, old, language):
    """Return a language's catalogue with exactly the template's terms and the translations there are."""
    import polib

    merged = polib.POFile(wrapwidth=WIDTH)
    merged.header = template.header
    merged.metadata = {
        **template.metadata,
        "PO-Revision-Date": template.metadata["POT-Creation-Date"],
        **(old.metadata if old is not None else {}),
        "POT-Creation-Date": template.metadata["POT-Creation-Date"],
        "Project-Id-Version": template.metadata["Project-Id-Version"],
        "Language": LANGUAGES[language],
        "Plural-Forms": PLURALS[language],
    }
    known = {entry.msgid: entry for entry in old or () if not entry.obsolete}
    for entry in template:
        before = known.get(entry.msgid)
        merged.append(
            polib.POEntry(
                msgid=entry.msgid,
                msgstr=before.msgstr if before else "",
                comment=entry.comment,
                tcomment=before.tcomment if before else "",
                occurrences=entry.occurrences,
                flags=sorted({*entry.flags, *(["fuzzy"] if before and before.fuzzy else [])}),
            )
        )
    return merged


def prefill(catalogue, language, source):
    """Put Odoo's own words where a term has none and Odoo translates the very same; return how many."""
    import polib

    filled = 0
    missing = {entry.msgid: entry for entry in catalogue if not entry.msgstr}
    for module in GLOSSARY:
        for folder in source.addons:
            path = folder / module / "i18n" / f"{language}.po"
            if not missing or not path.exists():
                continue
            for known in polib.pofile(str(path)):
                if known.msgid in missing and known.msgstr and not known.fuzzy and not known.obsolete:
                    missing.pop(known.msgid).msgstr = known.msgstr
                    filled += 1
    return filled


def refresh(house, fill=False):
    """Return the template and the languages' catalogues as they should be; nothing is written."""
    template = with_kept_date(export(house), read(TEMPLATE))
    catalogues = {}
    for language in LANGUAGES:
        catalogues[language] = merge(template, read(FOLDER / f"{language}.po"), language)
        if fill:
            filled = prefill(catalogues[language], language, house.source)
            print(f"{language}: {filled} terms taken from Odoo's own translations")
    return template, catalogues
