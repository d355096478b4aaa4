"""What a perfect reader of the hub would know: counted from the bodies that the hub acknowledged.

A second, independent reading of the event contract: verification compares an application with it.
"""

import json
from bisect import bisect_right, insort
from collections import Counter
from typing import Any

from simulator.link import Delivery

Order = tuple[int, int]
FAMILIES = {"temp": 8, "fault": 32}
"""How many registers of a kind are kept of a machine: the newest by order, then by name."""
COUNTS = {"vend.failed": "failures", "inventory.restocked": "restocks", "cash.collected": "collections"}


class MachineTruth:
    """One machine. ``lines`` counts ledger lines by kind; orders are (epoch, sequence)."""

    def __init__(self) -> None:
        self.events = 0
        self.duplicates = 0
        self.poison: Counter[str] = Counter()
        self.lines: Counter[str] = Counter()
        self.units = 0
        self.revenue: Counter[str] = Counter()
        self.ledger: dict[str, list[list[int]]] = {}
        self.bases: dict[str, list[int]] = {}
        """Selection → [epoch, sequence, level] of the newest statement."""
        self.taken: dict[str, list[list[int]]] = {}
        """Selection → [epoch, sequence, units] of the vends after it."""
        self.conditions: dict[str, list[Any]] = {}
        self.invented: list[str] = []
        """Machines that do not exist and that its device named all the same."""

    def take(self, event: dict[str, Any], *, again: bool) -> None:
        """An acknowledged event; a ledger event counts once, whichever copy came first."""
        name = event["type"].removeprefix("io.vendstream.").removesuffix(".v1")
        order = (event["deviceepoch"], event["sequence"])
        self.events += not again
        self.duplicates += again
        number = event.get("ledgersequence")
        if number is not None:
            device = event["source"].removeprefix("/devices/")
            if not add(self.ledger.setdefault(f"{device}/{event['deviceepoch']}", []), number):
                return
            self._count(name, event["data"])
        self._stock(name, order, event["data"], new=number is not None)
        for register, value in registers(name, event["data"]).items():
            held = self.conditions.get(register)
            if held is None or (held[0], held[1]) < order:
                self.conditions[register] = [*order, *value]

    def on_hand(self) -> dict[str, int | None]:
        """Units per selection; None where no level was ever stated."""
        known = {name: base[2] for name, base in self.bases.items()}
        sold = {name: sum(row[2] for row in rows) for name, rows in self.taken.items()}
        return {
            name: max(0, known[name] - sold.get(name, 0)) if name in known else None
            for name in sorted(known.keys() | sold.keys())
        }

    def holes(self) -> dict[str, list[list[int]]]:
        """Ledger numbers below the greatest one that never came."""
        found = {}
        for book, held in self.ledger.items():
            edges = [0, *(edge for pair in held for edge in pair)]
            gaps = [[edges[x] + 1, edges[x + 1] - 1] for x in range(0, len(edges) - 1, 2)]
            if gaps := [gap for gap in gaps if gap[0] <= gap[1]]:
                found[book] = gaps
        return found

    def _count(self, name: str, data: dict[str, Any]) -> None:
        if name != "vend.completed":
            self.lines[COUNTS[name]] += 1
            return
        payment = data["paymentMethod"]
        self.lines[payment if payment in ("free", "test") else "vends"] += 1
        if payment != "test":
            self.units += data["quantity"]
            self.revenue[data["currency"]] += data["paidMinor"]

    def _stock(self, name: str, order: Order, data: dict[str, Any], *, new: bool) -> None:
        if name == "inventory.level":
            for row in data["selections"]:
                self._state(row["selection"], order, row["level"])
        elif name == "inventory.restocked" and new:
            for row in data["lines"]:
                self._state(row["selection"], order, row["after"])
        elif name == "vend.completed" and new:
            selection = data["selection"]
            if "levelAfter" in data:
                self._state(selection, order, data["levelAfter"])
            base = self.bases.get(selection)
            if base is None or (base[0], base[1]) < order:
                insort(self.taken.setdefault(selection, []), [*order, data["quantity"]])

    def _state(self, selection: str, order: Order, level: int) -> None:
        base = self.bases.get(selection)
        if base is None or (base[0], base[1]) < order:
            self.bases[selection] = [*order, level]
            rows = self.taken.get(selection, [])
            self.taken[selection] = [row for row in rows if (row[0], row[1]) > order]


class Truth:
    """The whole fleet's truth, by machine id."""

    def __init__(self) -> None:
        self.machines: dict[str, MachineTruth] = {}
        self.exact = True
        """False after a run that ended without saving: some of what it sent was never counted."""
        self.doubtful: Counter[str] = Counter()
        """Poison, by reason, that may be in the hub once more than it was acknowledged."""

    def acknowledge(self, machine: str, delivery: Delivery) -> None:
        """The hub has it."""
        own = self.machines.setdefault(machine, MachineTruth())
        if delivery.kind == "poison":
            own.poison[delivery.reason] += 1
            self.doubt(delivery)
        elif delivery.kind == "invented":
            own.invented.append(json.loads(delivery.body)["subject"].removeprefix("machines/"))
        else:
            own.take(json.loads(delivery.body), again=delivery.kind == "duplicate")

    def doubt(self, delivery: Delivery) -> None:
        """The hub may have it more often than it said."""
        if delivery.kind == "poison" and delivery.doubtful:
            self.doubtful[delivery.reason] += delivery.doubtful

    def totals(self) -> dict[str, Any]:
        """The fleet's totals, as a screen shows them."""
        revenue: Counter[str] = Counter()
        totals: Counter[str] = Counter()
        for own in self.machines.values():
            revenue += own.revenue
            totals += Counter(
                vends=own.lines["vends"], units=own.units, deadLetters=own.poison.total(),
                duplicates=own.duplicates, events=own.events,
            )  # fmt: skip
        names = ("vends", "units", "deadLetters", "duplicates", "events")
        return {name: totals[name] for name in names} | {"revenue": dict(sorted(revenue.items()))}


def registers(name: str, data: dict[str, Any]) -> dict[str, list[Any]]:
    """The registers that a reading sets, and their values."""
    match name:
        case "temperature":
            return {f"temp:{data['zone']}": [data["celsius"]]}
        case "door":
            return {"door": [data["open"]]}
        case "power":
            return {"power": [data["state"]]}
        case "fault.raised" | "fault.cleared":
            words = [data[x].replace(":", "~") for x in ("component", "code")]
            return {f"fault:{words[0]}:{words[1]}": [name == "fault.raised"]}
        case "device.boot":
            return {"boot": [data["reason"]], "firmware": [data["firmware"]]}
        case "device.heartbeat":
            signs = [data[x] for x in ("uptimeS", "queueDepth", "rssiDbm") if x in data]
            return {"heartbeat": signs, "firmware": [data["firmware"]]}
        case "visit.started" | "visit.ended":
            return {"visit": [data["visitId"], data["reason"], name == "visit.started"]}
        case "cash.level":
            return {"cash": [[[x["coinMinor"], x["count"], x["full"]] for x in data["tubes"]]]}
        case "health.lockout":
            return {"lockout": [data["zone"], data["celsius"]]}
    return {}


def add(intervals: list[list[int]], number: int) -> bool:
    """Put a number into sorted, disjoint intervals; False when it was there."""
    at = bisect_right(intervals, number, key=lambda pair: pair[0]) - 1
    if at >= 0 and number <= intervals[at][1]:
        return False
    if at >= 0 and intervals[at][1] + 1 == number:
        intervals[at][1] = number
    else:
        at += 1
        intervals.insert(at, [number, number])
    if at + 1 < len(intervals) and intervals[at][1] + 1 == intervals[at + 1][0]:
        intervals[at][1] = intervals.pop(at + 1)[1]
    return True


NOTHING: dict[str, Any] = {"lost": 0, "faults": {}}


def describe(truth: Truth, devices: dict[str, dict[str, Any]], **facts: Any) -> dict[str, Any]:
    """The truth file: totals, and per machine lines, totals, numbering, stock, readings, awkwardness.

    ``devices`` is what :meth:`simulator.timeline.Timeline.devices` tells.
    """
    machines = {
        name: describe_machine(own, devices.get(name, NOTHING))
        for name, own in sorted(truth.machines.items())
    }
    faults: Counter[str] = Counter()
    for told in devices.values():
        faults.update(told["faults"])
    doubtful = dict(sorted(truth.doubtful.items()))
    return {
        "exact": truth.exact,
        "doubtful": doubtful,
        **facts,
        "faults": dict(sorted(faults.items())),
        "totals": truth.totals(),
        "machines": machines,
    }


def describe_machine(own: MachineTruth, device: dict[str, Any]) -> dict[str, Any]:
    """One machine's part of the truth file."""
    return {
        "events": own.events,
        "duplicates": own.duplicates,
        "poison": dict(sorted(own.poison.items())),
        **device,
        "lines": dict(sorted(own.lines.items())),
        "units": own.units,
        "revenue": dict(sorted(own.revenue.items())),
        "ledger": own.ledger,
        "holes": own.holes(),
        "stock": own.on_hand(),
        "conditions": kept(own.conditions),
        **({"invented": own.invented} if own.invented else {}),
    }


def kept(conditions: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The registers without those for which their family has no room."""
    oldest: set[str] = set()
    for family, room in FAMILIES.items():
        own = [name for name in conditions if name.partition(":")[0] == family]
        oldest |= set(sorted(own, key=lambda name: (conditions[name][:2], name))[:-room])
    return {name: value for name, value in conditions.items() if name not in oldest}
