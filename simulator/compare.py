"""Truth against what an application stored: pure, and the same for every kind of store.

The stored forms are Vendstream's: ledger pages ``{machineId, deviceId, epoch, lines: [{ledger, kind, …}]}``,
stock documents ``{machineId, slots, totals, applied, closed}``, conditions ``{machines: {id: {register:
[epoch, sequence, milliseconds, …]}}}`` (machines as base64 of zlib of JSON), dead letters ``{reason,
generation, partition, sequence, key}``.
"""

import base64
import json
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from simulator.credentials import of_fleet
from simulator.truth import add

Document = dict[str, Any]
REFUSED_MACHINES = ("too-many-machines", "unbound-device")
"""Why an event of a machine that nobody knows is refused."""
HINTS = {"amqp-body": " (their partitions stand until they are cleared: vendctl partitions)"}
"""What may be behind too few dead letters of a reason."""
LINES = {"failure": "failures", "restock": "restocks", "collection": "collections"}


def unpacked(machines: str | Document) -> Document:
    """The machines of a conditions document."""
    if not isinstance(machines, str):
        return machines
    found: Document = json.loads(zlib.decompress(base64.b64decode(machines)))
    return found


@dataclass
class Book:
    """What the ledger pages of one machine say."""

    lines: Counter[str] = field(default_factory=Counter)
    units: int = 0
    revenue: Counter[str] = field(default_factory=Counter)
    ledger: dict[str, list[list[int]]] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    """Ledger numbers that stand in more than one line."""

    def read(self, page: Document) -> None:
        """Take a page in."""
        name = f"{page['deviceId']}/{page['epoch']}"
        held = self.ledger.setdefault(name, [])
        for line in page["lines"]:
            if not add(held, line["ledger"]):
                self.doubled.append(f"{name}#{line['ledger']}")
            payment = line.get("payment", "")
            kind = payment if payment in ("free", "test") else LINES.get(line["kind"], "vends")
            self.lines[kind] += 1
            if line["kind"] == "vend" and payment != "test":
                self.units += line["quantity"]
                self.revenue[line["currency"]] += line["paidMinor"]


class Stored:
    """Everything that an application stored of machines and devices whose ids begin with ``prefix``."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.books: dict[str, Book] = {}
        self.stocks: dict[str, Document] = {}
        self.conditions: dict[str, dict[str, list[Any]]] = {}
        self.dead: dict[tuple[str, str, int], str] = {}

    def machine(self, document: Document) -> None:
        """A stock document or a ledger page."""
        if not document["machineId"].startswith(self.prefix):
            return
        if document["type"] == "stock":
            self.stocks[document["machineId"]] = document
        elif document["type"] == "page":
            self.books.setdefault(document["machineId"], Book()).read(document)

    def condition(self, document: Document) -> None:
        """A conditions document; a machine in two of them is the newest of each register."""
        if document["type"] != "conditions":
            return  # what ingest counts beside them
        for machine, entry in unpacked(document["machines"]).items():
            if not machine.startswith(self.prefix):
                continue
            held = self.conditions.setdefault(machine, {})
            for name, register in entry.items():
                if name not in held or held[name][:2] < register[:2]:
                    held[name] = register

    def dead_letter(self, letter: Document) -> None:
        """A dead letter; the same event in two blobs is one."""
        if not of_fleet(str(letter.get("key") or ""), self.prefix):
            return
        place = (str(letter["generation"]), str(letter["partition"]), int(letter["sequence"]))
        self.dead[place] = letter["reason"]


def differences(truth: Document, stored: Stored) -> list[str]:
    """Every difference, in words: ``machine: what: truth …, stored …``. None means that all is right."""
    found: list[str] = []
    for machine, own in truth["machines"].items():
        book = stored.books.get(machine, Book())
        found += _ledger(machine, own, book)
        found += _stock(machine, own, stored.stocks.get(machine))
        found += _conditions(machine, own, stored.conditions.get(machine, {}))
    invented = {name for own in truth["machines"].values() for name in own.get("invented", ())}
    known = truth["machines"].keys() | invented
    strangers = (stored.books.keys() | stored.stocks.keys() | stored.conditions.keys()) - known
    found += [f"{machine}: stored, but the truth does not know it" for machine in sorted(strangers)]
    poison: Counter[str] = Counter()
    for own in truth["machines"].values():
        poison += Counter(own["poison"])
    dead = Counter(stored.dead.values())
    found += _invented(invented, stored, sum(dead.pop(reason, 0) for reason in REFUSED_MACHINES))
    found += _dead(poison, dead, Counter(truth.get("doubtful", {})))
    return found


def _invented(named: set[str], stored: Stored, refused: int) -> Iterable[str]:
    """Of machines that do not exist each is there or refused, and most are refused."""
    there = len(named & (stored.stocks.keys() | stored.conditions.keys()))
    if there + refused < len(named):
        yield f"invented machines: {len(named)} named, {there} stored, {refused} events refused"
    if 2 * there > len(named):
        yield f"invented machines: {there} of {len(named)} were believed"


def _dead(poison: Counter[str], dead: Counter[str], doubtful: Counter[str]) -> Iterable[str]:
    """Dead letters by reason; what was sent again in doubt may be there more than once."""
    for reason in sorted(poison | dead):
        most = poison[reason] + doubtful[reason]
        if not poison[reason] <= dead[reason] <= most:
            said = f"{poison[reason]} to {most}" if most > poison[reason] else f"{most}"
            cleared = HINTS.get(reason, "") if dead[reason] < poison[reason] else ""
            yield f"dead letters {reason}: truth {said}, stored {dead[reason]}{cleared}"


def on_hand(slot: list[Any]) -> int | None:
    """Units of a stored slot ``[base, capacity, kept, …]``; a kept list is ``[epoch, first, step, …]``."""
    base, _, kept = slot[:3]
    return None if base is None else max(0, base[2] - sum(len(units) - 1 for units in kept))


def _ledger(machine: str, own: Document, book: Book) -> Iterable[str]:
    yield from _told(f"{machine}: lines", own["lines"], dict(book.lines))
    yield from _told(f"{machine}: units", own["units"], book.units)
    yield from _told(f"{machine}: revenue", own["revenue"], dict(book.revenue))
    yield from _told(f"{machine}: ledger numbers", own["ledger"], book.ledger)
    for number in book.doubled:
        yield f"{machine}: {number} is in the ledger twice"


def _stock(machine: str, own: Document, stock: Document | None) -> Iterable[str]:
    # Of a slot that says no more than that it failed, the truth knows nothing.
    slots = {name: slot for name, slot in stock["slots"].items() if any(slot[:3])} if stock else {}
    yield from _told(f"{machine}: on hand", own["stock"], {name: on_hand(x) for name, x in slots.items()})
    totals = dict(stock["totals"]) if stock else {}
    yield from _told(f"{machine}: stock's revenue", own["revenue"], totals.pop("revenue", {}))
    yield from _told(f"{machine}: stock's units", own["units"], totals.pop("units", 0))
    yield from _told(f"{machine}: stock's totals", own["lines"], totals)
    applied = stock["applied"] if stock else {}
    yield from _told(f"{machine}: stock's numbers", _kept(own["ledger"], stock or {}, applied), applied)


def _kept(ledger: Document, stock: Document, applied: Document) -> Document:
    """The numbers of the truth, without what the application says that it gave up."""
    closed = stock.get("closed", {})
    below, retired = closed.get("below", {}), closed.get("epochs", 0)
    kept = {name: _covered(held, below.get(name, 0)) for name, held in ledger.items()}
    gone = [name for name in kept if name not in applied]
    return {name: held for name, held in kept.items() if name in applied or len(gone) != retired}


def _covered(held: list[list[int]], below: int) -> list[list[int]]:
    """The numbers with all those at or below one at which the application gave up what was missing."""
    above = [[max(first, below + 1), last] for first, last in held if last > below]
    if not below:
        return held
    end = above.pop(0)[1] if above and above[0][0] == below + 1 else below
    return [[1, end], *above]


def _conditions(machine: str, own: Document, held: dict[str, list[Any]]) -> Iterable[str]:
    registers = {name: held[name] for name in own["conditions"] if name in held}
    values = {name: [*register[:2], *register[3:]] for name, register in registers.items()}
    yield from _told(f"{machine}: condition", own["conditions"], values)


def _told(what: str, truth: Any, stored: Any) -> Iterable[str]:
    """One line for a difference; for mappings one line per key, and zero is as good as nothing."""
    if not isinstance(truth, dict):
        if truth != stored:
            yield f"{what}: truth {truth}, stored {stored}"
        return
    for name in sorted(truth.keys() | stored.keys()):
        one, other = truth.get(name, _absent), stored.get(name, _absent)
        if (one or None) != (other or None) and one != other:
            yield f"{what} {name}: truth {one}, stored {other}"


class _Absent:
    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "nothing"


_absent = _Absent()
