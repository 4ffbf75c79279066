# Addresses with characters outside ASCII.
import idna


def to_ascii(address):
    """The form in which any mail server takes an address.

    Characters outside ASCII are fine in the domain, which is encoded. Before the @ they need a server that knows
    SMTPUTF8; with another one, sending fails for the whole message, with everybody else's address in it.

    :param address: normalized address or a false value
    :return: the address, or ``None`` if there is no such form
    """
    if not address:
        return None
    local, _at, domain = address.rpartition("@")
    if not local or not local.isascii():
        return None
    try:
        domain = domain if domain.isascii() else idna.encode(domain).decode("ascii")
    except idna.IDNAError:
        return None
    # RFC 5321, 4.5.3.1
    return f"{local}@{domain}" if len(local) <= 64 and len(domain) <= 253 else None


def to_unicode(address):
    """The address as people write it; itself where nothing is encoded."""
    local, _at, domain = address.rpartition("@")
    if "xn--" not in domain:
        return address
    try:
        return f"{local}@{idna.decode(domain)}"
    except idna.IDNAError:
        return address
