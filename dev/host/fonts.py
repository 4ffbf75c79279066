"""Turns a WOFF font into the TrueType file that it is a compressed form of."""

import struct
import zlib

WOFF_HEADER = struct.Struct(">4s4sLHHLHHLLLLL")
WOFF_TABLE = struct.Struct(">4sLLLL")
SFNT_HEADER = struct.Struct(">4sHHHH")
SFNT_TABLE = struct.Struct(">4sLLL")


def woff_to_ttf(data):
    """Return the TrueType font inside a WOFF file."""
    signature, flavour, _length, count, *_rest = WOFF_HEADER.unpack_from(data)
    if signature != b"wOFF":
        raise ValueError("not a WOFF font")
    power = count.bit_length() - 1
    header = SFNT_HEADER.pack(flavour, count, 16 << power, power, (count - (1 << power)) * 16)
    offset = SFNT_HEADER.size + count * SFNT_TABLE.size
    directory, body = b"", b""
    for number in range(count):
        tag, start, packed, size, checksum = WOFF_TABLE.unpack_from(data, WOFF_HEADER.size + number * WOFF_TABLE.size)
        table = data[start : start + packed]
        if packed < size:
            table = zlib.decompress(table)
        directory += SFNT_TABLE.pack(tag, checksum, offset + len(body), size)
        # Each table begins at a multiple of four bytes.
        body += table + b"\0" * (-len(table) % 4)
    return header + directory + body
