# How to tell the answer of a machine from that of a person.

# How absence notes begin, in the languages of the addon and their neighbours; lower case.
SUBJECT_PREFIXES = (
    # English
    "auto:",
    "auto-reply",
    "auto reply",
    "autoreply",
    "automatic reply",
    "automatic response",
    "out of office",
    "out of the office",
    # French
    "réponse automatique",
    "reponse automatique",
    "absence du bureau",
    "absent du bureau",
    # German
    "automatische antwort",
    "abwesenheitsnotiz",
    "abwesend",
    # Dutch
    "automatisch antwoord",
    "afwezig",
    # Spanish
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    # Norwegian
    "automatisk svar",
    "fraværsmelding",
    "ikke på kontoret",
    # Chinese
    "自动回复",
    "自動回覆",
    "外出",
)


def is_automatic_reply(message, subject):
    """Whether a machine wrote this mail, by its headers (RFC 3834 and what came before it) or its subject.

    :param email.message.EmailMessage message: the incoming mail
    :param str subject: its decoded subject
    :rtype: bool
    """
    submitted = str(message.get("Auto-Submitted") or "no").split(";")[0].strip().lower()
    if submitted != "no":
        return True
    if any(message.get(header) for header in ("X-Autoreply", "X-Autorespond")):
        return True
    if str(message.get("Precedence") or "").strip().lower() in ("auto_reply", "auto-reply"):
        return True
    return (subject or "").strip().lower().startswith(SUBJECT_PREFIXES)
