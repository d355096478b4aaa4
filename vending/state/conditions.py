"""Conditions: how machines are, as registers in which the newest (epoch, sequence) wins.

A document holds them for up to 2,000 machines. Duplicates and late readings change nothing, so nothing has
to be remembered; durations come from two registers (time above the cut-off = newest reading - newest good
one).

A write is charged by the document's size, and a batch tells of few machines. So it goes into the
partition's **young** document, which holds only registers that are newer than those in the shards, and is
folded into them when that costs less than to go on. Where a machine stands in several documents, the newest
of each register holds.

A fault's register is ``fault:{component}:{code}``, with ``~``, which no event's words may hold, for each
``:`` of the two. Schema 1 left the ``:``, so that two faults could share one register: such a one is read as
it was until an event of either fault supersedes it.
"""

from collections.abc import Iterable, Sequence

import msgspec

from vending.documents.conditions import YOUNG, Conditions, Entry, Register
from vending.errors import Rejected
from vending.events.event import Event
from vending.events.event_types import REGISTERS
from vending.events.faults import ESCAPE

MACHINES_PER_DOCUMENT = 2_000
FULL_BYTES = 1_000_000
"""A document whose entries grew beyond takes no more: its machines go on in the next one. Twice as much is
the most that Cosmos DB takes."""
SMALL_BYTES = 4_000
"""What a young document may always hold: packed it takes a kilobyte or two, the least that is charged."""
FAMILIES = {register.name: register.kept for register in REGISTERS.values() if register.kept is not None}
"""How many registers of a family a machine keeps: the newest by (order, name). A number and not bytes:
registers only ever get newer, so one that has so many above it once has them in any order of arrival, whereas
by bytes an older short name may fit where a newer long one did not. At most 13 KB of a machine's (a fault's
register is 190 bytes with the longest names, a zone's 124)."""


def empty(partition: str, shard: int) -> Conditions:
    """A document without machines."""
    return Conditions(id=f"{partition}:{shard}", partition=partition, shard=shard)


def young(partition: str) -> Conditions:
    """A young document without machines."""
    return Conditions(id=young_id(partition), partition=partition, shard=-1, writes=0)


def young_id(partition: str) -> str:
    """The id of a partition's young document."""
    return f"{partition}:{YOUNG}"


def grown(document: Conditions, shards: Sequence[Conditions]) -> bool:
    """Whether it is time to fold the young document.

    It grows by about the same b bytes with each of n writes, which cost b·n²/2 together; a fold costs the
    bytes of the shards, B. Per write that is least where b·n² = 2·B. Where there is no shard yet,
    each batch would look for it.
    """
    rest = sum(shard.bytes for shard in shards)
    least = SMALL_BYTES if shards else 0
    return document.bytes > least and document.bytes * (document.writes or 0) > 2 * rest


def joined(older: Entry, newer: Entry) -> Entry:
    """One entry of two: the newest of each register, within the families' bounds. Neither is changed."""
    if not (older and newer):
        return older or newer
    both = older | {
        name: register
        for name, register in newer.items()
        if name not in older or older[name][:2] < register[:2]
    }
    if both.keys() == older.keys() and not any(ESCAPE in name for name in newer):
        return both
    return _bounded(both)


def newer_than(older: Entry, entry: Entry) -> Entry:
    """The registers of the entry that are not in the older one: joined they are the entry again."""
    return {name: register for name, register in entry.items() if older.get(name) != register}


def merge(entry: Entry, event: Event) -> Entry:
    """The entry with one event in it; the same object when it told nothing new.

    Raises :class:`Rejected` (conflict) when one event id came with two contents.
    """
    said = {"seen": [event.envelope.clocksync]} | event.data.registers(event.name)
    order = list(event.order)
    news: Entry = {}
    for name, value in said.items():
        register = [*order, event.at.ms, *value]
        held = _held(entry, name) if ESCAPE in name else entry.get(name)
        if held is None or held[:2] < order:
            news[name] = register
        elif held[:2] == order and held[3:] != value:
            raise Rejected(
                "conflict", f"event {event.envelope.id} was stored with {held[3:]}, now says {value}"
            )
    if not news:
        return entry
    if news.keys() <= entry.keys() and not any(ESCAPE in name for name in news):
        return entry | news
    return _bounded(entry | news)


def covers(entry: Entry, event: Event) -> bool:
    """Whether every register that the event speaks of holds it or something newer.

    A register that its family had no room for is covered by the newer ones that fill it.
    """
    order = list(event.order)
    for name in {"seen": []} | event.data.registers(event.name):
        held = _held(entry, name)
        if held is None:
            family = _family(name)
            newer = [place for place in _places(entry).get(family, ()) if place > (order, name)]
            if family not in FAMILIES or len(newer) < FAMILIES[family]:
                return False
        elif held[:2] < order:
            return False
    return True


def put_entry(document: Conditions, machine: str, entry: Entry) -> None:
    """Put a machine's entry in, in place, and count its bytes."""
    before = document.machines.get(machine)
    document.bytes += _bytes(machine, entry) - (_bytes(machine, before) if before is not None else 0)
    document.machines[machine] = entry


def remove(document: Conditions, machine: str) -> None:
    """Take a machine's entry out, in place."""
    entry = document.machines.pop(machine, None)
    if entry is not None:
        document.bytes -= _bytes(machine, entry)


def full(document: Conditions) -> bool:
    """Whether the document takes no further machine, nor more of those it has."""
    return len(document.machines) >= MACHINES_PER_DOCUMENT or overgrown(document)


def overgrown(document: Conditions) -> bool:
    """Whether the document is so large that even its own machines go on elsewhere."""
    return document.bytes > FULL_BYTES


def merged(documents: Iterable[Conditions]) -> dict[str, Entry]:
    """The whole fleet: a machine that stands in two documents is the newest of each register, as if all had
    come to one of them. Not copied: nobody may change what stands in it."""
    fleet: dict[str, Entry] = {}
    for document in documents:
        for machine, entry in document.machines.items():
            held = fleet.get(machine)
            fleet[machine] = entry if held is None else joined(held, entry)
    return fleet


def _bytes(machine: str, entry: Entry) -> int:
    return len(machine) + len(msgspec.json.encode(entry)) + 4


def of_before(name: str) -> str:
    """The name that schema 1 had for a register: the same, but where it could be another one's too."""
    return name.replace(ESCAPE, ":")


def _held(entry: Entry, name: str) -> Register | None:
    """The register, or the one of schema 1 where that is newer."""
    held = entry.get(name)
    if ESCAPE not in name:
        return held
    old = entry.get(of_before(name))
    return old if held is None or (old is not None and held[:2] < old[:2]) else held


def _bounded(entry: Entry) -> Entry:
    """The entry in order, without registers that are superseded, or too many."""
    superseded = {
        old
        for name, register in entry.items()
        if ESCAPE in name and (old := of_before(name)) in entry and entry[old][:2] <= register[:2]
    }
    kept = {name: register for name, register in entry.items() if name not in superseded}
    oldest = {
        name for family, places in _places(kept).items() for _, name in sorted(places)[: -FAMILIES[family]]
    }
    return {name: kept[name] for name in sorted(kept) if name not in oldest}


def _places(entry: Entry) -> dict[str, list[tuple[list[int], str]]]:
    """Bounded family → where its registers stand among each other: by order, then by name."""
    found: dict[str, list[tuple[list[int], str]]] = {}
    for name, register in entry.items():
        if (family := _family(name)) in FAMILIES:
            found.setdefault(family, []).append((register[:2], name))
    return found


def _family(name: str) -> str:
    return name.partition(":")[0]
