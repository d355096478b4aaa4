"""Readings of a batch: merged into the partition's young conditions document, which is replaced once, and
folded into the partition's shards now and then (:func:`vending.state.conditions.grown`)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from vending.documents.conditions import Conditions, Entry, Named
from vending.errors import Rejected
from vending.events.event import Event
from vending.ingest.admission import News, remembered
from vending.ingest.dead_letters import Refusal, Refusals, defect
from vending.ingest.stored_conditions import of_partition
from vending.ports import Documents, Put
from vending.retry import retry_on_conflict
from vending.state import conditions


async def commit_conditions(
    events: Sequence[Event],
    documents: Documents,
    refusals: Refusals,
    named: Mapping[str, News] = MappingProxyType({}),
) -> None:
    """Merge every event (each one tells that its machine lives). Raises Transient.

    ``named``: partition → what is to be remembered of new machines. It is written before their readings.
    """
    for partition in sorted({event.hub.partition for event in events} | named.keys()):
        own = [event for event in events if event.hub.partition == partition]
        refusals.add(await _commit(partition, own, documents, named.get(partition, {})))


async def _commit(partition: str, events: Sequence[Event], documents: Documents, news: News) -> list[Refusal]:
    """What is refused of the events, once the others are stored."""

    async def attempt() -> list[Refusal]:
        held = await of_partition(partition, documents, to_room=True)
        shards, young = Shards(partition, held.shards), held.young
        shards.remember(news)
        entries, refused = _merge(events, young, shards)
        if entries:
            # Before the batch is in it: a shard takes only what the young document was stored with.
            if conditions.grown(young, held.shards):
                shards.fold(young)
            for machine, entry in entries.items():
                conditions.put_entry(young, machine, conditions.newer_than(shards.entry(machine), entry))
            young.writes = (young.writes or 0) + 1
            shards.changed[young.id] = young
        # A crash in between leaves registers in two documents: the newest of each is read.
        for document in shards.changed.values():
            document.rev += 1
            await documents.write(document.id, [Put(document.dump(), held.etags.get(document.id))])
        return refused

    return await retry_on_conflict(f"conditions of partition {partition}", attempt)


def _merge(
    events: Sequence[Event], young: Conditions, shards: "Shards"
) -> tuple[dict[str, Entry], list[Refusal]]:
    """The machines of which something new is told, with all their registers; and the events that contradict
    what is stored."""
    entries: dict[str, Entry] = {}
    refused: list[Refusal] = []
    for event in events:
        machine = event.machine
        entry = entries.get(machine)
        if entry is None:
            entry = conditions.joined(shards.entry(machine), young.machines.get(machine, {}))
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
            entries[machine] = merged
    return entries, refused


class Shards:
    """A partition's shards, changed in place, and which of them takes the registers of each machine.

    One that is overgrown takes none: its machines go on in the next one, from nothing.
    """

    def __init__(self, partition: str, documents: Sequence[Conditions]) -> None:
        self.changed: dict[str, Conditions] = {}
        """Those that are to be written, by id."""
        self._partition = partition
        self._documents = list(documents)
        self._grown = {document.id for document in documents if conditions.overgrown(document)}
        self._shard_of: dict[str, Conditions] = {}
        for document in documents:
            if document.id not in self._grown:
                self._shard_of |= dict.fromkeys(document.machines, document)

    def entry(self, machine: str) -> Entry:
        """The machine's registers; none where it is new to all documents that take any."""
        shard = self._shard_of.get(machine)
        return {} if shard is None else shard.machines[machine]

    def fold(self, young: Conditions) -> None:
        """Take over what the young document holds, and empty it."""
        for machine, newer in young.machines.items():
            entry = self.entry(machine)
            if (joined := conditions.joined(entry, newer)) != entry:
                self._put_entry(machine, joined)
        young.machines, young.bytes, young.writes = {}, 0, 0

    def _put_entry(self, machine: str, entry: Entry) -> None:
        """Put a machine's registers into its document, or into the first with room."""
        shard = self._shard_of.get(machine)
        if shard is None:
            shard = self._shard_of[machine] = self._room()
        conditions.put_entry(shard, machine, entry)
        self.changed[shard.id] = shard

    def remember(self, news: News) -> None:
        """Note who named new machines, in the partition's first document."""
        if news:
            first = self._documents[0] if self._documents else self._room()
            first.named = remembered(first.named or Named(0, {}), news)
            self.changed[first.id] = first

    def _room(self) -> Conditions:
        last = self._documents[-1] if self._documents else None
        full = last is not None and len(last.machines) >= conditions.MACHINES_PER_DOCUMENT
        if last is None or full or last.id in self._grown:
            last = conditions.empty(self._partition, len(self._documents))
            self._documents.append(last)
        return last
