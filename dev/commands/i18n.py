"""`dev/i18n`: exports the translation template, brings the languages' files up to date, lists what they lack."""

import argparse

from checks.translations import check_catalogue

from host import catalogues
from host.house import open_house
from host.paths import ROOT
from host.say import say


def outdated(path, catalogue):
    """Return whether a file does not say what a catalogue says."""
    return not path.exists() or path.read_text(encoding="utf-8") != render(catalogue)


def render(catalogue):
    """Return a catalogue as the text of its file."""
    return str(catalogue).rstrip("\n") + "\n"


def pairs(template, languages):
    """Yield each file and the catalogue that it should hold."""
    yield catalogues.TEMPLATE, template
    for language, catalogue in languages.items():
        yield catalogues.FOLDER / f"{language}.po", catalogue


def complaints():
    """Return what the languages' files on disk lack."""
    found = []
    for language in catalogues.LANGUAGES:
        path = catalogues.FOLDER / f"{language}.po"
        catalogue = catalogues.read(path)
        if catalogue is not None:
            found += check_catalogue(path.relative_to(ROOT), catalogue)
    return found


def check():
    """Return what is out of date or wrong; nothing is written."""
    with open_house() as house:
        template, languages = catalogues.refresh(house)
    found = [
        f"{path.relative_to(ROOT)}:1: out of date with the addon's terms"
        for path, catalogue in pairs(template, languages)
        if outdated(path, catalogue)
    ]
    return found + complaints()


def main(arguments):
    """Bring the files up to date, or check that they are; fail if a translation is missing or broken."""
    parser = argparse.ArgumentParser(prog="dev/i18n", description="Keep the translation files up to date and complete.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    parser.add_argument("--prefill", action="store_true", help="take from Odoo's own translations what they have")
    asked = parser.parse_args(arguments)
    if asked.check:
        found = check()
    else:
        with open_house() as house:
            template, languages = catalogues.refresh(house, asked.prefill)
        catalogues.FOLDER.mkdir(exist_ok=True)
        for path, catalogue in pairs(template, languages):
            if outdated(path, catalogue):
                path.write_text(render(catalogue), encoding="utf-8")
                print(f"{path.relative_to(ROOT)}: written, {len(catalogue)} terms")
        found = complaints()
    for line in found:
        print(line)
    say("The translations are complete." if not found else f"{len(found)} things to repair in the translations.")
    return int(bool(found))
