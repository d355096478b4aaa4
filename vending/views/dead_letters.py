"""Read models of dead letters: a page of them, and one.

They lie in blobs, one for each batch that had any. A page goes through the partitions in order, in each from
the newest blob back, and reads a bounded number of them; where it found less than was asked, it says where to
go on.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta

from vending.answer import Answer
from vending.business_day import instant
from vending.events.records import bytes_of, decode_lines, position
from vending.ingest.dead_letter_address import letter_id
from vending.ingest.dead_letter_blobs import LetterBlobs, newest, partitions
from vending.ingest.dead_letter_marks import Marks, read_marks
from vending.ingest.dead_letter_subject import Subject, subject_of
from vending.time import millis
from vending.views.cursors import cursor

BLOBS, BYTES = 50, 16 * 1024 * 1024
"""That one page reads; it stops after the blob that reaches either."""
ENDLESS = 10**18
"""Above every sequence number."""
SHOWN = 200
"""Characters of a reason's detail in a row."""
State = Literal["open", "sent", "applied", "discarded"]
"""``sent``: somebody sent it again; it is applied by now, or refused again as a letter of its own."""
Fields = dict[str, Any]
"""A line of a blob: see :mod:`vending.ingest.dead_letters`."""


class Place(NamedTuple):
    """Where a page ended: the next one begins below that number in that blob."""

    partition: str
    blob: str
    below: int


@dataclass(frozen=True)
class LetterQuery:
    """Which dead letters, of one life of the hub."""

    generation: str
    partition: str | None = None
    reason: str | None = None
    machine: str | None = None
    device: str | None = None
    limit: int = 20
    after: Place | None = None


class DeadLetterRow(Answer, frozen=True, kw_only=True):
    """An event that was refused."""

    letter_id: Annotated[str, Meta(description="`generation~partition~number`.")]
    partition: str
    number: Annotated[int, Meta(description="The hub's sequence number.")]
    enqueued: Annotated[str, Meta(description="By the hub's clock. ISO 8601, UTC.")]
    reason: str
    detail: Annotated[str, Meta(description="What was wrong; of a long text the end of its last line.")]
    machine: Annotated[str | None, Meta(description="As its body says, if it does.")]
    device: Annotated[str | None, Meta(description="As its body says, if it does.")]
    size: Annotated[int, Meta(description="Bytes of its body.")]
    version: Annotated[str, Meta(description="Of the code that refused it.")]
    state: State


class DeadLetterPage(Answer, frozen=True, kw_only=True):
    """A page of dead letters: by partition, in each the newest first."""

    generation: str
    dead_letters: list[DeadLetterRow]
    next: Annotated[str | None, Meta(description="`after` of the next page; null on the last one.")]


class _Found(NamedTuple):
    """A letter that matches, and where it lies."""

    fields: Fields
    subject: Subject
    place: Place


async def dead_letters(blobs: LetterBlobs, query: LetterQuery) -> DeadLetterPage:
    """A page. An event that two owners of a partition refused is in it once. Raises Transient."""
    found: list[_Found] = []
    seen: set[str] = set()
    after: Place | None = None
    async with aclosing(_matching(blobs, query)) as letters:
        async for one in letters:
            if isinstance(one, Place):
                after = one
            elif position(one.fields) in seen:
                continue
            elif len(found) == query.limit:
                after = found[-1].place
                break
            else:
                found.append(one)
                seen.add(position(one.fields))
    rows = [row(one.fields, one.subject, await _marks(blobs, one.fields)) for one in found]
    return DeadLetterPage(
        generation=query.generation, dead_letters=rows, next=None if after is None else cursor(*after)
    )


def row(fields: Fields, subject: Subject, marks: Marks) -> DeadLetterRow:
    """A dead letter in a list."""
    lines = str(fields["detail"]).splitlines() or [""]
    return DeadLetterRow(
        letter_id=letter_id(position(fields)),
        partition=fields["partition"],
        number=fields["sequence"],
        enqueued=enqueued(fields),
        reason=fields["reason"],
        detail=lines[-1][-SHOWN:],
        machine=subject.machine,
        device=subject.device,
        size=fields["oversize"]["bytes"] if "oversize" in fields else len(bytes_of(fields, "body")),
        version=fields["version"],
        state=state(marks),
    )


def state(marks: Marks) -> State:
    """As far as the marks tell."""
    return marks.final or ("sent" if marks.attempts else "open")


def enqueued(fields: Fields) -> str:
    """When the hub took it in."""
    return instant(millis(datetime.fromisoformat(fields["enqueued"])))


def body_of(fields: Fields) -> bytes:
    """The body, or of an oversize one the beginning."""
    return bytes_of(fields["oversize"], "head") if "oversize" in fields else bytes_of(fields, "body")


async def _marks(blobs: LetterBlobs, fields: Fields) -> Marks:
    """What people did with it: one listing, and a read where it was sent again."""
    place = position(fields)
    return (await read_marks(blobs, place)).get(place) or Marks()


async def _matching(blobs: LetterBlobs, query: LetterQuery) -> AsyncGenerator[_Found | Place]:
    """The letters that match, in order; in the end, where more than a page may read is there, a place."""
    after, read, taken = query.after, 0, 0
    for partition in await _partitions(blobs, query):
        home, begun = f"{query.generation}/{partition}/", after is not None and partition == after.partition
        async with aclosing(newest(blobs, home, after.blob if after and begun else None)) as names:
            async for name in names:
                if read == BLOBS or taken >= BYTES:
                    yield Place(partition, name, ENDLESS)
                    return
                data = await blobs.read(name)
                read, taken = read + 1, taken + len(data)
                below = after.below if after and begun and name == after.blob else ENDLESS
                for one in _letters(data, query, Place(partition, name, below)):
                    yield one


async def _partitions(blobs: LetterBlobs, query: LetterQuery) -> list[str]:
    """Those that the page has still to go through."""
    known = await partitions(blobs, query.generation)
    wanted = [partition for partition in known if query.partition in (None, partition)]
    begun = query.after.partition if query.after else ""
    return [one for one in wanted if (len(one), one) >= (len(begun), begun)]


def _letters(data: bytes, query: LetterQuery, within: Place) -> Iterator[_Found]:
    """The letters of a blob that match, the newest first."""
    for fields in sorted(decode_lines(data), key=itemgetter("sequence"), reverse=True):
        if fields["sequence"] < within.below and query.reason in (None, fields["reason"]):
            subject = subject_of(body_of(fields))
            if query.machine in (None, subject.machine) and query.device in (None, subject.device):
                yield _Found(fields, subject, within._replace(below=fields["sequence"]))
