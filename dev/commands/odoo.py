"""`dev/odoo …`: Odoo's command line with host, database server and addons path in place."""

from host.databases import ensure_with_addon
from host.house import open_house
from host.launcher import end_like, free_port, odoo_command, odoo_environ, run_as_ourselves

# Subcommands that take the server's options.
SERVER_LIKE = ("server", "shell")
USUAL_PORT = 8069


def subcommand(arguments):
    """Return which of Odoo's subcommands a command line asks for."""
    rest = arguments
    if len(rest) > 1 and rest[0].startswith("--addons-path=") and not rest[1].startswith("-"):
        rest = rest[1:]
    if rest and not rest[0].startswith("-"):
        return rest[0]
    return "help" if {"-h", "--help"} & set(rest) else "server"


def option(arguments, short, long):
    """Return the value of an option however it is written, or None."""
    value = None
    for position, word in enumerate(arguments):
        if word in (short, long):
            value = arguments[position + 1] if position + 1 < len(arguments) else None
        elif word.startswith(long + "="):
            value = word[len(long) + 1 :]
        elif word.startswith(short) and not word.startswith("--"):
            value = word[len(short) :]
    return value


def main(arguments):
    """Run Odoo with these arguments, a new database for the shell made first."""
    with open_house(browser="--test-enable" in arguments or option(arguments, "--test-tags", "--test-tags")) as house:
        command = subcommand(arguments)
        if command == "shell":
            name = option(arguments, "-d", "--database")
            if name and "," not in name:
                ensure_with_addon(house.source, house.server, name)
        if command in SERVER_LIKE and option(arguments, "-p", "--http-port") is None:
            arguments = [*arguments, f"--http-port={free_port(USUAL_PORT)}"]
        code = run_as_ourselves(odoo_command(arguments), odoo_environ(house.source), house.server)
    return end_like(code)
