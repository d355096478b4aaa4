"""The rules: from a stock document, or from a machine's condition registers, to findings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from vending.alerts.alerts import Finding, Rule
from vending.state import conditions, stock

LOST_FOR = 7 * 24 * 3_600_000
"""Milliseconds that numbers given up as lost are told of: no less than a hub may keep what waits, so that no
backlog hides them."""
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


def lost_sales(document: dict[str, Any], now: int) -> list[Finding]:
    """Whether ledger numbers, or a whole epoch's, were given up lately. What was given up once stays so, so
    time closes the alert. The last place of its order lets one and the same stock be judged before and after.
    """
    told = stock.closed(document)
    if not told:
        return []
    over = now - told["at"] > LOST_FOR
    return [
        Finding(
            machine=document["machineId"],
            rule="lost-sales",
            component="machine",
            order=(document["rev"], int(over)),
            bad=not over,
            at=told["at"],
            detail={name: told[name] for name in ("holes", "numbers", "epochs")},
        )
    ]


def stock_findings(document: dict[str, Any], now: int) -> list[Finding]:
    """What the stock of one machine says; ``now`` in milliseconds."""
    return [*sold_out(document, now), *lost_sales(document, now)]


BY_TIME: tuple[Rule, ...] = ("lost-sales",)
"""The rules on stock that time alone may close: the sweep judges their open alerts again."""


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
    return findings + _ended(findings, entry)


def _ended(findings: list[Finding], entry: conditions.Entry) -> list[Finding]:
    """Of alerts by the names of before (see :mod:`conditions`): that they are over, where no register has
    such a name any more."""
    over: dict[tuple[Rule, str], Finding] = {}
    for found in sorted(findings, key=lambda found: found.order):
        name = conditions.of_before(found.component)
        if name != found.component and f"{BY_REGISTERS[found.rule][0]}:{name}" not in entry:
            over[found.rule, name] = replace(found, component=name, bad=False, detail={})
    return list(over.values())


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
