"""Readings of a batch: merged into the partition's conditions documents, each replaced once."""

from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType

from vending.documents.base import current
from vending.errors import Conflict, Rejected
from vending.events.event import Event
from vending.ingest.admission import Named, remembered
from vending.ingest.commit_stock import ROUNDS
from vending.ingest.dead_letters import Refusal, Refusals, defect
from vending.ports import Documents, Put, Stored
from vending.state import conditions


async def commit_conditions(
    events: Sequence[Event],
    documents: Documents,
    refusals: Refusals,
    named: Mapping[str, Named] = MappingProxyType({}),
) -> None:
    """Merge every event (each one tells that its machine lives). Raises Transient or Conflict.

    ``named``: partition → what is to be remembered of new machines. It is written before their readings.
    """
    for partition in sorted({event.hub.partition for event in events} | named.keys()):
        own = [event for event in events if event.hub.partition == partition]
        refusals.add(await _commit(partition, own, documents, named.get(partition, {})))


async def _commit(
    partition: str, events: Sequence[Event], documents: Documents, named: Named
) -> list[Refusal]:
    """What is refused of the events, once the others are stored."""
    for attempt in range(ROUNDS):
        held = await _load(partition, documents)
        changed, refused = _merged(partition, held, events, named)
        try:
            for key, document in changed.items():
                etag = held[key].etag if key in held else None
                await documents.write(key, [Put(document | {"rev": document["rev"] + 1}, etag)])
        except Conflict:
            if attempt + 1 == ROUNDS:
                raise
            continue
        return refused
    raise Conflict(f"conditions of partition {partition}: no round was allowed")


async def _load(partition: str, documents: Documents) -> dict[str, Stored]:
    """The partition's documents up to the first one with room."""
    held: dict[str, Stored] = {}
    while True:
        key = f"{partition}:{len(held)}"
        stored = await documents.read(key, key)
        if stored is None:
            return held
        held[key] = stored
        if not conditions.full(current(stored.body, conditions.SCHEMA)):
            return held


def _merged(
    partition: str, held: Mapping[str, Stored], events: Sequence[Event], named: Named
) -> tuple[dict[str, conditions.Document], list[Refusal]]:
    """The documents that changed, by id, and the events that contradict what is stored."""
    documents = [
        stored.body | {"schema": conditions.SCHEMA, "machines": dict(stored.body["machines"])}
        for stored in held.values()
    ]
    grown = {document["id"] for document in documents if conditions.overgrown(document)}
    homes = {
        machine: document
        for document in documents
        if document["id"] not in grown
        for machine in document["machines"]
    }
    changed: dict[str, conditions.Document] = {}
    if named:
        first = documents[0] if documents else _room(partition, documents, grown)
        first["named"] = remembered(first.get("named", {}), named)
        changed[first["id"]] = first
    refused: list[Refusal] = []
    for event in events:
        home = homes.get(event.machine) or _room(partition, documents, grown)
        entry = home["machines"].get(event.machine, {})
        try:
            merged = conditions.merge(entry, event)
        except Rejected as fault:
            refused.append((event.hub, fault))
            continue
        except MemoryError:
            raise
        except Exception as fault:  # noqa: BLE001 - a bug in a register costs the event, not its neighbours
            refused.append((event.hub, defect(fault)))
            continue
        if merged is not entry:
            conditions.settle(home, event.machine, merged)
            homes[event.machine] = home
            changed[home["id"]] = home
    return changed, refused


def _room(partition: str, documents: list[conditions.Document], grown: Container[str]) -> conditions.Document:
    last = documents[-1] if documents else None
    if last is None or last["id"] in grown or len(last["machines"]) >= conditions.MACHINES_PER_DOCUMENT:
        last = conditions.empty(partition, len(documents))
        documents.append(last)
    return last
