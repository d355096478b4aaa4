"""One machine's events: read its stock, fold, and commit stock and ledger pages in one atomic batch.

On a conflict the events are folded again into what is stored now. They are never re-sent as they were: the
other writer may have counted some of them.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

from vending.documents.base import load
from vending.documents.pages import LedgerPage
from vending.documents.stock import MachineStock
from vending.errors import Conflict
from vending.events.event import Event
from vending.ingest.dead_letters import Refusal, Refusals
from vending.ports import Documents, Filter, Put, Stored, beginning
from vending.retry import retry_on_conflict
from vending.state import ledger, stock

ROUND_BYTES = 262_144
"""Bodies of one commit: well under the 2 MiB of a transactional batch, however large a backlog is."""


class Committed(NamedTuple):
    """Ledger events counted before, those still missing on the machine, and holes closed as lost."""

    duplicates: int
    missing: int
    closings: int


async def commit_stock(
    machine: str, events: Sequence[Event], documents: Documents, refusals: Refusals
) -> Committed:
    """Apply ledger events and levels of one machine. Raises Transient when it must wait."""
    so_far = Committed(0, 0, 0)
    for portion in portions(events):
        done = await _commit(machine, portion, documents, refusals)
        duplicates, closings = so_far.duplicates + done.duplicates, so_far.closings + done.closings
        so_far = Committed(duplicates, done.missing, closings)
    return so_far


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


async def _commit(machine: str, events: list[Event], documents: Documents, refusals: Refusals) -> Committed:
    async def attempt() -> tuple[stock.Folded, list[Refusal]]:
        stored = await documents.read(machine, "stock")
        held = load(stored.body, MachineStock) if stored else stock.empty(machine)
        folded, refused = await fold_beside_ledger(machine, held, events, documents)
        if folded.changed:
            await _write(machine, stored, folded, documents)
        elif any(fault.reason == stock.RETIRED for _, fault in refused):
            await _check_current(machine, stored, documents)
        return folded, refused

    folded, refused = await retry_on_conflict(f"the stock of {machine}", attempt)
    refusals.add(refused)
    return _committed(events, folded, refused)


async def fold_beside_ledger(
    machine: str, held: MachineStock, events: Sequence[Event], documents: Documents
) -> tuple[stock.Folded, list[Refusal]]:
    """The events folded into a stock, and which of them are refused, also by the ledger's lines; nothing is
    written."""
    unknown = stock.unknown(held, events).items()
    retired = [key for key, event in unknown if await _held_once(machine, event, documents)]
    folded = stock.fold(held, events, retired)
    return folded, folded.rejected + await _content_conflicts(machine, folded, documents)


async def _write(machine: str, stored: Stored | None, folded: stock.Folded, documents: Documents) -> None:
    puts = [Put(folded.stock.dump(), stored.etag if stored else None)]
    puts += [Put(page.dump()) for page in ledger.pages(machine, folded.lines)]
    await documents.write(machine, puts)


async def _check_current(machine: str, stored: Stored | None, documents: Documents) -> None:
    """Raise Conflict where the stock is another by now.

    The pages of a book that another owner has let in meanwhile look like those of a retired one.
    """
    now = await documents.read(machine, "stock")
    if (now and now.etag) != (stored and stored.etag):
        raise Conflict(f"{machine}: the stock changed while its pages were read")


async def _held_once(machine: str, event: Event, documents: Documents) -> bool:
    """Whether the event's book counted anything yet: then it has a page."""
    async for _ in documents.select(machine, *_of_book(event), fields=("id",)):
        return True
    return False


def _committed(events: Sequence[Event], folded: stock.Folded, refused: Sequence[Refusal]) -> Committed:
    away = {hub.position for hub, _ in refused}
    numbered = sum(event.ledger is not None and event.hub.position not in away for event in events)
    return Committed(numbered - len(folded.lines), stock.missing_numbers(folded.stock), folded.closings)


async def _content_conflicts(machine: str, folded: stock.Folded, documents: Documents) -> list[Refusal]:
    """Of the possible conflicts, those whose content differs from the stored line or was given up.

    A page is read for all its lines at once: a device that sends a whole day again sends neighbours.
    """
    refused: list[Refusal] = []
    digests: dict[tuple[str, int], str] = {}
    for event in folded.possible_conflicts:
        key = stock.book(event), event.ledger or 0
        if key not in digests:
            digests |= {
                (key[0], number): digest async for number, digest in _digests(machine, event, documents)
            }
        if key not in digests:
            fault = stock.given_up(folded.stock, event)
            if fault is None:
                raise LookupError(f"{machine}: {key[0]} counts {key[1]} as applied, but no page holds it")
            refused.append((event.hub, fault))
        elif event.digest != digests[key]:
            refused.append((event.hub, stock.conflict(event, digests[key])))
    return refused


async def _digests(machine: str, event: Event, documents: Documents) -> AsyncIterator[tuple[int, str]]:
    """Number and digest of each line in the pages around an event's number."""
    number = event.ledger or 0
    around: list[Filter] = [("first", "<=", number), ("last", ">=", number)]
    async for page in documents.select(machine, *_of_book(event), *around):
        for entry in load(page.body, LedgerPage).lines:
            yield entry["ledger"], entry["digest"]


def _of_book(event: Event) -> tuple[Filter, Filter]:
    """The pages of an event's book."""
    return beginning(ledger.page_id(event.device, event.envelope.deviceepoch))
