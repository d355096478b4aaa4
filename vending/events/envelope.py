"""From the bytes that Event Hubs delivered to a typed, trusted event, or the reason why not."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from vending.errors import Rejected
from vending.events import publishers
from vending.events.bodies import look
from vending.events.clock import believed
from vending.events.event_types import CATALOGUE, END, LEDGER, LEVELS, Data
from vending.time import Moment

MAX_BODY = 65_536
"""Bytes of one event; a device's largest honest event is an audit of some 48 KiB."""
MAX_DEPTH = 32
"""Objects and arrays inside each other, unknown fields included."""
FIRST_YEAR, LAST_YEAR = 2000, 2099
"""Of imported sales. A device's clock that says anything else is not believed."""
TYPE_PREFIX, TYPE_SUFFIX = "io.vendstream.", ".v1"
PUBLISHER_KEYS = ("x-opt-publisher", "iothub-connection-device-id")

Identifier = r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}"
Number = Annotated[int, Meta(ge=1, le=999_999_999_999)]


@dataclass(frozen=True, slots=True)
class HubEvent:
    """One event as Event Hubs delivered it. ``generation`` tells one life of a hub from the next.

    ``amqp`` is the form of a message that no trigger can bind, because its body is no data (then ``body`` is
    empty): it came past the trigger (``vendctl partitions clear``). Such an event is never right.
    """

    generation: str
    partition: str
    sequence: int
    offset: str
    enqueued: datetime
    key: str | None
    properties: Mapping[str, Any]
    system: Mapping[str, Any]
    body: bytes
    amqp: Mapping[str, Any] | None = None

    @property
    def numbering(self) -> str:
        """Within which its sequence number counts: generation/partition."""
        return f"{self.generation}/{self.partition}"

    @property
    def place(self) -> str:
        """Where it lies, for people: generation/partition@sequence number."""
        return f"{self.numbering}@{self.sequence}"


class Envelope(Struct, frozen=True, kw_only=True):
    """CloudEvents 1.0 attributes, with the extensions a device must send."""

    specversion: Literal["1.0"]
    id: Annotated[str, Meta(max_length=64)]
    source: Annotated[str, Meta(pattern=rf"^/devices/{Identifier}{END}")]
    type: Annotated[str, Meta(max_length=128)]
    subject: Annotated[str, Meta(pattern=rf"^machines/{Identifier}{END}")]
    deviceepoch: Annotated[int, Meta(ge=0, le=publishers.MAX_EPOCH)]
    sequence: Number
    data: Raw
    time: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    ledgersequence: Number | UnsetType = UNSET
    bootid: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    uptime: Annotated[int, Meta(ge=0, le=2**40)] | UnsetType = UNSET
    clocksync: Literal["ntp", "rtc", "none", "import"] = "none"


Order = tuple[int, int]
"""(device epoch, sequence): total per machine, since provisioning issues epochs increasing per machine."""


@dataclass(frozen=True, slots=True)
class Event:
    """A valid event. ``digest`` identifies its content, whatever its bytes' layout."""

    hub: HubEvent
    envelope: Envelope
    name: str
    machine: str
    device: str
    data: Data
    digest: str
    at: Moment
    """When it happened, as far as it tells by itself; :func:`vending.events.uptimes.dated` knows more."""

    @property
    def order(self) -> Order:
        """Its place among all the machine's events."""
        return (self.envelope.deviceepoch, self.envelope.sequence)

    @property
    def stocked(self) -> bool:
        """Whether it changes the stock document: ledger events and absolute levels."""
        return self.name in LEDGER or self.name in LEVELS

    @property
    def ledger(self) -> int | None:
        """Its number in the device's ledger; None for events that are not counted."""
        number = self.envelope.ledgersequence
        return number if isinstance(number, int) else None


_envelope = msgspec.json.Decoder(Envelope)
_data = {name: msgspec.json.Decoder(shape) for name, shape in CATALOGUE.items()}


def parse(hub: HubEvent, bound_from: datetime | None = None) -> Event:
    """Validate one event. Raises :class:`Rejected` with the path of the first fault.

    A publisher whose name says no machine is refused in events enqueued from ``bound_from`` on.
    """
    if hub.amqp is not None:
        raise Rejected("amqp-body", f"{hub.amqp.get('fault')}: mend the sender; replay takes a --body")
    if len(hub.body) > MAX_BODY:
        raise Rejected("oversize", f"{len(hub.body)} bytes; at most {MAX_BODY} are accepted")
    try:
        envelope = _envelope.decode(hub.body)
        name = _name(envelope)
        data = _data[name].decode(envelope.data)
        content = msgspec.json.decode(hub.body)
        if hub.body.count(b"[") + hub.body.count(b"{") > MAX_DEPTH:
            _check_depth(content)
        digest = _digest(content)
    except msgspec.ValidationError as fault:
        raise Rejected("wrong-schema", str(fault)) from fault
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        looks = look(hub.body)
        raise Rejected("not-json", f"the body {looks} ({fault})" if looks else str(fault)) from fault
    except RecursionError as fault:
        raise Rejected("wrong-schema", "nested too deeply") from fault
    device = envelope.source.removeprefix("/devices/")
    machine = envelope.subject.removeprefix("machines/")
    _check_numbers(envelope, name)
    _check_time(envelope)
    _check_epoch(envelope, _identified(hub, envelope, device, machine, bound_from))
    said = envelope.time if isinstance(envelope.time, datetime) else None
    at = believed(said, envelope.clocksync, hub.enqueued)
    return Event(hub, envelope, name, machine, device, data, digest, at)


def content_digest(body: bytes) -> str:
    """16 hex digits that depend on the JSON content only, not on its spacing or the order of its keys."""
    return _digest(msgspec.json.decode(body))


def _digest(content: Any) -> str:
    return hashlib.blake2b(msgspec.json.encode(content, order="sorted"), digest_size=8).hexdigest()


def _check_depth(content: Any) -> None:
    level = [content]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    if any(isinstance(inner, dict | list) for inner in level):
        raise Rejected("wrong-schema", f"nested deeper than {MAX_DEPTH}")


def _name(envelope: Envelope) -> str:
    name = envelope.type.removeprefix(TYPE_PREFIX).removesuffix(TYPE_SUFFIX)
    if name not in CATALOGUE or envelope.type != f"{TYPE_PREFIX}{name}{TYPE_SUFFIX}":
        raise Rejected("unknown-type", f"no type {envelope.type!r} in the catalogue")
    return name


def _check_numbers(envelope: Envelope, name: str) -> None:
    expected = f"{envelope.deviceepoch}-{envelope.sequence:012d}"
    if envelope.id != expected:
        raise Rejected(
            "wrong-schema", f"id is {envelope.id!r}, deviceepoch and sequence say {expected!r} - at `$.id`"
        )
    if (name in LEDGER) != (envelope.ledgersequence is not UNSET):
        need = "needs" if name in LEDGER else "must not have"
        raise Rejected("wrong-schema", f"{name} {need} a ledgersequence - at `$.ledgersequence`")


def _check_time(envelope: Envelope) -> None:
    """An import's time is taken as given, so it must be one that calendars of any zone can show."""
    if envelope.clocksync != "import":
        return
    if not isinstance(envelope.time, datetime):
        raise Rejected("wrong-schema", "an import needs a time - at `$.time`")
    if not FIRST_YEAR <= envelope.time.year <= LAST_YEAR:
        raise Rejected(
            "wrong-schema", f"year {envelope.time.year}, not {FIRST_YEAR} to {LAST_YEAR} - at `$.time`"
        )


def _identified(
    hub: HubEvent, envelope: Envelope, device: str, machine: str, bound_from: datetime | None
) -> int | None:
    """The highest epoch that the sender's credential was issued for; None where it says none.

    A publisher identity comes from the sender's credential, so it decides who speaks, and for which machine.
    """
    issued = None
    for key in PUBLISHER_KEYS:
        publisher = hub.system.get(key)
        if publisher is None:
            continue
        if envelope.clocksync == "import":
            raise Rejected(
                "forged-identity", "only an operator's own credential may import, not a publisher's"
            )
        epoch = _covered(key, str(publisher), device, machine)
        if epoch is not None:
            issued = epoch if issued is None else min(issued, epoch)
        elif bound_from is not None and hub.enqueued >= bound_from:
            raise Rejected("unbound-device", _unbound(key, device, machine))
    return issued


def _covered(key: str, publisher: str, device: str, machine: str) -> int | None:
    """The highest epoch of a publisher that is the event's own; None where its name says none."""
    bound = publishers.parse(publisher)
    if bound is None:
        if publisher != device:
            raise Rejected("forged-identity", f"{key} is {publisher!r}, source says {device!r}")
        return None
    if (bound.device, bound.machine) != (device, machine):
        raise Rejected(
            "forged-identity",
            f"{key} is of device {bound.device!r} in machine {bound.machine!r}; "
            f"the event says {device!r} in {machine!r}",
        )
    return bound.epoch


def _unbound(key: str, device: str, machine: str) -> str:
    return (
        f"{key} {device!r} says no machine: issue credentials that do (`vendctl device {device} --machine "
        f"{machine}`); what is honest of the rest, `vendctl deadletters replay` sends again"
    )


def _check_epoch(envelope: Envelope, issued: int | None) -> None:
    """An epoch that nobody issued would outrank all later ones of its machine, for ever."""
    most = publishers.MAX_UNSIGNED_EPOCH if issued is None else issued
    if envelope.deviceepoch > most:
        who = "a credential that says no epoch" if issued is None else "this credential"
        raise Rejected(
            "epoch-not-issued",
            f"deviceepoch is {envelope.deviceepoch}, {who} has those up to {most}: "
            "`vendctl device` issues the next one",
        )
