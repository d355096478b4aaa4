"""What people do with dead letters: look at them, send one again (as it was, or corrected), discard one.

A dead letter is never changed. What became of it is a mark beside it, a blob
``marks/{generation}/{partition}/{sequence number}.json`` that is written once. A replay sends first and marks
then: when it dies between the two, the next one sends again, and ingest recognises the event.
"""

import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator, Container, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import msgspec

from vending.domain.events import HubEvent, parse
from vending.domain.records import bytes_of, decode_lines, restore
from vending.errors import Rejected
from vending.ports import Blobs
from vending.usecases.read_archive import raw_events

MARKS = "marks/"
ORIGIN = "replayed-from"
"""The property of a replayed event that names its dead letter."""
Action = Literal["replayed", "discarded"]


class Sender(Protocol):
    """The hub, for one event at a time."""

    async def send(self, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        """Returns when the hub has it. Raises Transient."""
        ...


@dataclass(frozen=True, slots=True)
class Oversize:
    """A body that only the archive has whole."""

    bytes: int
    sha256: str
    blob: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was refused, and why; of an ``oversize`` body the event has the beginning only."""

    reason: str
    detail: str
    version: str
    """Of the code that refused it."""
    hub: HubEvent
    settled: bool
    """Whether somebody has replayed or discarded it."""
    oversize: Oversize | None = None

    @property
    def place(self) -> str:
        """Its name: generation/partition@sequence number."""
        return self.hub.place


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a dead letter."""

    action: Action
    at: datetime
    note: str = ""


async def dead_letters(blobs: Blobs, *, settled: bool = False) -> AsyncIterator[DeadLetter]:
    """Every dead letter once, in the order of partition and number; with ``settled``, also those."""
    marked = {name async for name in blobs.names(MARKS)}
    seen: set[str] = set()
    async for name in blobs.names():
        if name.endswith(".jsonl"):
            for fields in decode_lines(await blobs.read(name)):
                letter = _letter(fields, marked)
                if letter.place not in seen and (settled or not letter.settled):
                    yield letter
                seen.add(letter.place)


async def find(blobs: Blobs, place: str) -> DeadLetter:
    """One dead letter. Raises LookupError."""
    home, _, number = place.partition("@")
    if not number.isdecimal() or home.count("/") != 1:
        raise LookupError(f"{place!r} is no place; write generation/partition@number, as `list` shows it")
    marked = {name async for name in blobs.names(_mark_name(place))}
    async for name in blobs.names(f"{home}/"):
        first, last = map(int, name.rpartition("/")[2].split("-")[:2])
        if first <= int(number) <= last:
            for fields in decode_lines(await blobs.read(name)):
                if fields["sequence"] == int(number):
                    return _letter(fields, marked)
    raise LookupError(f"there is no dead letter {place}")


async def mark_of(blobs: Blobs, place: str) -> Mark | None:
    """What became of a dead letter; None while nobody did anything."""
    name = _mark_name(place)
    if name not in {found async for found in blobs.names(name)}:
        return None
    return msgspec.json.decode(await blobs.read(name), type=Mark)


async def replay(
    blobs: Blobs, sender: Sender, letter: DeadLetter, now: datetime, body: bytes | None = None
) -> Mark | None:
    """Send a dead letter's event again, or ``body`` in its stead; None if done, else the mark that stands.

    Raises Rejected when the event would be refused again: then it needs a corrected body.
    """
    if letter.settled:
        return await mark_of(blobs, letter.place)
    if letter.oversize is not None and body is None:
        raise Rejected("oversize", f"{letter.oversize.bytes} bytes, of which the archive holds all")
    hub = letter.hub if body is None else replace(letter.hub, body=body, amqp=None)
    content = hub.body
    # Judged as its publisher's, though it is sent without that identity: a forgery stays one.
    event = parse(hub)
    properties = dict(letter.hub.properties) | {ORIGIN: letter.place}
    await sender.send(content, event.device, properties)
    note = "" if body is None else "with a corrected body"
    return await settle(blobs, letter.place, Mark("replayed", now, note))


async def whole_body(archive: Blobs, letter: DeadLetter) -> bytes:
    """The body, byte for byte; an oversize one comes from the archive. Raises LookupError where that has not
    got it (yet), or has other bytes.
    """
    cut = letter.oversize
    if cut is None:
        return letter.hub.body
    try:
        async with aclosing(raw_events(archive, cut.blob)) as events:
            body = await anext((x.body async for _, x in events if x.sequence == letter.hub.sequence), None)
    except KeyError:
        body = None
    if body is None:
        raise LookupError(f"{letter.place} is not in the archive (yet): {cut.blob}")
    if hashlib.sha256(body).hexdigest() != cut.sha256:
        raise LookupError(f"{letter.place} has other bytes in the archive than were refused: {cut.blob}")
    return body


async def settle(blobs: Blobs, place: str, mark: Mark) -> Mark | None:
    """Write a mark; None if it was written, else the mark that stands already."""
    written = await blobs.create(_mark_name(place), msgspec.json.encode(mark))
    return None if written else await mark_of(blobs, place)


def _letter(fields: dict[str, Any], marked: Container[str]) -> DeadLetter:
    cut = fields.get("oversize")
    hub = restore(fields if cut is None else fields | {"body64": b64encode(bytes_of(cut, "head"))})
    settled = _mark_name(hub.place) in marked
    kept = None if cut is None else Oversize(cut["bytes"], cut["sha256"], cut["blob"])
    return DeadLetter(fields["reason"], fields["detail"], fields["version"], hub, settled, kept)


def _mark_name(place: str) -> str:
    home, _, number = place.partition("@")
    return f"{MARKS}{home}/{int(number):012d}.json"


def utc(moment: datetime) -> str:
    """For people: to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
