"""The account: what became of every archived event, from what is stored (nothing is taken on trust).

Each distinct archived event is in the ledger once, or covered by its register or slot level, or in the dead
letters, or forgotten by an operator's order; ``lost`` is the rest, plus every number that the hub gave out
and the archive does not hold.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from vending.archive.read_archive import lines
from vending.documents.base import load
from vending.documents.conditions import Entry
from vending.documents.pages import LedgerPage
from vending.documents.stock import MachineStock, StoredSlot
from vending.errors import Rejected
from vending.events.base import LevelEvent
from vending.events.event import Event, parse
from vending.events.hub_event import HubEvent
from vending.events.records import decode_lines, position, restore
from vending.ingest.exclusions import NONE, Exclusions
from vending.ingest.stored_conditions import of_fleet
from vending.ports import Blobs, Documents, beginning
from vending.state import conditions, intervals
from vending.state.slots import Slot
from vending.state.stock import known

NAMED = 20
"""Lost events that are named; all of them are counted."""
FATES = ("forgotten", "applied", "dead-lettered", "lost")
"""Of copies of one event the last counts: a refusal has to be on record for each."""
Number = tuple[str, str, int, int]
"""(machine, device, epoch, ledger number)."""


@dataclass
class Account:
    """Counts of distinct events, archived ones being counted each."""

    archived: int = 0
    distinct: int = 0
    applied: int = 0
    dead_lettered: int = 0
    forgotten: int = 0
    """What operators want as if never sent."""
    lost: int = 0
    doubled: int = 0
    """Ledger numbers that stand in two lines: must be 0."""
    machines: int = 0
    lost_events: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """As JSON names them."""
        return {
            "distinct": self.distinct,
            "applied": self.applied,
            "deadLettered": self.dead_lettered,
            "forgotten": self.forgotten,
            "archived": self.archived,
            "lost": self.lost,
            "doubled": self.doubled,
            "machines": self.machines,
        }


@dataclass
class Stored:
    """What the stores hold, as the account compares with it."""

    lines: dict[Number, str] = field(default_factory=dict)
    doubled: int = 0
    slots: dict[str, dict[str, StoredSlot]] = field(default_factory=dict)
    fleet: dict[str, Entry] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    excluded: Exclusions = NONE

    def holds(self, event: Event) -> bool:
        """Whether the event had its effect."""
        if event.ledger is not None:
            number = (event.machine, event.device, event.envelope.deviceepoch, event.ledger)
            applied = self.lines.get(number) == event.digest
        elif isinstance(event.data, LevelEvent):
            slots = self.slots.get(event.machine, {})
            levels = [effect.selection for effect in event.data.slots() if effect.level is not None]
            bases = [Slot(slots.get(selection)).base for selection in levels]
            applied = all(base is not None and base[:2] >= event.order for base in bases)
        else:
            applied = True
        return applied and conditions.covers(self.fleet.get(event.machine, {}), event)


@dataclass(frozen=True)
class AccountStores:
    """What is counted."""

    archive: Blobs
    machines: Documents
    conditions: Documents
    deadletters: Blobs


async def account(
    stores: AccountStores, hub: Mapping[tuple[str, str], int] | None = None, excluded: Exclusions = NONE
) -> Account:
    """Count. ``hub``: the last sequence number of each (generation, partition), -1 for an empty one."""
    stored = await _stored(stores)
    stored.excluded = excluded
    result = Account(doubled=stored.doubled, machines=len(stored.slots.keys() | stored.fleet.keys()))
    fates: dict[str, str] = {}
    held: dict[tuple[str, str], intervals.Intervals] = {}
    async for event in archived(stores.archive):
        numbers = held.setdefault((event.generation, event.partition), [])
        if intervals.contains(numbers, event.sequence):
            continue
        intervals.add(numbers, event.sequence)
        result.archived += 1
        key, fate = _fate(event, stored)
        fates[key] = max(fates.get(key, fate), fate, key=FATES.index)
        if fate == "lost" and len(result.lost_events) < NAMED:
            result.lost_events.append(event.position)
    result.distinct = len(fates)
    result.applied = sum(fate == "applied" for fate in fates.values())
    result.dead_lettered = sum(fate == "dead-lettered" for fate in fates.values())
    result.forgotten = sum(fate == "forgotten" for fate in fates.values())
    result.lost = sum(fate == "lost" for fate in fates.values()) + _unarchived(held, hub or {}, result)
    return result


async def archived(archive: Blobs) -> AsyncIterator[HubEvent]:
    """Every raw record, blob by blob, read as a stream."""
    async for name in archive.names("raw/"):
        async for line in lines(archive, name):
            yield restore(msgspec.json.decode(line))


async def _stored(stores: AccountStores) -> Stored:
    stored = Stored()
    async for page in stores.machines.select(None, *beginning("page:")):
        held = load(page.body, LedgerPage)
        for line in held.lines:
            number = (held.machine_id, held.device_id, held.epoch, line["ledger"])
            stored.doubled += number in stored.lines
            stored.lines[number] = line["digest"]
    async for found in stores.machines.select(None, ("id", "=", "stock")):
        stock = load(found.body, MachineStock)
        if known(stock):
            stored.slots[stock.machine_id] = stock.slots
    stored.fleet = await of_fleet(stores.conditions)
    async for name in stores.deadletters.names():
        if name.endswith(".jsonl"):
            stored.refused |= set(map(position, decode_lines(await stores.deadletters.read(name))))
    return stored


def _fate(hub: HubEvent, stored: Stored) -> tuple[str, str]:
    """The identity of an event's content, and what became of this copy."""
    refused = hub.position in stored.refused
    try:
        event = parse(hub)
    except Rejected as fault:
        content = hub.body if hub.amqp is None else msgspec.json.encode(hub.amqp)
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        return f"{fault.reason}:{digest}", "dead-lettered" if refused else "lost"
    key = f"{event.machine}/{event.device}/{event.envelope.id}/{event.digest}"
    if stored.excluded.forgets(event):
        return key, "forgotten"
    if stored.holds(event):
        return key, "applied"
    return key, "dead-lettered" if refused else "lost"


def _unarchived(
    held: Mapping[tuple[str, str], intervals.Intervals], hub: Mapping[tuple[str, str], int], result: Account
) -> int:
    missing = 0
    for (generation, partition), last in sorted(hub.items()):
        numbers = held.get((generation, partition), [])
        count = last + 1 - sum(min(end, last) - start + 1 for start, end in numbers if start <= last)
        if count:
            missing += count
            result.lost_events.append(f"{generation}/{partition}: {count} of {last + 1} are not archived")
    return missing
