"""The performatives of AMQP 1.0 (part 2, section 2.7) and SASL (part 5) this server reads and writes.

Everything sent carries all of its fields, nulls included: clients index fields by position, and standard ones
among them fail on lists whose trailing nulls are left out. Errors likewise always have three fields.
"""

from typing import Any, NamedTuple

from devstack.eventhubs.errors import AmqpError, decode_error
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire.decode import Described, Symbol, decode, skip

OPEN, BEGIN, ATTACH, FLOW, TRANSFER, DISPOSITION, DETACH, END, CLOSE = range(0x10, 0x19)
ACCEPTED, REJECTED, SOURCE, TARGET, ERROR = 0x24, 0x25, 0x28, 0x29, 0x1D
SASL_MECHANISMS, SASL_INIT, SASL_OUTCOME = 0x40, 0x41, 0x44
NAMES = ["open", "begin", "attach", "flow", "transfer", "disposition", "detach", "end", "close"]
SYMBOLIC = {f"amqp:{name}:list": OPEN + index for index, name in enumerate(NAMES)}
SYMBOLIC |= {"amqp:sasl-init:list": SASL_INIT}
LISTS = {0x45: 1, 0xC0: 3, 0xD0: 9}  # constructors, and how far behind them the first element is
UINT_MAX = 0xFFFFFFFF


class Open(NamedTuple):
    """What the client's OPEN says; times in milliseconds."""

    container: str
    max_frame: int
    channel_max: int
    idle_timeout: int


class Begin(NamedTuple):
    """A session's start; ids are 32-bit serial numbers."""

    remote_channel: int | None
    next_outgoing_id: int
    incoming_window: int
    outgoing_window: int


class Attach(NamedTuple):
    """A link's start as the client sees it: ``receiver`` is the client's role. Termini also as raw bytes."""

    name: str
    handle: int
    receiver: bool
    snd_settle_mode: int
    rcv_settle_mode: int
    source: list[Any] | None
    target: list[Any] | None
    initial_delivery_count: int
    desired: list[str]
    properties: dict[Any, Any]
    source_bytes: bytes
    target_bytes: bytes


class Flow(NamedTuple):
    """Credit and windows."""

    next_incoming_id: int | None
    incoming_window: int
    next_outgoing_id: int
    outgoing_window: int
    handle: int | None
    delivery_count: int | None
    link_credit: int | None
    drain: bool
    echo: bool


class Transfer(NamedTuple):
    """One frame of a delivery."""

    handle: int
    delivery_id: int | None
    message_format: int
    settled: bool
    more: bool
    aborted: bool
    payload: bytes


class Disposition(NamedTuple):
    """Outcomes; ``receiver`` is the role of the side that speaks."""

    receiver: bool
    first: int
    last: int
    settled: bool
    state: Any


class Detach(NamedTuple):
    """A link's end."""

    handle: int
    closed: bool
    error: Any


def read(body: bytes) -> tuple[int, list[Any], int]:
    """The code, fields and end of the performative that starts a frame body."""
    value, end = decode(body)
    if not isinstance(value, Described) or body[skip(body, 1)] not in LISTS:
        raise decode_error("a frame body is not a described list")
    code = value.descriptor
    if isinstance(code, Symbol):
        code = SYMBOLIC.get(code)
    if not isinstance(code, int) or isinstance(code, bool):
        raise decode_error(f"{value.descriptor!r} names no performative")
    return code, value.value, end


def _field(fields: list[Any], index: int, kind: type, default: Any, what: str) -> Any:
    value: Any = fields[index] if index < len(fields) else None
    if value is None:
        value = default
        if value is ...:
            raise decode_error(f"{what} is mandatory and missing")
        return value
    if kind is int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= UINT_MAX:
            return value
    elif isinstance(value, kind):
        return value
    raise decode_error(f"{what} has the wrong type or range")


def read_open(f: list[Any]) -> Open:
    """OPEN; a missing frame size or idle time-out means no limit."""
    return Open(
        _field(f, 0, str, ..., "container-id"),
        _field(f, 2, int, UINT_MAX, "max-frame-size"),
        _field(f, 3, int, 65535, "channel-max"),
        _field(f, 4, int, 0, "idle-time-out"),
    )


def read_begin(f: list[Any]) -> Begin:
    """BEGIN."""
    return Begin(
        _field(f, 0, int, None, "remote-channel"),
        _field(f, 1, int, ..., "next-outgoing-id"),
        _field(f, 2, int, ..., "incoming-window"),
        _field(f, 3, int, ..., "outgoing-window"),
    )


def read_attach(f: list[Any], body: bytes) -> Attach:
    """ATTACH; ``body`` is the frame's, for the raw termini an answer echoes.

    A sender's initial-delivery-count is mandatory in the standard, and missing where the .NET SDK sends to
    ``$cbs`` and ``$management``: then it is 0.
    """
    desired = f[12] if len(f) > 12 and f[12] is not None else []
    spans = _spans(body, 7)
    return Attach(
        _field(f, 0, str, ..., "name"),
        _field(f, 1, int, ..., "handle"),
        _field(f, 2, bool, ..., "role"),
        _field(f, 3, int, 2, "snd-settle-mode"),
        _field(f, 4, int, 0, "rcv-settle-mode"),
        _terminus(f, 5, SOURCE),
        _terminus(f, 6, TARGET),
        _field(f, 9, int, 0, "initial-delivery-count"),
        [str(item) for item in (desired if isinstance(desired, list) else [desired])],
        _field(f, 13, dict, {}, "properties"),
        spans[5],
        spans[6],
    )


def _terminus(fields: list[Any], index: int, code: int) -> list[Any] | None:
    value = fields[index] if index < len(fields) else None
    if value is None:
        return None
    names = (code, "amqp:source:list" if code == SOURCE else "amqp:target:list")
    if not isinstance(value, Described) or value.descriptor not in names or not isinstance(value.value, list):
        raise AmqpError("amqp:not-implemented", "a link's terminus is neither a source nor a target list")
    return value.value


def _spans(body: bytes, count: int) -> list[bytes]:
    """The raw bytes of the first fields of a performative that was decoded before."""
    pos = skip(body, 1)
    code = body[pos]
    pos += LISTS[code]
    spans = []
    for _ in range(count):
        if pos >= len(body) or code == 0x45:
            spans.append(e.NULL)
            continue
        end = skip(body, pos)
        spans.append(body[pos:end])
        pos = end
    return spans


def read_flow(f: list[Any]) -> Flow:
    """FLOW."""
    return Flow(
        _field(f, 0, int, None, "next-incoming-id"),
        _field(f, 1, int, ..., "incoming-window"),
        _field(f, 2, int, ..., "next-outgoing-id"),
        _field(f, 3, int, ..., "outgoing-window"),
        _field(f, 4, int, None, "handle"),
        _field(f, 5, int, None, "delivery-count"),
        _field(f, 6, int, None, "link-credit"),
        _field(f, 8, bool, False, "drain"),
        _field(f, 9, bool, False, "echo"),
    )


def read_transfer(f: list[Any], payload: bytes) -> Transfer:
    """TRANSFER with the bytes that follow it."""
    if len(f) > 8 and f[8]:
        raise AmqpError("amqp:not-implemented", "resuming a delivery is not supported: send it again")
    return Transfer(
        _field(f, 0, int, ..., "handle"),
        _field(f, 1, int, None, "delivery-id"),
        _field(f, 3, int, 0, "message-format"),
        _field(f, 4, bool, False, "settled"),
        _field(f, 5, bool, False, "more"),
        _field(f, 9, bool, False, "aborted"),
        payload,
    )


def read_disposition(f: list[Any]) -> Disposition:
    """DISPOSITION; a missing ``last`` equals ``first``."""
    first = _field(f, 1, int, ..., "first")
    return Disposition(
        _field(f, 0, bool, ..., "role"),
        first,
        _field(f, 2, int, first, "last"),
        _field(f, 3, bool, False, "settled"),
        f[4] if len(f) > 4 else None,
    )


def read_detach(f: list[Any]) -> Detach:
    """DETACH."""
    return Detach(
        _field(f, 0, int, ..., "handle"), _field(f, 1, bool, False, "closed"), f[2] if len(f) > 2 else None
    )


def error(fault: AmqpError | None) -> bytes:
    """An error with condition, description and (null) info, or null."""
    if fault is None:
        return e.NULL
    return e.described(ERROR, e.fields(e.symbol(fault.condition), e.string(fault.description), e.NULL))


def performative(code: int, *items: bytes) -> bytes:
    """A performative of exactly these fields."""
    return e.described(code, e.fields(*items))


def rejected(fault: AmqpError) -> bytes:
    """The outcome of a delivery that was not stored."""
    return e.described(REJECTED, e.fields(error(fault)))


ACCEPTED_STATE = e.described(ACCEPTED, e.EMPTY_LIST)


def disposition(first: int, last: int, state: bytes) -> bytes:
    """A settled DISPOSITION of the server as receiver."""
    return performative(DISPOSITION, e.TRUE, e.uint(first), e.uint(last), e.TRUE, state, e.FALSE)


def transfer_head(handle: int) -> bytes:
    """The first field of every TRANSFER on a link."""
    return e.uint(handle)


_LAST = e.NULL + e.NULL + e.NULL + e.NULL + e.NULL


def transfer(head: bytes, delivery_id: int, tag: bytes, *, settled: bool, more: bool) -> bytes:
    """TRANSFER before its payload; built by hand because there is one for every event delivered."""
    fields = b"%b\x70%b\xa0%c%b\x43%b%b%b" % (
        head,
        delivery_id.to_bytes(4),
        len(tag),
        tag,
        e.boolean(settled),
        e.boolean(more),
        _LAST,
    )
    return b"\x00\x53\x14\xc0%c\x0b%b" % (len(fields) + 1, fields)
