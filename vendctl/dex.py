"""Audits for people and programs: what one says, what two say of the time between, what the ledger lacks."""

import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from devstack.commandline import NotDone
from vending.uploads.dex.audit import Audit, Meter, Money, Tolerance
from vending.uploads.dex.counters import Change
from vending.uploads.dex.delta import Delta, delta
from vending.uploads.dex.identities import identities
from vending.uploads.dex.lines import MOST_BYTES
from vending.uploads.dex.parse import parse_all
from vending.uploads.dex.reconcile import Difference, Ledger, Reconciliation, read_ledger

LINES = 5
"""Lines of one kind of tolerance that are listed; the JSON has all of them."""


def read(file: Path) -> tuple[Audit, ...]:
    """The audits of a file. Raises OSError, and NotDone where there is none."""
    with file.open("rb") as opened:
        audits = parse_all(opened.read(MOST_BYTES + 1))
    if not any(audit.understood for audit in audits):
        raise NotDone(f"{file} is no EVA-DTS audit: none of its lines is a segment of one")
    return audits


def one(file: Path) -> Audit:
    """The audit of a file that has one. Raises OSError and NotDone."""
    audits = read(file)
    if len(audits) > 1:
        raise NotDone(f"{file} holds {len(audits)} audits; compare files of one")
    return audits[0]


def counts(file: Path) -> Ledger:
    """What the ledger holds, from a file. Raises OSError and NotDone."""
    try:
        return read_ledger(file.read_bytes())
    except ValueError as fault:
        raise NotDone(f"{file}: {fault}") from fault


def figures(audit: Audit) -> dict[str, Any]:
    """The audit as JSON, and what agrees in it."""
    agree = [
        {"name": x.name, "said": x.said, "reckoned": x.reckoned, "difference": x.difference, "unit": x.unit}
        for x in identities(audit)
    ]
    return {**msgspec.to_builtins(audit), "identities": agree}


@dataclass(frozen=True)
class Compared:
    """Two audits and the time between them."""

    machine: str
    money: Money
    delta: Delta

    def figures(self, beside: Reconciliation | None = None) -> dict[str, Any]:
        """The interval as JSON, and the ledger beside it."""
        found: dict[str, Any] = msgspec.to_builtins(self.delta)
        return found if beside is None else found | {"reconciliation": msgspec.to_builtins(beside)}


def compared(before: Audit, after: Audit) -> Compared:
    """The interval between them."""
    return Compared(_name(after), after.money, delta(before, after))


def explain(audit: Audit) -> str:
    """One audit for people."""
    totals = {"paid": audit.vends.paid, "test": audit.vends.test, "free": audit.vends.free} | audit.payments
    sold = {f"{x.selection} {x.name}".rstrip(): x.paid for x in audit.selections.values()}
    agree = [
        (
            x.name,
            *(f"{n:,}" if x.unit == "vends" else _amount(n, audit.money) for n in (x.said, x.difference)),
        )
        for x in identities(audit)
    ]
    parts = [
        _head(audit),
        _meters("meter", totals, audit.money),
        _meters("selection", sold, audit.money),
        _table(("should agree", "says", "difference"), agree),
        _table(("tolerated", "times", "lines", "such as"), _grouped(audit.tolerances)),
    ]
    if unread := sorted({segment.name for segment in audit.unread}):
        parts.append(f"not read: {len(audit.unread)} segments or ends of segments, {' '.join(unread)}")
    return "\n\n".join(filter(None, parts))


def _head(audit: Audit) -> str:
    number = "" if audit.reading.number is None else f", read {audit.reading.number:,} of the machine"
    checked = {"right": f"right ({audit.checksum.bounds})", "wrong": "WRONG", "absent": "absent"}
    money = f"money in {audit.money.currency or 'no named currency'}, {audit.money.decimals} decimals"
    return (
        f"{_name(audit)}, at {audit.read_at or 'no known time'} by its own clock{number}\n"
        f"{money}; checksum {checked[audit.checksum.verdict]}"
    )


def explain_interval(found: Compared) -> str:
    """What was sold between two audits, for people."""
    interval = found.delta
    head = f"{found.machine}, {interval.since or 'no known time'} → {interval.until or 'no known time'}"
    if not interval.checked:
        head += "\nthe checksums are not both right: a damaged digit may be counted as sales"
    if interval.baseline:
        return f"{head}\nno interval: {interval.baseline.reason}, {interval.baseline.detail}"
    totals = {"paid": interval.paid, "test": interval.test, "free": interval.free} | interval.payments
    sold = {name: sold.paid for name, sold in interval.selections.items() if sold.paid.count or sold.paid.why}
    return f"{head}\n\n" + "\n\n".join(
        _table((what, "vends", "money", ""), [_change(name, one, found.money) for name, one in rows.items()])
        for what, rows in (("meter", totals), ("selection", sold))
        if rows
    )


def explain_reconciled(found: Compared, beside: Reconciliation) -> str:
    """The machine beside the ledger, for people: what differs, and the sums."""
    rows = [("all", beside.vends)]
    rows += [(f"selection {name}", one) for name, one in beside.selections.items() if not one.agrees]
    rows += list(beside.payments.items())
    text = _table(
        ("", "vends", "ledger", "missed", "money", "ledger", "variance"),
        [_difference(name, one, found.money) for name, one in rows],
    )
    if beside.unknown:
        text += f"\nthe machine has no selection {', '.join(beside.unknown)}"
    if beside.uncounted is not None:
        text += f"\ncollected less what went into box and bills: {_amount(beside.uncounted, found.money)}"
    return text


def _name(audit: Audit) -> str:
    machine = audit.machine
    named = machine.serial or machine.asset or audit.communication or "a machine without a name"
    return f"{named} ({machine.model})" if machine.model else named


def _meters(what: str, meters: Mapping[str, Meter], money: Money) -> str:
    rows = [
        (name, *(_pair(x.count, x.value, money)), *_pair(y.count, y.value, money))
        for name, meter in meters.items()
        for x, y in [(meter.cumulative, meter.interval)]
        if meter != Meter()
    ]
    return _table((what, "vends ever", "money ever", "since reset", "money"), rows)


def _pair(count: int | None, value: int | None, money: Money) -> tuple[str, str]:
    return "–" if count is None else f"{count:,}", _amount(value, money)


def _change(name: str, found: Change, money: Money) -> tuple[str, ...]:
    return (name, *_pair(found.count, found.value, money), found.why)


def _difference(name: str, found: Difference, money: Money) -> tuple[str, ...]:
    count, value = _pair(found.machine.count, found.machine.value, money)
    missed = "–" if found.missed is None else f"{found.missed:,}"
    ledger = found.ledger
    return (
        name, count, f"{ledger.count:,}", missed, value, _amount(ledger.value, money),
        _amount(found.variance, money),
    )  # fmt: skip


def _amount(units: int | None, money: Money) -> str:
    """Units as people write them; a dash for none."""
    if units is None:
        return "–"
    whole, rest = divmod(abs(units), 10**money.decimals)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole:,}.{rest:0{money.decimals}d}" if money.decimals else f"{sign}{whole:,}"


def _grouped(tolerances: Iterable[Tolerance]) -> list[tuple[str, str, str, str]]:
    """Kind by kind: how often, the first lines, the first detail."""
    rows = []
    for kind, group in groupby(sorted(tolerances, key=lambda x: (x.kind, x.line)), lambda x: x.kind):
        found = list(group)
        lines = ", ".join(str(x.line) for x in found[:LINES]) + (", …" if len(found) > LINES else "")
        rows.append((kind, f"{len(found):,}", lines, found[0].detail))
    return rows


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows in columns, all but the first and last of them to the right; "" without rows."""
    if not rows:
        return ""
    table = Table(box=None, pad_edge=False)
    for at, head in enumerate(heads):
        numeric = all(row[at] == "–" or row[at][:1].isdigit() or row[at][:1] == "-" for row in rows)
        table.add_column(head, justify="right" if at and numeric else "left")
    for row in rows:
        table.add_row(*row)
    text = io.StringIO()
    # What an audit says is no markup of ours.
    width = max(100, shutil.get_terminal_size().columns)
    Console(highlight=False, markup=False, emoji=False, file=text, width=width).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
