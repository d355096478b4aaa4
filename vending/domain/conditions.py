"""Conditions: how machines are, as registers in which the newest (epoch, sequence) wins.

A document ``{partition}:{shard}`` holds, for up to 2,000 machines, ``machines: {machineId: {register:
[epoch, sequence, milliseconds, ...]}}``. Duplicates and late readings change nothing, so nothing has to
be remembered; durations come from two registers (time above the cut-off = newest reading - newest good
one).
"""

import copy
from typing import Any

import msgspec

from vending.domain import catalogue
from vending.domain.clock import Moment
from vending.domain.events import Event
from vending.errors import Rejected

SCHEMA = 1
MACHINES_PER_DOCUMENT = 2_000
COLD_LIMIT = 5.0
"""Degrees Celsius: the health cut-off of a cold zone."""
FULL_BYTES = 1_000_000
"""A document whose entries grew beyond takes no more: its machines go on in the next one. Twice as much is
the most that Cosmos DB takes."""
FAMILIES = {"temp": 8, "good": 8, "fault": 32}
"""How many registers of a family a machine keeps: the newest by (order, name). A number and not bytes:
registers only ever get newer, so one that has so many above it once has them in any order of arrival, whereas
by bytes an older short name may fit where a newer long one did not. At most 8 KB of a machine's (a fault's
register is 190 bytes with the longest names, a zone's 124)."""

Register = list[Any]
Entry = dict[str, Register]
Document = dict[str, Any]


def empty(partition: str, shard: int) -> Document:
    """A document without machines."""
    return {
        "id": f"{partition}:{shard}",
        "type": "conditions",
        "schema": SCHEMA,
        "partition": partition,
        "shard": shard,
        "rev": 0,
        "bytes": 0,
        "machines": {},
    }


def merge(entry: Entry, event: Event, moment: Moment) -> Entry:
    """The entry with one event in it; the same object when it told nothing new.

    Raises :class:`Rejected` (conflict) when one event id came with two contents.
    """
    said = {"seen": [event.envelope.clocksync]} | _registers(event.data, event.name)
    order = list(event.order)
    news: Entry = {}
    for name, value in said.items():
        register = [*order, moment.ms, *value]
        held = entry.get(name)
        if held is None or held[:2] < order:
            news[name] = register
        elif held[:2] == order and held[3:] != value:
            raise Rejected(
                "conflict", f"event {event.envelope.id} was stored with {held[3:]}, now says {value}"
            )
    if news.keys() <= entry.keys():
        return entry | news if news else entry
    return _bounded(entry | news)


def covers(entry: Entry, event: Event) -> bool:
    """Whether every register that the event speaks of holds it or something newer.

    A register that its family had no room for is covered by the newer ones that fill it.
    """
    order = list(event.order)
    for name in {"seen": []} | _registers(event.data, event.name):
        held = entry.get(name)
        if held is None:
            family = _family(name)
            newer = [place for place in _places(entry, family) if place > (order, name)]
            if family not in FAMILIES or len(newer) < FAMILIES[family]:
                return False
        elif held[:2] < order:
            return False
    return True


def settle(document: Document, machine: str, entry: Entry) -> None:
    """Put a machine's entry in, in place, and count its bytes."""
    before = document["machines"].get(machine)
    document["bytes"] += _bytes(machine, entry) - (_bytes(machine, before) if before is not None else 0)
    document["machines"][machine] = entry


def remove(document: Document, machine: str) -> None:
    """Take a machine's entry out, in place."""
    entry = document["machines"].pop(machine, None)
    if entry is not None:
        document["bytes"] -= _bytes(machine, entry)


def full(document: Document) -> bool:
    """Whether the document takes no further machine, nor more of those it has."""
    return len(document["machines"]) >= MACHINES_PER_DOCUMENT or overgrown(document)


def overgrown(document: Document) -> bool:
    """Whether the document is so large that even its own machines go on elsewhere."""
    return int(document["bytes"]) > FULL_BYTES


def merged(documents: list[Document]) -> dict[str, Entry]:
    """The whole fleet: a machine that stands in two documents is the newest of each register, as if all had
    come to one of them."""
    fleet: dict[str, Entry] = {}
    twice: set[str] = set()
    for document in documents:
        for machine, entry in document["machines"].items():
            held = fleet.setdefault(machine, {})
            if held:
                twice.add(machine)
            for name, register in entry.items():
                if name not in held or held[name][:2] < register[:2]:
                    held[name] = copy.copy(register)
    return fleet | {machine: _bounded(fleet[machine]) for machine in twice}


def _bytes(machine: str, entry: Entry) -> int:
    return len(machine) + len(msgspec.json.encode(entry)) + 4


def _bounded(entry: Entry) -> Entry:
    oldest = {
        name for family, count in FAMILIES.items() for _, name in sorted(_places(entry, family))[:-count]
    }
    return {name: entry[name] for name in sorted(entry) if name not in oldest}


def _places(entry: Entry, family: str) -> list[tuple[list[int], str]]:
    """Where the family's registers stand among each other: by order, then by name."""
    return [(register[:2], name) for name, register in entry.items() if _family(name) == family]


def _family(name: str) -> str:
    return name.partition(":")[0]


def _registers(data: catalogue.Data, name: str) -> dict[str, list[Any]]:
    """Register name → what follows its order and time."""
    match data:
        case catalogue.Temperature():
            registers = {f"temp:{data.zone}": [data.celsius]}
            return registers | ({f"good:{data.zone}": [data.celsius]} if data.celsius <= COLD_LIMIT else {})
        case catalogue.Door():
            return {"door": [data.open]}
        case catalogue.Power():
            return {"power": [data.state]}
        case catalogue.Fault():
            return {f"fault:{data.component}:{data.code}": [name == "fault.raised"]}
        case catalogue.Heartbeat():
            signal = [data.rssi_dbm] if isinstance(data.rssi_dbm, int) else []
            return {"heartbeat": [data.uptime_s, data.queue_depth, *signal], "firmware": [data.firmware]}
        case catalogue.Boot():
            return {"boot": [data.reason], "firmware": [data.firmware]}
        case _:
            return _rare_registers(data, name)


def _rare_registers(data: catalogue.Data, name: str) -> dict[str, list[Any]]:
    match data:
        case catalogue.HealthLockout():
            return {"lockout": [data.zone, data.celsius]}
        case catalogue.CashLevel():
            return {"cash": [[[tube.coin_minor, tube.count, tube.full] for tube in data.tubes]]}
        case catalogue.Visit():
            return {"visit": [data.visit_id, data.reason, name == "visit.started"]}
        case catalogue.AuditDex():
            return {"audit": [data.sha256]}
        case catalogue.CommandResult():
            return {"command": [data.command_id, data.status]}
        case catalogue.Applied():
            return {name: [data.version]}
        case _:
            return {}
