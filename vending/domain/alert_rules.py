"""The rules: from a stock document, or from a machine's condition registers, to findings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from vending.domain import conditions, stock
from vending.domain.alerts import Finding, Rule

FOR_PLACED: frozenset[Rule] = frozenset({"silent"})
"""Rules that make sense only for machines which somebody has placed."""
COLD_GRACE = 30 * 60_000
"""Milliseconds that a cold zone may be too warm: a refill with an open door takes that long."""


def sold_out(document: dict[str, Any], now: int) -> list[Finding]:
    """One finding for each selection that was ever counted: nothing left to sell, or something.

    A selection with a stated capacity of 0 is switched off, not sold out. ``now`` (ms) dates the evidence of
    a machine that has no dated ledger line yet.
    """
    at = max((latest[2] for latest in document["last"].values()), default=now)
    findings = []
    for selection, units in stock.on_hand(document).items():
        if units is None:
            continue
        stated = document["slots"][selection][1]
        capacity = stated[2] if stated else None
        findings.append(
            Finding(
                machine=document["machineId"],
                rule="sold-out",
                component=selection,
                order=(document["rev"],),
                bad=units <= 0 and capacity != 0,
                at=at,
                detail={"onHand": units} | ({} if capacity is None else {"capacity": capacity}),
            )
        )
    return findings


def stock_findings(document: dict[str, Any], now: int) -> list[Finding]:
    """What the stock of one machine says; ``now`` in milliseconds."""
    return sold_out(document, now)


def condition_findings(machine: str, entry: conditions.Entry, now: int, silent_after: int) -> list[Finding]:
    """What the registers of one machine say; ``now`` and ``silent_after`` in milliseconds."""
    findings = []
    for rule, (family, judge) in BY_REGISTERS.items():
        for name, register in entry.items():
            held, _, component = name.partition(":")
            if held != family:
                continue
            verdict = judge(Evidence(component, register, entry, now, silent_after))
            if verdict is not None:
                findings.append(Finding(machine, rule, component or "machine", *verdict))
    return findings


def as_placed(finding: Finding, placed: bool, catalog_version: int) -> Finding:
    """The finding, as it is for a machine that the catalog places, or does not.

    Nobody waits for a machine that stands nowhere: its silence is not told. What it says itself (faults, a
    warm zone) is. The catalog's version is part of the order, so that the same silence is judged anew when
    the catalog places the machine.
    """
    if finding.rule not in FOR_PLACED:
        return finding
    epoch, sequence, quiet = finding.order
    order = (epoch, sequence, 2 * catalog_version + quiet)
    return replace(finding, order=order, bad=finding.bad and placed)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One register, and what else a rule may look at; times in milliseconds."""

    component: str
    register: conditions.Register
    entry: conditions.Entry
    now: int
    silent_after: int


Verdict = tuple[tuple[int, ...], bool, int, dict[str, Any]]
"""Order, bad, at and detail of a :class:`Finding`."""


def _silent(seen: Evidence) -> Verdict | None:
    """Nothing heard for too long. The last place of its order lets one and the same sign of life be judged
    twice: while it was fresh, and when it had grown old."""
    epoch, sequence, at, clock = seen.register[:4]
    if clock == "import":
        return None  # What somebody imported says nothing about the machine's being alive.
    quiet = seen.now - at > seen.silent_after
    return (epoch, sequence, int(quiet)), quiet, at, {"lastSeen": at}


def _fault(told: Evidence) -> Verdict:
    epoch, sequence, at, raised = told.register[:4]
    return (epoch, sequence), bool(raised), at, {}


def _cold_chain(zone: Evidence) -> Verdict:
    """Too warm since the newest good reading. A zone that never had a good one is no cold zone (a boiler)."""
    epoch, sequence, at, celsius = zone.register[:4]
    good = zone.entry.get(f"good:{zone.component}")
    since = good[2] if good is not None else at
    bad = celsius > conditions.COLD_LIMIT and at - since > COLD_GRACE
    detail = {"celsius": celsius, "limit": conditions.COLD_LIMIT, "goodUntil": since}
    return (epoch, sequence), bad, at, detail


BY_REGISTERS: dict[Rule, tuple[str, Callable[[Evidence], Verdict | None]]] = {
    "silent": ("seen", _silent),
    "fault": ("fault", _fault),
    "cold-chain": ("temp", _cold_chain),
}
"""The rules that the sweep judges: of which registers, and how. It looks up the open alerts of just these."""
