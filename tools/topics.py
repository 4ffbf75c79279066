# What people are interested in: from weighted words to a few topics one would name.
import re

# PostgreSQL's text search configurations, by the first two letters of an Odoo language code.
CONFIGURATIONS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "tr": "turkish",
}
# Written without spaces: Chinese characters and Japanese syllables.
UNSPACED = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"
# Words that PostgreSQL's stop lists lack, and those that say how a mail is written rather than what it is about.
NOISE = {
    "english": "re fwd fw hi hello dear regards thank thanks please new news newsletter today tomorrow week month "
    "mail email click read open view see unsubscribe browser get got let us one also may would could via "
    "per next look looks looking take make made come want wants need needs use try give help ask asked "
    "know like just first last best good great better time way back still really many much another other",
    "french": "les re tr fwd bonjour cher chère madame monsieur cordialement merci nouveau nouvelle nouveaux "
    "aujourd'hui demain semaine mois mail courriel cliquez lire voir ouvrir chez plus tout tous toutes "
    "sans sous vers voici faire fait faites peut besoin bien très aussi encore toujours regarder premier "
    "dernier meilleur temps",
    "german": "re aw wg hallo liebe lieber sehr geehrte geehrter grüße danke bitte neu neue neues heute morgen "
    "woche monat mail newsletter klicken lesen öffnen schauen machen gibt geht brauchen erste letzte "
    "beste gute mehr",
    "norwegian": "re sv vs hei kjære hilsen takk vennligst ny nye nytt dag morgen uke måned epost post klikk les åpne "
    "mer få ditt din dine vårt våre titt gjøre vet trenger bruke bedre god beste første siste igjen bare",
    "spanish": "re rv hola estimado estimada saludos gracias nuevo nueva hoy mañana semana mes correo clic leer ver "
    "mirar hacer mejor primero último tiempo",
}
# Characters and particles with which no Chinese topic begins or ends.
UNSPACED_NOISE = set("的了和是在我你您他她它们这那与及等有为对于从到把被也都就不很更最请将以所或但而并之其此各每个中")
UNSPACED_SIZES = (2, 3, 4)
KEPT_PART = 0.8


def split_keywords(text):
    """The keywords in a text: one per line, or separated by commas; each once, whatever its case, in their order.

    :rtype: list[str]
    """
    found = {}
    for part in re.split(r"[\n\r,;，；、]+", text or ""):
        keyword = " ".join(part.split())
        if keyword:
            found.setdefault(keyword.casefold(), keyword)
    return list(found.values())


def choose_topics(rows, limit=3):
    """The topics of one owner.

    Topics of the taxonomy come first, then the words with the highest score × rarity. A pair of words is taken for a
    topic when it was met at least twice, and in place of a word of which it makes up most (``KEPT_PART``). Words that
    the former ones contain are left out.

    :param rows: dicts with ``kind`` (``taxonomy``, ``word``, ``pair`` or ``unspaced``), ``label``, ``score``,
        ``count`` (activities), ``people``, ``rarity`` (from 0 to 1; 1 if left out); of pairs also ``parts``, the terms
        they are made of; of words ``term``
    :return: chosen rows, most important first
    :rtype: list[dict]
    """
    known = [row for row in rows if row["kind"] == "taxonomy"]
    pairs = [row for row in rows if row["kind"] == "pair" and row["count"] >= 2]
    unspaced = [row for row in rows if row["kind"] == "unspaced" and row["count"] >= 2]
    best_pair = {}
    for pair in pairs:
        for part in pair["parts"]:
            best_pair[part] = max(best_pair.get(part, 0), pair["score"])
    words = [row for row in rows if row["kind"] == "word" and best_pair.get(row["term"], 0) < KEPT_PART * row["score"]]
    score_of = {row["term"]: row["score"] for row in rows if row["kind"] == "word"}
    # where both words mostly occur apart, the pair is chance
    pairs = [
        pair for pair in pairs if any(pair["score"] >= KEPT_PART * score_of.get(part, 0) for part in pair["parts"])
    ]
    unspaced = [row for row in unspaced if not _is_part_of_longer(row, unspaced)]
    chosen = sorted(known, key=_rank)[:limit]
    for row in sorted(words + pairs + unspaced, key=_rank):
        if len(chosen) >= limit:
            break
        if not any(_overlaps(row["label"], other["label"]) for other in chosen):
            chosen.append(row)
    return chosen


def _rank(row):
    # of equals the one that more people care about, then the longer, then by name: the same each time
    return (-round(row["score"] * row.get("rarity", 1), 9), -row["people"], -len(row["label"]), row["label"].casefold())


def _is_part_of_longer(row, rows):
    return any(
        row is not other and row["label"] in other["label"] and other["score"] >= KEPT_PART * row["score"]
        for other in rows
    )


def _overlaps(label, other):
    label, other = label.casefold(), other.casefold()
    if re.search(UNSPACED, label):
        pieces = {label[i : i + 2] for i in range(len(label) - 1)}
        return any(piece in other for piece in pieces)
    return bool(set(label.split()) & set(other.split()))
