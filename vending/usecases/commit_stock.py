"""One machine's events: read its stock, fold, and commit stock and ledger pages in one atomic batch.

On a conflict the events are folded again into what is stored now. They are never re-sent as they were: the
other writer may have counted some of them.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from vending.domain import ledger, stock
from vending.domain.clock import Moment
from vending.domain.events import Event, HubEvent
from vending.errors import Conflict, Rejected, Transient
from vending.ports import Documents, Put, Stored

ROUND_BYTES = 262_144
"""Bodies of one commit: well under the 2 MiB of a transactional batch, however large a backlog is."""
Refuse = Callable[[HubEvent, Rejected], None]


class Committed(NamedTuple):
    """Ledger events that were counted before, and those still missing on the machine."""

    duplicates: int
    missing: int


async def commit_stock(
    machine: str,
    events: Sequence[Event],
    times: Mapping[str, Moment],
    documents: Documents,
    refuse: Refuse,
    rounds: int,
) -> Committed:
    """Apply ledger events and levels of one machine. Raises Transient or Conflict when it must wait."""
    duplicates, missing = 0, 0
    for portion in portions(events):
        done = await _commit(machine, portion, times, documents, refuse, rounds)
        duplicates, missing = duplicates + done.duplicates, done.missing
    return Committed(duplicates, missing)


def portions(events: Sequence[Event]) -> Iterator[list[Event]]:
    """The events in order, cut so that each portion's pages stay small."""
    portion: list[Event] = []
    size = 0
    for event in events:
        if portion and size + len(event.hub.body) > ROUND_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(event)
        size += len(event.hub.body)
    if portion:
        yield portion


def readable(stored: Stored, schema: int) -> Stored:
    """The document, unless newer code wrote it: then this version waits until it is replaced."""
    if stored.body["schema"] > schema:
        raise Transient(
            f"{stored.body['type']} {stored.body['id']} has schema {stored.body['schema']}, "
            f"this version knows {schema}: deploy the newer version everywhere"
        )
    return stored


async def _commit(
    machine: str,
    events: list[Event],
    times: Mapping[str, Moment],
    documents: Documents,
    refuse: Refuse,
    rounds: int,
) -> Committed:
    for attempt in range(rounds):
        stored = await documents.read(machine, "stock")
        held = readable(stored, stock.SCHEMA).body if stored else stock.empty(machine)
        folded = stock.fold(held, events, times)
        refused = folded.rejected + await _unmasked(machine, folded.suspects, documents)
        if folded.changed:
            puts = [Put(folded.stock, stored.etag if stored else None)]
            puts += [Put(page) for page in ledger.pages(machine, folded.lines)]
            try:
                await documents.write(machine, puts)
            except Conflict:
                if attempt + 1 == rounds:
                    raise
                continue
        for hub, fault in refused:
            refuse(hub, fault)
        return _committed(events, folded, refused)
    raise Conflict(f"{machine}: no round was allowed")


def _committed(
    events: Sequence[Event], folded: stock.Folded, refused: Sequence[tuple[HubEvent, Rejected]]
) -> Committed:
    away = {hub.place for hub, _ in refused}
    numbered = sum(event.ledger is not None and event.hub.place not in away for event in events)
    holes = (last - first + 1 for held in stock.missing(folded.stock).values() for first, last in held)
    return Committed(numbered - len(folded.lines), sum(holes))


async def _unmasked(
    machine: str, suspects: Sequence[Event], documents: Documents
) -> list[tuple[HubEvent, Rejected]]:
    """Of the duplicates that are no redelivery, those whose content differs from the stored line.

    A page is read for all its lines at once: who sends a whole day again sends neighbours.
    """
    refused: list[tuple[HubEvent, Rejected]] = []
    digests: dict[tuple[str, int], str] = {}
    for event in suspects:
        key = stock.book(event), event.ledger or 0
        if key not in digests:
            digests |= {
                (key[0], number): digest async for number, digest in _digests(machine, event, documents)
            }
        if key not in digests:
            raise LookupError(f"{machine}: {key[0]} counts {key[1]} as applied, but no page holds it")
        if event.digest != digests[key]:
            refused.append((event.hub, stock.conflict(event, digests[key])))
    return refused


async def _digests(machine: str, event: Event, documents: Documents) -> AsyncIterator[tuple[int, str]]:
    """Number and digest of each line in the pages around an event's number."""
    number = event.ledger or 0
    async for page in documents.select(
        machine,
        ("type", "=", "page"),
        ("deviceId", "=", event.device),
        ("epoch", "=", event.envelope.deviceepoch),
        ("first", "<=", number),
        ("last", ">=", number),
    ):
        for entry in readable(page, ledger.PAGE_SCHEMA).body["lines"]:
            yield entry["ledger"], entry["digest"]
