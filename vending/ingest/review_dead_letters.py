"""What people do with dead letters: look at them, send one again (as it was, or corrected), discard one.

A dead letter is never changed; what was done with it are marks beside it. One that was sent again is done
only when it is *applied*: until then it is ``sent``, and ``refused`` when ingest refused it again, as a new
dead letter that stands for it from then on. A replay sends first and marks then: when it dies between the
two, the next one sends again, and ingest recognises the event.
"""

import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from vending.archive.read_archive import raw_events
from vending.errors import Rejected
from vending.events.event import parse
from vending.events.hub_event import HubEvent
from vending.events.records import bytes_of, decode_lines, restore
from vending.ingest.dead_letter_marks import Mark, Marks, read_marks, write_mark
from vending.ingest.foresee import foresee
from vending.ports import Blobs, Documents, Sender

ORIGIN, ATTEMPT = "replayed-from", "replay-attempt"
"""The properties of a replayed event that name its dead letter, and tell one replay of it from the next."""
State = Literal["open", "sent", "applied", "refused", "replayed", "discarded"]
"""``replayed``: by a version before, with a body that nobody kept; what became of it is not known."""
TO_DO: tuple[State, ...] = ("open", "sent")


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
    marks: Marks
    again: tuple[str, ...] = ()
    """Places of the letters that its last replay became, where it was refused again."""
    oversize: Oversize | None = None

    @property
    def position(self) -> str:
        """Its name: generation/partition@sequence number."""
        return self.hub.position

    @property
    def state(self) -> State:
        """As far as the dead letters and their marks tell: one that is ``sent`` may be applied by now."""
        if self.marks.final:
            return self.marks.final
        if not self.marks.sent:
            return "open"
        if self.again:
            return "refused"
        return "replayed" if self.marks.sent.note and self.marks.sent.body is None else "sent"

    @property
    def sent(self) -> HubEvent:
        """The event that the last replay sent."""
        mark = self.marks.sent
        return self.hub if mark is None or mark.body is None else replace(self.hub, body=mark.body, amqp=None)


class Refusals:
    """Replays that were refused again. Blobs of dead letters never change, so each is read once."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._read: set[str] = set()
        self._found: dict[tuple[str, int], dict[str, str]] = {}

    async def look(self) -> None:
        """Read what is new."""
        async for name in self._blobs.names():
            if name.endswith(".jsonl") and name not in self._read:
                for fields in decode_lines(await self._blobs.read(name)):
                    self._take(fields)
                self._read.add(name)

    def of(self, position: str, attempt: int) -> dict[str, str]:
        """Place → reason and detail of the letters that a replay became."""
        return self._found.get((position, attempt), {})

    def _take(self, fields: dict[str, Any]) -> None:
        if origin := fields["properties"].get(ORIGIN):
            attempt = int(fields["properties"].get(ATTEMPT, 1))
            position = f"{fields['generation']}/{fields['partition']}@{fields['sequence']}"
            told = f"{fields['reason']}: {fields['detail']}"
            self._found.setdefault((origin, attempt), {})[position] = told


async def dead_letters(blobs: Blobs) -> AsyncIterator[DeadLetter]:
    """Every dead letter once, in the order of partition and number."""
    marked, refusals = await read_marks(blobs), Refusals(blobs)
    if marked:
        await refusals.look()
    seen: set[str] = set()
    async for name in blobs.names():
        if name.endswith(".jsonl"):
            for fields in decode_lines(await blobs.read(name)):
                letter = _letter(fields, marked, refusals)
                if letter.position not in seen:
                    yield letter
                seen.add(letter.position)


async def find(blobs: Blobs, position: str) -> DeadLetter:
    """One dead letter. Raises LookupError."""
    home, _, number = position.partition("@")
    if not number.isdecimal() or home.count("/") != 1:
        raise LookupError(f"{position!r} is no place; write generation/partition@number, as `list` shows it")
    marked, refusals = await read_marks(blobs, position), Refusals(blobs)
    if marked:
        await refusals.look()
    async for name in blobs.names(f"{home}/"):
        first, last = map(int, name.rpartition("/")[2].split("-")[:2])
        if first <= int(number) <= last:
            for fields in decode_lines(await blobs.read(name)):
                if fields["sequence"] == int(number):
                    return _letter(fields, marked, refusals)
    raise LookupError(f"there is no dead letter {position}")


async def replay(
    blobs: Blobs, sender: Sender, letter: DeadLetter, now: datetime, body: bytes | None = None
) -> bool:
    """Send a dead letter's event again, or ``body`` in its stead; False where it is applied or discarded.

    Without a body what was sent last goes again. Raises Rejected when it is none that ingest could take.
    """
    if letter.marks.final:
        return False
    if body is None and letter.marks.sent:
        body = letter.marks.sent.body
    if letter.oversize is not None and body is None:
        raise Rejected("oversize", f"{letter.oversize.bytes} bytes, of which the archive holds all")
    hub = letter.hub if body is None else replace(letter.hub, body=body, amqp=None)
    # Judged as its publisher's, though it is sent without that identity: a forgery stays one.
    event = parse(hub)
    attempt = letter.marks.attempts + 1
    origin = {ORIGIN: letter.position, ATTEMPT: str(attempt)}
    await sender.send(hub.body, event.device, dict(letter.hub.properties) | origin)
    note = "" if body is None else "with a corrected body"
    await write_mark(blobs, letter.position, Mark("replayed", now, note, body), attempt)
    return True


async def discard(blobs: Blobs, letter: DeadLetter, mark: Mark) -> bool:
    """Mark a letter as of no use; False where it is applied or discarded already."""
    return not letter.marks.final and await write_mark(blobs, letter.position, mark)


async def applied(letters: Iterable[DeadLetter], machines: Documents, registers: Documents) -> set[str]:
    """Of letters that were sent again, the positions of those that were applied. Raises Transient."""
    sent = [letter.sent for letter in letters if letter.state == "sent"]
    fates = await foresee(sent, machines, registers)
    return {position for position, fate in fates.items() if fate == "applied"}


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
        raise LookupError(f"{letter.position} is not in the archive (yet): {cut.blob}")
    if hashlib.sha256(body).hexdigest() != cut.sha256:
        raise LookupError(f"{letter.position} has other bytes in the archive than were refused: {cut.blob}")
    return body


def _letter(fields: dict[str, Any], marked: Mapping[str, Marks], refusals: Refusals) -> DeadLetter:
    cut = fields.get("oversize")
    hub = restore(fields if cut is None else fields | {"body64": b64encode(bytes_of(cut, "head"))})
    marks = marked.get(hub.position) or Marks()
    again = tuple(sorted(refusals.of(hub.position, marks.attempts)))
    kept = None if cut is None else Oversize(cut["bytes"], cut["sha256"], cut["blob"])
    return DeadLetter(fields["reason"], fields["detail"], fields["version"], hub, marks, again, kept)


def utc(moment: datetime) -> str:
    """For people: to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
