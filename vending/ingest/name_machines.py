"""Who may name new machines: judged by what the partition remembers, in a rebuild by what is on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vending.catalog.machines import CatalogMachines
from vending.errors import Rejected
from vending.events.event import Event
from vending.events.records import decode_lines
from vending.ingest import admission
from vending.ingest.admission import Naming, News, Quota
from vending.ingest.dead_letters import Refusal, defect
from vending.ingest.stored_conditions import of_partition
from vending.ports import Blobs, Documents
from vending.state import intervals

REASON = "too-many-machines"


@dataclass
class Verdicts:
    """The events that are refused, and partition → what is to be remembered of its new machines."""

    refusals: list[Refusal] = field(default_factory=list)
    news: dict[str, News] = field(default_factory=dict)


class NamingJudge(Protocol):
    """Judges the events of a batch, in the order of their sequence numbers."""

    async def judge(self, events: Sequence[Event], remembered: Documents) -> Verdicts:
        """The verdicts. ``remembered``: conditions as ingest keeps them, maybe old. Raises Transient."""
        ...


@dataclass(frozen=True)
class NewMachines:
    """The quota of unbound senders. ``conditions`` are read as they are: a refusal rests on nothing old."""

    machines: CatalogMachines
    conditions: Documents
    quota: Quota

    async def judge(self, events: Sequence[Event], remembered: Documents) -> Verdicts:
        """Costs nothing where all senders are bound, and no request where all machines are known."""
        found = Verdicts()
        for partition in sorted({event.hub.partition for event in events}):
            own = [event for event in events if event.hub.partition == partition]
            machines = admission.unbound(own, self.quota.bound)
            if machines and not await _all_known(partition, machines, remembered):
                await self._judge(partition, own, found)
        return found

    async def _judge(self, partition: str, events: Sequence[Event], found: Verdicts) -> None:
        held = await of_partition(partition, self.conditions)
        known = {machine for document in (held.young, *held.shards) for machine in document.machines}
        catalog = (await self.machines.named()).machines
        naming = Naming(self.quota, known, catalog, held.named)
        for event in events:
            try:
                naming.judge(event)
            except Rejected as fault:
                found.refusals.append((event.hub, fault))
            except MemoryError:
                raise
            except Exception as fault:  # noqa: BLE001 - a bug in the judge costs the event, not the partition
                found.refusals.append((event.hub, defect(fault)))
        if naming.news:
            found.news[partition] = naming.news


@dataclass(frozen=True)
class OnRecord:
    """For rebuilds: the refusals that stand in the dead letters, and no others."""

    refused: Mapping[tuple[str, str], intervals.Intervals]
    """(generation, partition) → sequence numbers."""

    async def judge(self, events: Sequence[Event], remembered: Documents) -> Verdicts:  # noqa: ARG002
        """As it was judged when the events came."""
        return Verdicts([
            (event.hub, Rejected(REASON, "refused when it came"))
            for event in events
            if intervals.contains(
                self.refused.get((event.hub.generation, event.hub.partition), []), event.hub.sequence
            )
        ])  # fmt: skip


async def on_record(deadletters: Blobs) -> OnRecord:
    """The refusals of the quota, from all dead letters."""
    refused: dict[tuple[str, str], intervals.Intervals] = {}
    async for name in deadletters.names():
        if name.endswith(".jsonl"):
            for fields in decode_lines(await deadletters.read(name)):
                if fields["reason"] == REASON:
                    home = refused.setdefault((fields["generation"], fields["partition"]), [])
                    intervals.add(home, fields["sequence"])
    return OnRecord(refused)


async def _all_known(partition: str, machines: set[str], documents: Documents) -> bool:
    """Whether the partition has heard of all of them: true once is true for ever, so old documents will do.

    A machine that was named of late is judged more closely: what came before may come again.
    """
    held = await of_partition(partition, documents, to_room=True)
    return all(map(held.knows, machines)) and not machines & held.named.machines.keys()
