"""What a body looks like that is no JSON: for people who read the dead letter and have to mend a device."""

import re

_BEGINS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip: send the JSON itself"),
    (b"\xef\xbb\xbf", "UTF-8 behind a byte order mark: leave the mark out"),
    (b"\xff\xfe", "UTF-16: send UTF-8"),
    (b"\xfe\xff", "UTF-16: send UTF-8"),
    (b"{\x00", "UTF-16: send UTF-8"),
    (b"\x00{", "UTF-16: send UTF-8"),
    (b"\x28\xb5\x2f\xfd", "zstd: send the JSON itself"),
    (b"PK\x03\x04", "a ZIP file: send the JSON itself"),
    (b"Obj\x01", "an Avro file: send JSON"),
    (b"<", "XML or HTML: send JSON"),
    (b"eyJ", "JSON in base64: send the JSON itself"),
    (b"{'", "a Python dictionary: JSON has double quotes"),
)
_WITHIN: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb'[:,\[\s](?:NaN|-?Infinity)\s*[,}\]]'), "holds NaN or Infinity, which JSON does not have"),
    (re.compile(rb"\}\s*\{"), "looks like several events: send one in each message"),
    (re.compile(rb"\\u[dD][89a-fA-F]"), "may hold half of a surrogate pair"),
)  # fmt: skip


def look(body: bytes) -> str:
    """What it looks like, in words; "" where nothing is known of it."""
    if not body.strip():
        return "is blank" if body else "is empty"
    for begin, what in _BEGINS:
        if body.startswith(begin):
            return f"looks like {what}"
    if body[0] == 0x78 and len(body) > 1 and int.from_bytes(body[:2]) % 31 == 0:  # RFC 1950
        return "looks like zlib: send the JSON itself"
    if body.lstrip()[:1] == b"{" and body.rstrip()[-1:] != b"}":
        return "looks cut off"
    return next((what for pattern, what in _WITHIN if pattern.search(body)), "")
