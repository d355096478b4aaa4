"""From the bytes that Event Hubs delivered to a typed, trusted event, or the reason why not."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from vending.errors import Rejected
from vending.events import identity
from vending.events.base import Data, StockEvent
from vending.events.bodies import look
from vending.events.clock import believed
from vending.events.envelope import Envelope, check, type_of
from vending.events.event_types import EVENT_TYPES
from vending.events.hub_event import HubEvent
from vending.time import Moment

MAX_BODY = 65_536
"""Bytes of one event; a device's largest honest event is an audit of some 48 KiB."""
MAX_DEPTH = 32
"""Objects and arrays inside each other, unknown fields included."""

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
        return isinstance(self.data, StockEvent)

    @property
    def ledger(self) -> int | None:
        """Its number in the device's ledger; None for events that are not counted."""
        number = self.envelope.ledgersequence
        return number if isinstance(number, int) else None


_envelope = msgspec.json.Decoder(Envelope)
_data = {name: msgspec.json.Decoder(shape) for name, shape in EVENT_TYPES.items()}


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
        name = type_of(envelope)
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
    check(envelope, name)
    identity.check(hub, envelope, bound_from)
    said = envelope.time if isinstance(envelope.time, datetime) else None
    at = believed(said, envelope.clocksync, hub.enqueued)
    return Event(hub, envelope, name, envelope.machine, envelope.device, data, digest, at)


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
