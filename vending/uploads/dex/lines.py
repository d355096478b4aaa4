"""The bytes of an upload → lines → segments: bounds, envelope, line ends, characters, separators.

Bounded, because a stranger may have sent it: :data:`MOST_BYTES` are read, :data:`MOST_LINES` of them, and a
line is cut into :data:`MOST_FIELDS` fields, whose last one holds the rest.
"""

import re
from typing import NamedTuple

import msgspec

from vending.uploads.dex.audit import Segment
from vending.uploads.dex.told import Told

MOST_BYTES = 16 * 1024 * 1024
MOST_LINES = 500_000
MOST_FIELDS = 255
NAME = re.compile(r"[A-Z]{2,3}\d{0,2}")
"""What a segment may be called: ``ST``, ``PA1``, ``CA17``, ``G85`` (which the next line adds)."""
_CHECKSUM = "G85"
_END = re.compile(rb"\r\n|\r|\n")
_OTHER_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_COMMAS = re.compile(r"[A-Za-z]{2,3}\d{0,2},")
_NUMBERED = re.compile(r"(ST|SE)-\d+")


class Line(NamedTuple):
    """A line of an upload, from 1, without its end. ``cut``: the upload ends in it, without a line end."""

    number: int
    raw: bytes
    cut: bool = False


class Envelope(msgspec.Struct, rename="pascal"):
    """What a gateway's queue wraps an audit in."""

    dex_data: str


def lines_of(data: bytes | str, told: Told) -> list[Line]:
    """The lines of an upload, at most so many."""
    content = data.encode("utf-8", "replace") if isinstance(data, str) else data
    content = _unwrapped(content, told)
    too_long = len(content) > MOST_BYTES
    content = content[:MOST_BYTES]
    if odd := _OTHER_END.search(content):
        line = len(_END.findall(content, 0, odd.start())) + 1
        sent = "LF" if odd.group() == b"\n" else "CR"
        told(line, "line-ends", f"{sent} where lines end with CRLF; taken as CRLF from here on")
    parts = _END.split(content, MOST_LINES)
    if len(parts) > MOST_LINES or too_long:
        told(len(parts), "too-long", f"read up to here: {MOST_BYTES:,} bytes, {MOST_LINES:,} lines at most")
    last = parts.pop()
    found = [Line(number, raw) for number, raw in enumerate(parts, 1)]
    return [*found, Line(len(parts) + 1, last, cut=True)] if last and len(parts) < MOST_LINES else found


def _unwrapped(content: bytes, told: Told) -> bytes:
    """The audit inside a JSON object; any other content as it is."""
    if not content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") or len(content) > MOST_BYTES:
        return content
    try:
        inner = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=Envelope).dex_data
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return content
    told(1, "envelope", "JSON around the audit; lines are counted inside its DexData")
    return inner.encode("utf-8", "replace")


def text_of(line: Line, told: Told) -> str:
    """A line as printable text without blanks around it."""
    try:
        text = line.raw.decode("utf-8")
    except UnicodeDecodeError:
        text = line.raw.decode("latin-1")
        told(line.number, "encoding", "neither ASCII nor UTF-8; read as ISO 8859-1")
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
        told(line.number, "control-characters", "left out")
    return text.strip(" ")


def segment_of(number: int, text: str, told: Told) -> Segment:
    """A line's name, in capitals, and its fields as they were sent."""
    separator = "*"
    if "*" not in text and _COMMAS.match(text):
        separator = ","
        told(number, "separator", "commas where fields end with an asterisk")
    name, *fields = text.split(separator, MOST_FIELDS)
    if len(fields) == MOST_FIELDS and separator in fields[-1]:
        told(number, "too-long", f"more than {MOST_FIELDS} fields; the last one holds the rest")
    name = name.rstrip(" ")
    upper = name.upper()
    if numbered := _NUMBERED.fullmatch(upper):
        told(number, "segment-name", f"segment {name} read as {numbered[1]}")
        name = numbered[1]
    elif upper != name and is_name(upper):
        told(number, "lower-case", f"segment {name} read as {upper}")
        name = upper
    return Segment(number, name, tuple(fields))


def is_name(name: str) -> bool:
    """Whether a segment may be called that."""
    return name == _CHECKSUM or NAME.fullmatch(name) is not None
