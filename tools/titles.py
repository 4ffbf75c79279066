# Finding words in job titles, whatever their accents, their case and what stands between them.
import re

# one letter for one letter, since PostgreSQL's translate() does no more; unaccent is not installed everywhere
ACCENTED = "àáâãäåāăąçćčďèéêëēęěìíîïīñńňòóôõöøōőŕřśšßťùúûüūůűýÿžźżłæœđ"
PLAIN = "aaaaaaaaacccdeeeeeeeiiiiinnnoooooooorrssstuuuuuuuyyzzzlaod"
# upper case too: in a database with the collation C, lower() leaves accented letters alone
FOLD_FROM = ACCENTED + ACCENTED.upper().replace("SS", "ẞ")
FOLD_TO = PLAIN * 2
_FOLD = str.maketrans(FOLD_FROM, FOLD_TO)


def fold_title(text):
    """A job title in plain lower-case letters; other alphabets stay as they are.

    :rtype: str
    """
    return (text or "").translate(_FOLD).lower()


def get_title_pattern(phrases):
    """Regular expression, for Python and PostgreSQL alike, that finds any of these phrases in a folded title.

    Only whole words count, so that "CTO" is not found in "Director". Whatever stands between the words of a phrase
    counts as a space, so that "vice president" also finds "Vice-President". ``*`` stands for any letters:
    "Geschäftsführ*". Chinese has no spaces, so what is written in it is found anywhere.

    :param phrases: texts; those without any letter or digit are left out, since they would find everything
    :return: the expression, or ``False`` if there is nothing to find
    """
    patterns = set()
    for phrase in phrases:
        words = re.findall(r"[^\W_*]+|\*|(?:[^\w*]|_)+", fold_title(phrase))
        while words and not _is_text(words[0]):
            del words[0]
        while words and not _is_text(words[-1]):
            del words[-1]
        if any(word != "*" and _is_text(word) for word in words):
            body = "".join("[a-z0-9]*" if word == "*" else word if _is_text(word) else "[^a-z0-9]+" for word in words)
            start = "(^|[^a-z0-9])" if re.match("[a-z0-9*]", words[0]) else ""
            end = "([^a-z0-9]|$)" if re.match("[a-z0-9*]", words[-1][-1]) else ""
            patterns.add(start + body + end)
    return "|".join(sorted(patterns)) or False


def _is_text(word):
    """Whether this piece of a phrase is a word or the wildcard, not what stands between words."""
    return word == "*" or re.match(r"[^\W_]", word) is not None
