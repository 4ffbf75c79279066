# The outbox: a mail's messages before they leave, what became of them, and whether a mail server has got one.
from dataclasses import dataclass, field
from smtplib import SMTP


@dataclass
class Prepared:
    """A mail ready to leave: one message for each of its recipients, or what is wrong with it."""

    mail_id: int
    messages: list = field(default_factory=list)
    no_recipients: bool = False
    error: Exception | None = None
    size: int = 0


@dataclass
class Result:
    """What became of a mail: ``state`` is one of mail.mail's; ``outgoing`` means that it certainly did not leave."""

    state: str
    failure_type: str | None = None
    failure_reason: str | None = None
    message_id: str | None = None
    partners: list = field(default_factory=list)
    emails: list = field(default_factory=list)
    session_is_lost: bool = False
    database_is_lost: bool = False
    error: Exception | None = None
    at: object = None


class Watch:
    """Knows whether the text of a message has begun to go to the mail server: before, it cannot have been sent."""

    def __init__(self, session):
        self.begun = False
        self._session = session if isinstance(session, SMTP) else None

    def __enter__(self):
        if self._session:
            data = self._session.data

            def watched(message):
                self.begun = True
                return data(message)

            self._session.data = watched
        return self

    def __exit__(self, *_error):
        if self._session:
            del self._session.data

    @property
    def is_certain(self):
        return self._session is not None and not self.begun
