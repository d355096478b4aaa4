"""A span between two audits beside what the machine's devices told of it: missed vends, and money that is not
where it should be."""

from collections.abc import AsyncIterator, Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from vending.catalog.assignments import Assignment
from vending.documents.base import Body, load
from vending.documents.pages import LedgerPage, Line
from vending.documents.stock import MachineStock
from vending.ports import Documents, Filter
from vending.uploads.dex.delta import Delta
from vending.uploads.dex.reconcile import Counted, Ledger, Reconciliation, reconcile

LONGEST = 92 * 24 * 3_600_000
"""Milliseconds of a span whose ledger is read."""
MOST = 120
"""Selections that are told of one by one."""


class Span(NamedTuple):
    """Of a machine, after ``since``, up to ``until`` (ms); ``currency`` is the audits', ``""`` for none."""

    machine: str
    since: int
    until: int
    currency: str


async def reconcile_span(
    found: Delta, span: Span, assignment: Assignment, machines: Documents
) -> Body | None:
    """The reconciliation as it is kept, money in minor units: of the selections those that differ.

    None where there is nothing to compare with: the machine's sales are those of its audits, or no device of
    it ever told of a vend.
    """
    if found.baseline or span.until - span.since > LONGEST:
        return None
    if any(assignment.by_audits(at, at) for at in (span.since, span.until)):
        return None
    stored = await machines.read(span.machine, "stock")
    if stored is None or "vend" not in load(stored.body, MachineStock).last:
        return None
    return kept(reconcile(found, await ledger_of(span, machines)))


async def ledger_of(span: Span, machines: Documents) -> Ledger:
    """What the ledger holds of a span, by the lines that there are now."""
    return counted([line async for line in _lines(span, machines)], span.currency)


def counted(lines: Iterable[Line], currency: str) -> Ledger:
    """Paid vends as units, their money where it is of that currency (``""``: any), and the cash that people
    counted, where they counted all of it. Pure."""
    selections: dict[str, Counted] = {}
    payments: dict[Any, Counted] = {}
    collected: list[int | None] = []
    for line in lines:
        if line["kind"] == "collection":
            collected.append(line.get("countedMinor"))  # type: ignore[arg-type]  # a fact of this kind
        if line["kind"] != "vend" or line["payment"] in ("free", "test"):
            continue
        money = line["paidMinor"] if currency in ("", line["currency"]) else 0
        for part, name in ((selections, line["selection"]), (payments, line["payment"])):
            held = part.get(name, Counted())
            part[name] = Counted(held.count + line["quantity"], held.value + money)
    known = [amount for amount in collected if amount is not None]
    bags = sum(known) if known and len(known) == len(collected) else None
    return Ledger(selections, payments, bags)


def kept(found: Reconciliation) -> Body:
    """As the audit's record keeps it, in bounds."""
    differ = {name: one for name, one in found.selections.items() if not one.agrees}
    ranked = sorted(differ, key=lambda name: (-abs(differ[name].missed or 0), name))[:MOST]
    told = replace(found, selections={name: differ[name] for name in ranked}, unknown=found.unknown[:MOST])
    body: Body = msgspec.to_builtins(told)
    return body


async def _lines(span: Span, machines: Documents) -> AsyncIterator[Line]:
    where: list[Filter] = [("from", "<=", span.until), ("to", ">", span.since)]
    async for stored in machines.select(span.machine, *where):
        for line in load(stored.body, LedgerPage).lines:
            if span.since < line["at"] <= span.until:
                yield line
