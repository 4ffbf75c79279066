"""The whole house in one step: every command opens it and gets Odoo and a database server to work with."""

import contextlib

from . import environment
from .launcher import write_config
from .paths import make_cache
from .server import open_server
from .source import ensure_source


class House:
    """Odoo and a database server, ready to use."""

    def __init__(self, source, server):
        self.source = source
        self.server = server


@contextlib.contextmanager
def open_house(**wanted):
    """Set up what is missing and open the house; `wanted` names what a command needs besides."""
    environment.enter(**wanted)
    make_cache()
    source = ensure_source()
    with open_server() as server:
        write_config(source, server)
        yield House(source, server)
