"""A local SMTP server that keeps every mail as a file instead of delivering it.

Run by dev/serve as `python mailsink.py PORT FOLDER`: each message becomes an .eml file, and each envelope a line of
envelopes.jsonl with mail_from, rcpt_tos, date and the file's name.
"""

import datetime as dt
import json
import os
import signal
import sys
from pathlib import Path


class Keeper:
    """Writes each message that arrives to a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.count = 0

    async def handle_DATA(self, _server, _session, envelope):
        """Keep one message; called by aiosmtpd."""
        self.keep(envelope.mail_from, envelope.rcpt_tos, envelope.content)
        return "250 Message kept"

    def keep(self, sender, recipients, content):
        """Write a message and its envelope."""
        now = dt.datetime.now(dt.timezone.utc)
        self.count += 1
        name = f"{now:%Y%m%dT%H%M%S.%f}-{os.getpid()}-{self.count:06d}.eml"
        # Whoever reads the folder meanwhile sees whole messages only.
        part = self.folder / f".{name}"
        part.write_bytes(content)
        part.rename(self.folder / name)
        record = {"mail_from": sender, "rcpt_tos": list(recipients), "date": now.isoformat(), "file": name}
        with (self.folder / "envelopes.jsonl").open("a", encoding="utf-8") as envelopes:
            envelopes.write(json.dumps(record, ensure_ascii=False) + "\n")


def main(port, folder):
    """Take mail on the loopback interface until told to end."""
    from aiosmtpd.controller import Controller

    controller = Controller(Keeper(folder), hostname="127.0.0.1", port=int(port), enable_SMTPUTF8=True)
    controller.start()
    # Ctrl-C reaches us too, but mail must be taken until Odoo has ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.sigwait({signal.SIGTERM})
    controller.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(*sys.argv[1:])
