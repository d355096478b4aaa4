"""Messages of AMQP 1.0 (part 3) by their sections: checked for order and size, never decoded as a whole.

What is stored is what is sent to consumers: the client's own bytes with the service's annotations put in.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from devstack.eventhubs.errors import AmqpError, decode_error
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire.decode import WIDTH, Symbol, decode, skip

HEADER, DELIVERY, ANNOTATIONS, PROPERTIES, APPLICATION, DATA, SEQUENCE, VALUE, FOOTER = range(0x70, 0x79)
BATCH_FORMAT = 0x80013700
PARTITION_KEY = "x-opt-partition-key"
PUBLISHER = "x-opt-publisher"
STAMPED = frozenset({
    "x-opt-sequence-number", "x-opt-offset", "x-opt-enqueued-time", PARTITION_KEY, PUBLISHER,
})  # fmt: skip

_LISTS = frozenset({0x45, 0xC0, 0xD0})
_MAPS = frozenset({0xC1, 0xD1})
_FORMS = {
    HEADER: _LISTS, DELIVERY: _MAPS, ANNOTATIONS: _MAPS, PROPERTIES: _LISTS, APPLICATION: _MAPS,
    DATA: frozenset({0xA0, 0xB0}), SEQUENCE: _LISTS, FOOTER: _MAPS,
}  # fmt: skip
_SYMBOLIC = {
    "amqp:header:list": HEADER, "amqp:delivery-annotations:map": DELIVERY,
    "amqp:message-annotations:map": ANNOTATIONS, "amqp:properties:list": PROPERTIES,
    "amqp:application-properties:map": APPLICATION, "amqp:data:binary": DATA,
    "amqp:amqp-sequence:list": SEQUENCE, "amqp:amqp-value:*": VALUE, "amqp:footer:map": FOOTER,
}  # fmt: skip

Section = tuple[int, int, int]


def sections(buf: bytes) -> list[Section]:
    """(code, start of the value, end) of every section; raises AmqpError (decode-error) for anything else."""
    found: list[Section] = []
    pos, size, last = 0, len(buf), 0
    while pos < size:
        if buf[pos : pos + 2] == b"\x00\x53" and pos + 3 < size:
            code, start = buf[pos + 2], pos + 3
        else:
            code, start = _descriptor(buf, pos)
        form = buf[start]
        width = WIDTH[form]
        if width == -1 and start + 1 < size:
            pos = start + 2 + buf[start + 1]
        elif width == -4:
            pos = start + 5 + int.from_bytes(buf[start + 1 : start + 5])
        else:
            pos = skip(buf, start)
        _check_order(code, last)
        if code != VALUE and form not in _FORMS.get(code, ()):
            raise decode_error(f"section 0x{code:02x} of a message has a value of type 0x{form:02x}")
        last = code
        found.append((code, start, pos))
    if pos != size:
        raise decode_error("a message is shorter than its last section says")
    return found


def _check_order(code: int, last: int) -> None:
    if code <= last and not (code == last and code in (DATA, SEQUENCE)):
        raise decode_error(f"section 0x{code:02x} of a message comes after 0x{last:02x}")
    if last >= DATA and code < FOOTER and code != last:
        raise decode_error("a message mixes kinds of body sections")


def _descriptor(buf: bytes, pos: int) -> tuple[int, int]:
    """The section code behind a long or symbolic descriptor, and where its value starts."""
    if buf[pos] != 0:
        raise decode_error("a message section does not start with a descriptor")
    code, start = decode(buf, pos + 1)
    if isinstance(code, Symbol):
        code = _SYMBOLIC.get(code)
    if not isinstance(code, int) or not HEADER <= code <= FOOTER or start >= len(buf):
        raise decode_error("a message section has an unknown descriptor")
    return code, start


class Body(NamedTuple):
    """An event as a client sent it, cut where the service's annotations go."""

    before: bytes  # the header section, or nothing
    kept: bytes  # raw entries of the client's own annotations
    number: int  # number of keys and values in ``kept``
    key: str | None
    after: bytes


def cut(buf: bytes) -> Body:
    """Take an event apart, dropping delivery annotations and any copy of the service's own annotations."""
    before, kept, count, key = b"", b"", 0, None
    origin, rest, short = 0, -1, True
    found = sections(buf)
    for code, start, end in found:
        short = short and start - origin == 3
        if code == HEADER:
            before = e.described(HEADER, buf[start:end])
        elif code == ANNOTATIONS:
            kept, count, key = _entries(buf[start:end])
        elif code != DELIVERY and rest < 0:
            rest = origin
        origin = end
    after = b"" if rest < 0 else buf[rest:] if short else _normal(buf, found)
    return Body(before, kept, count, key, after)


def _normal(buf: bytes, found: list[Section]) -> bytes:
    """Everything after the annotations, each descriptor in its one-byte form."""
    return b"".join(e.described(code, buf[start:end]) for code, start, end in found if code > ANNOTATIONS)


def _entries(raw: bytes) -> tuple[bytes, int, str | None]:
    """The client's annotations without the service's; and the partition key among them."""
    return _short_entries(raw) if len(raw) <= 256 else _split_entries(raw)


@lru_cache(maxsize=1024)
def _short_entries(raw: bytes) -> tuple[bytes, int, str | None]:
    """The events of a batch mostly have the same annotations: their key."""
    return _split_entries(raw)


def _split_entries(raw: bytes) -> tuple[bytes, int, str | None]:
    values, _ = decode(raw)
    if 2 * len(values) != (raw[2] if raw[0] == 0xC1 else int.from_bytes(raw[5:9])):
        raise decode_error("the message annotations name a key twice")
    key = values.get(PARTITION_KEY)
    if key is not None and not isinstance(key, str):
        raise AmqpError("amqp:invalid-field", "x-opt-partition-key is not a string")
    if not any(name in STAMPED for name in values):
        return raw[3 if raw[0] == 0xC1 else 9 :], 2 * len(values), key
    pos = 3 if raw[0] == 0xC1 else 9
    kept: list[bytes] = []
    for name in values:
        middle = skip(raw, pos)
        end = skip(raw, middle)
        if name not in STAMPED:
            kept.append(raw[pos:end])
        pos = end
    return b"".join(kept), 2 * len(kept), key


def batch(buf: bytes) -> tuple[list[bytes], str | None]:
    """The encoded events inside a batch envelope (message format 0x80013700), and the envelope's key."""
    key = None
    events: list[bytes] = []
    for code, start, end in sections(buf):
        if code == ANNOTATIONS:
            _, _, key = _entries(buf[start:end])
        elif code == DATA:
            events.append(buf[start + (2 if buf[start] == 0xA0 else 5) : end])
        elif code in (SEQUENCE, VALUE):
            raise decode_error("a batch holds something else than data sections")
    if not events:
        raise decode_error("a batch holds no event")
    return events, key


_SEQUENCE_NUMBER = e.symbol("x-opt-sequence-number")
_OFFSET = e.symbol("x-opt-offset")
_TIME = e.symbol("x-opt-enqueued-time")
_KEY = e.symbol(PARTITION_KEY)
_PUBLISHER = e.symbol(PUBLISHER)


def provenance(key: str | None, publisher: str | None) -> list[bytes]:
    """Annotation entries that are the same for all events of a batch."""
    entries = []
    if key is not None:
        entries += [_KEY, e.string(key)]
    if publisher is not None:
        entries += [_PUBLISHER, e.string(publisher)]
    return entries


def stamp(body: Body, sequence: int, offset: int, time_ms: int, common: list[bytes]) -> bytes:
    """The event as consumers get it; ``offset`` goes out as a string, the time in milliseconds."""
    entries = b"".join([
        _SEQUENCE_NUMBER, e.long(sequence), _OFFSET, e.string(str(offset)), _TIME, e.timestamp(time_ms),
        *common, body.kept,
    ])  # fmt: skip
    count = 6 + len(common) + body.number
    annotations = e.compound(0xC1, [entries], count)
    return b"%b\x00\x53\x72%b%b" % (body.before, annotations, body.after)


def with_delivery_annotations(buf: bytes, entries: bytes) -> bytes:
    """A stored event with delivery annotations (an encoded map) after its header."""
    at = skip(buf, 3) if buf[2] == HEADER else 0
    return buf[:at] + e.described(DELIVERY, entries) + buf[at:]


class Request(NamedTuple):
    """A message to ``$cbs`` or ``$management``; ``message_id`` stays encoded: answers repeat its type."""

    message_id: bytes
    reply_to: str | None
    properties: dict[str, Any]
    value: Any


def request(buf: bytes) -> Request:
    """Read a request message."""
    application: dict[str, Any] = {}
    message_id, reply_to, value = e.NULL, None, None
    for code, start, _end in sections(buf):
        if code == PROPERTIES:
            listed, _ = decode(buf, start)
            if listed:
                first = start + (3 if buf[start] == 0xC0 else 9)
                message_id = buf[first : skip(buf, first)]
            reply_to = listed[4] if len(listed) > 4 else None
        elif code == APPLICATION:
            application, _ = decode(buf, start)
        elif code in (VALUE, DATA):
            value, _ = decode(buf, start)
    return Request(message_id, reply_to, application, value)


def response(message_id: bytes, application: dict[bytes, bytes], value: bytes) -> bytes:
    """An answer that carries the request's id as its correlation id; all 13 properties are there."""
    listed = [e.NULL] * 5 + [message_id] + [e.NULL] * 7
    return (
        e.described(PROPERTIES, e.fields(*listed))
        + e.described(APPLICATION, e.mapping(application))
        + e.described(VALUE, value)
    )
