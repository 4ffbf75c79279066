"""The database server in use: the project's own cluster, or the one that DATABASE_URL names."""

import contextlib
import os
from urllib.parse import parse_qs, unquote, urlsplit

from . import cluster
from .say import Stop

FORM = "postgresql://user:password@host:port"


def parse_url(url):
    """Return the parts of a DATABASE_URL that Odoo and psycopg2 take; Stop says what is wrong with it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Stop(f"DATABASE_URL is malformed: give it as {FORM}.") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise Stop(f"DATABASE_URL must look like {FORM}.")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    user = unquote(parts.username or query.get("user") or "")
    if not user:
        raise Stop(f"DATABASE_URL names no user: give it as {FORM}.")
    if user == "postgres":
        raise Stop(
            "Odoo refuses the database user postgres: make another with the right to create databases and"
            " name it in DATABASE_URL."
        )
    return {
        "host": unquote(parts.hostname or query.get("host") or ""),
        "port": str(port or query.get("port") or ""),
        "user": user,
        "password": unquote(parts.password or query.get("password") or ""),
        "sslmode": query.get("sslmode", ""),
    }


class Server:
    """Where to connect to, and a hold on our own cluster for as long as it is open."""

    def __init__(self, parameters, own=None):
        self.parameters = {name: value for name, value in parameters.items() if value}
        self.own = own

    @property
    def lock(self):
        """Return the descriptor that keeps our own cluster running, if that is what we use."""
        return self.own.lock if self.own else None

    def connect(self, database="postgres"):
        """Return a connection for statements that take effect at once."""
        import psycopg2

        try:
            connection = psycopg2.connect(dbname=database, connect_timeout=10, **self.parameters)
        except psycopg2.OperationalError as error:
            raise Stop(f"The database server can't be reached: {error}") from None
        connection.autocommit = True
        return connection

    def query(self, statement, values=(), database="postgres"):
        """Run one statement; return its rows."""
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def open_server():
    """Open the database server in use."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        with cluster.Cluster() as own:
            yield Server(
                {"host": str(cluster.socket_folder()), "port": str(cluster.PORT), "user": cluster.DATABASE_ROLE}, own
            )
        return
    server = Server(parse_url(url))
    version = int(server.query("SHOW server_version_num")[0][0])
    if version < 130000:
        raise Stop(f"DATABASE_URL names PostgreSQL {version // 10000}: Odoo 19 needs 13 or newer.")
    may = server.query("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
    if not may or not may[0][0]:
        raise Stop("The user in DATABASE_URL may not create databases: ALTER ROLE … CREATEDB.")
    yield server
