"""Live state beside rebuilt state: stock, ledger lines, machine days, conditions, visits and summaries must
be equal.

Left out is what says how events were delivered and not what they said: ``rev``, ``delivered``, the cut of
ledger pages, times of computation. Where only an estimated time of an event is known, its time may differ;
days and summaries with such lines are compared as sums over all days. A breakdown that does not name all it
sums is compared in sum.

A day that is still open has its figures of sites and routes in buckets, and none of areas and regions: these
are compared where the day is closed in both, and not at all where times are estimated besides. Of the whole
fleet a day is compared in sum.

While devices send, the live state is ahead of the archive that was read, and its rollups are behind its
ledger. So it is looked at several times, after what the archive got meanwhile: :func:`standing`.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple

from msgspec import structs

from vendctl.operations.honest_machine import visit_records
from vendctl.operations.rebuild import Inexact
from vending.documents.base import Body, load
from vending.documents.conditions import Entry
from vending.documents.days import BucketDay, Figures, FleetDay, Summary
from vending.documents.pages import LedgerPage, Line
from vending.documents.stock import MachineStock
from vending.documents.visits import Told, VisitRecord
from vending.ingest.stored_conditions import of_fleet
from vending.ports import Documents, beginning
from vending.rollups import tree
from vending.rollups.breakdowns import alike
from vending.rollups.current_days import summaries
from vending.state import stock, till

NAMED, TEXTS = 50, 10_000
"""Differences that are named, and those that are kept in words; all are counted."""
DELIVERY = ("rev", "delivered", "gaps", "exclusions", "since")
"""What a stock says of how its events came, and when it was mended."""
INEXACT = ("uptime", "estimated")
HASHED = ("area", "region")
"""Levels of the tree that are there for even documents."""
WHOLE = (tree.FLEET, tree.PRODUCTS)
Days = dict[tuple[str, str, str], Figures]
"""Figures by (machine or scope, day, child of the scope or nothing)."""


@dataclass(frozen=True)
class State:
    """The stores that are compared; ``machines`` with their days as they count now."""

    machines: Documents
    conditions: Documents
    fleet: Documents


class Apart(NamedTuple):
    """A difference: what the live state holds, as a number that tells contents apart, and both in words."""

    live: int
    text: str


@dataclass
class Comparison:
    """What was compared, and what differs."""

    machines: int = 0
    lines: int = 0
    days: int = 0
    summaries: int = 0
    moving: int = 0
    """Things that differ, but not in the same way twice: the live system changed them meanwhile."""
    excepted: int = 0
    """Differences that come from estimated times."""
    bounded: int = 0
    """Breakdowns that name other products because of their bound; their sums agree."""
    apart: dict[str, Apart] = field(default_factory=dict)
    """What differs."""

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.apart

    @property
    def settled(self) -> bool:
        """Whether everything was compared, and nothing differs."""
        return self.equal and not self.moving

    @property
    def differences(self) -> int:
        """How many things differ."""
        return len(self.apart)

    @property
    def named(self) -> list[str]:
        """The first of the differences, in words."""
        return [f"{what}: {self.apart[what].text}" for what in islice(self.apart, NAMED)]

    def differ(self, what: str, live: object, rebuilt: object) -> None:
        """Note a difference."""
        text = f"live {_short(live)}, rebuilt {_short(rebuilt)}" if len(self.apart) < TEXTS else "…"
        self.apart[what] = Apart(hash(repr(live)), text)

    def figures(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "equal": self.equal,
            "machines": self.machines,
            "lines": self.lines,
            "days": self.days,
            "summaries": self.summaries,
            "differences": self.differences,
            "moving": self.moving,
            "excepted": self.excepted,
            "bounded": self.bounded,
            "named": self.named,
        }


def standing(looks: Sequence[Comparison]) -> Comparison:
    """What several looks, at least one, found in all: what differed at each of them, and stood still.

    A thing that was equal at one look is right. One whose live content was another one each time is neither
    right nor wrong: it is counted as ``moving``.
    """
    last = looks[-1]
    always = {what: one for what, one in last.apart.items() if all(what in look.apart for look in looks)}
    still = {
        what: one for what, one in always.items() if all(look.apart[what].live == one.live for look in looks)
    }
    return replace(last, apart=still, moving=len(always) - len(still))


async def compare(
    live: State,
    rebuilt: State,
    inexact: Inexact,
    machine: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare; with ``machine`` only that one, and no summaries."""
    found = Comparison()
    estimated: set[str] = set()
    fleets = [await _fleet(state, machine) for state in (live, rebuilt)]
    stocks = [await _with_stock(state, machine) for state in (live, rebuilt)]
    names = sorted({*fleets[0], *fleets[1], *stocks[0], *stocks[1]})
    for number, name in enumerate(names, 1):
        found.machines += 1
        _registers(name, fleets[0].get(name, {}), fleets[1].get(name, {}), inexact, found)
        await _visits(name, live.machines, rebuilt.machines, inexact, found)
        if name in stocks[0] or name in stocks[1]:
            if await _machine(name, live.machines, rebuilt.machines, inexact, found):
                estimated.add(name)
            await _days(name, live.machines, rebuilt.machines, name in estimated, found)
        if progress is not None:
            progress(number, len(names))
    if machine is None:
        await _summaries(live.fleet, rebuilt.fleet, bool(estimated), found)
    return found


async def _fleet(state: State, machine: str | None) -> dict[str, Entry]:
    fleet = await of_fleet(state.conditions)
    return fleet if machine is None else {name: entry for name, entry in fleet.items() if name == machine}


async def _with_stock(state: State, machine: str | None) -> set[str]:
    found = state.machines.select(machine, ("id", "=", "stock"), fields=("machineId",))
    return {stored.body["machineId"] async for stored in found}


def _registers(name: str, live: Entry, rebuilt: Entry, inexact: Inexact, found: Comparison) -> None:
    for register in sorted({*live, *rebuilt}):
        left, right = live.get(register), rebuilt.get(register)
        if left == right:
            continue
        untimed = [value[:2] + value[3:] for value in (left, right) if value]
        if len(untimed) == 2 and untimed[0] == untimed[1] and (name, *untimed[0][:2]) in inexact:
            found.excepted += 1
        else:
            found.differ(f"{name} {register}", left, right)


async def _visits(
    name: str, live: Documents, rebuilt: Documents, inexact: Inexact, found: Comparison
) -> None:
    held = [await _told(name, store) for store in (live, rebuilt)]
    for which in sorted({*held[0], *held[1]}):
        left, right = held[0].get(which), held[1].get(which)
        if left == right:
            continue
        untimed = [structs.replace(one, at=0) for one in (left, right) if one]
        if (
            len(untimed) == 2
            and untimed[0] == untimed[1]
            and (name, untimed[0].epoch, untimed[0].sequence) in inexact
        ):
            found.excepted += 1
        else:
            found.differ(f"{name} {' '.join(which)}", left, right)


async def _told(machine: str, store: Documents) -> dict[tuple[str, str], Told]:
    """What was told of visits, by record and kind."""
    records = [load(body, VisitRecord) for body in (await visit_records(machine, store)).values()]
    began = {(one.id, "started"): one.started for one in records if one.started}
    return began | {(one.id, "ended"): one.ended for one in records if one.ended}


async def _machine(
    name: str, live: Documents, rebuilt: Documents, inexact: Inexact, found: Comparison
) -> bool:
    """Compare stock and ledger; whether the ledger has estimated times in it."""
    left, right = await live.read(name, "stock"), await rebuilt.read(name, "stock")
    stocks = [load(one.body, MachineStock) if one else None for one in (left, right)]
    whole = not any(one and one.since for one in stocks)
    held = [_comparable(one, name, inexact, whole=whole) if one else {} for one in stocks]
    for part in sorted({*held[0], *held[1]}):
        if held[0].get(part) != held[1].get(part):
            found.differ(f"{name} stock {part}", held[0].get(part), held[1].get(part))
    lines = [await _lines(store, name, found) for store in (live, rebuilt)]
    numbers = sorted({*lines[0], *lines[1]})
    found.lines += len(numbers)
    for number in numbers:
        before, after = lines[0].get(number), lines[1].get(number)
        if before == after:
            continue
        if before and after and _untimed(before) == _untimed(after) and after["quality"] in INEXACT:
            found.excepted += 1
        else:
            found.differ(f"{name} ledger line {number}", before, after)
    return any(line["quality"] in INEXACT for line in lines[1].values())


def _comparable(held: MachineStock, machine: str, inexact: Inexact, *, whole: bool) -> Body:
    """The stock without its delivery, and without times that were estimated; nothing of an empty one.

    Unless ``whole``, one of the two was counted in part by a version that knew no failed vends and no till.
    """
    if not stock.known(held):
        return {}
    last = {
        kind: [epoch, sequence, *([] if (machine, epoch, sequence) in inexact else [ms])]
        for kind, (epoch, sequence, ms) in held.last.items()
    }
    slots = held.slots if whole else {name: slot[:3] for name, slot in held.slots.items() if any(slot[:3])}
    told: Body = {"last": last, "slots": slots, "till": _untimed_till(held) if whole else None}
    return {name: value for name, value in held.dump().items() if name not in DELIVERY} | told


def _untimed_till(held: MachineStock) -> Body:
    """What the till says, without the times, which the ledger's lines have as well."""
    owed = [entry[:2] + entry[3:] for entry in till.owed(held.till)]
    return {**(held.till or {}), "owed": owed}


async def _lines(store: Documents, machine: str, found: Comparison) -> dict[tuple[str, int, int], Line]:
    lines: dict[tuple[str, int, int], Line] = {}
    async for stored in store.select(machine, *beginning("page:")):
        page = load(stored.body, LedgerPage)
        for line in page.lines:
            number = (page.device_id, page.epoch, line["ledger"])
            if number in lines:
                found.differ(f"{machine} ledger line {number} stands twice", lines[number], line)
            lines[number] = line
    return lines


def _untimed(line: Line) -> dict[str, object]:
    return {name: value for name, value in line.items() if name not in ("at", "quality")}


async def _days(
    machine: str, live: Documents, rebuilt: Documents, estimated: bool, found: Comparison
) -> None:
    days: list[Days] = [
        {
            (machine, one.body["id"], ""): one.body["figures"]
            async for one in store.select(machine, *beginning("day:"))
            if one.body["figures"]
        }
        for store in (live, rebuilt)
    ]
    found.days += len({*days[0], *days[1]})
    _figures(days[0], days[1], estimated, found)


async def _summaries(live: Documents, rebuilt: Documents, estimated: bool, found: Comparison) -> None:
    still_open = [await _open_days(fleet) for fleet in (live, rebuilt)]
    either = still_open[0] | still_open[1]
    left, right = [
        {key: figures async for key, figures in _children(fleet, here, either)}
        for fleet, here in zip((live, rebuilt), still_open, strict=True)
    ]
    if estimated and either:  # a sale may be on a day that is closed here, and open there
        left, right = [
            {key: figures for key, figures in one.items() if key[0].partition(":")[0] not in HASHED}
            for one in (left, right)
        ]
    found.summaries = len({*left, *right})
    _figures(left, right, estimated, found)


def _figures(live: Days, rebuilt: Days, estimated: bool, found: Comparison) -> None:
    """Day by day, or where times are estimated in sum over the days: those may fall on other days."""
    apart = _apart(live, rebuilt, found)
    if estimated:
        found.excepted += len(apart)
        live, rebuilt = _over_days(live), _over_days(rebuilt)
        apart = _apart(live, rebuilt, found)
    for key in apart:
        found.differ(" ".join(filter(None, key)), live.get(key), rebuilt.get(key))


def _apart(live: Days, rebuilt: Days, found: Comparison) -> list[tuple[str, str, str]]:
    """What differs. Where one of the two gave names of a breakdown up, as a summary does that was larger
    once, or a day that an older version computed, the sums must agree."""
    apart = [key for key in sorted({*live, *rebuilt}) if live.get(key) != rebuilt.get(key)]
    differ = [key for key in apart if not alike(live.get(key, {}), rebuilt.get(key, {}))]
    found.bounded += len(apart) - len(differ)
    return differ


def _over_days(days: Days) -> Days:
    sums: Days = {}
    for (scope, _, child), figures in days.items():
        timeless = {name: value for name, value in figures.items() if name != "hours"}
        tree.add(sums.setdefault((scope, "all days", child), {}), timeless)
    return sums


async def _open_days(fleet: Documents) -> set[str]:
    """The ids of the days whose early figures count."""
    days = fleet.select(tree.FLEET, ("type", "=", FleetDay.type))
    return {stored.body["id"] async for stored in days if load(stored.body, FleetDay).early is not None}


async def _children(
    fleet: Documents, here: Collection[str], either: Collection[str]
) -> AsyncIterator[tuple[tuple[str, str, str], Figures]]:
    """(scope, day, child) → figures, of every summary; of the fleet the sum. What has no figures counts as
    absent. ``here``: the days that are open in this database; ``either``: in one of the two."""
    async for stored in fleet.select(None, *beginning("day:")):
        body, day = stored.body, stored.body["id"]
        level = body["scope"].partition(":")[0]
        if day in (either if level in HASHED else here) and level not in WHOLE:
            told = list(summaries(load(body, BucketDay))) if level == "early" else []
        else:
            told = [load(body, Summary)] if level != "early" else []
        for one in told:
            whole: dict[str, list[Any]] = {"": [0, tree.total(one)]}
            for child, (_, figures) in (whole if level in WHOLE else one.children).items():
                if any(figures.values()):
                    yield (one.scope, day, child), figures


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
