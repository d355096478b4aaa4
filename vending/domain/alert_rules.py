"""The rules: from a stock document, or from a machine's condition registers, to findings."""

from typing import Any

from vending.domain import conditions, stock
from vending.domain.alerts import Finding, Rule

CONDITION_RULES: tuple[Rule, ...] = ("silent", "fault", "cold-chain")
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


def condition_findings(machine: str, entry: conditions.Entry, now: int, silent_after: int) -> list[Finding]:
    """What the registers of one machine say; ``now`` and ``silent_after`` in milliseconds."""
    seen = entry.get("seen")
    # What somebody imported says nothing about the machine's being alive.
    findings = [_silent(machine, seen, now, silent_after)] if seen and seen[3] != "import" else []
    for name, register in entry.items():
        family, _, component = name.partition(":")
        if family == "fault":
            findings.append(_fault(machine, component, register))
        elif family == "temp":
            findings.append(_cold_chain(machine, component, register, entry.get(f"good:{component}")))
    return findings


def _silent(machine: str, seen: conditions.Register, now: int, silent_after: int) -> Finding:
    """Nothing heard for too long. The last place of its order lets one and the same sign of life be judged
    twice: while it was fresh, and when it had grown old."""
    quiet = now - seen[2] > silent_after
    return Finding(
        machine=machine,
        rule="silent",
        component="machine",
        order=(seen[0], seen[1], int(quiet)),
        bad=quiet,
        at=seen[2],
        detail={"lastSeen": seen[2]},
    )


def _fault(machine: str, component: str, register: conditions.Register) -> Finding:
    epoch, sequence, at, raised = register[:4]
    return Finding(machine, "fault", component, (epoch, sequence), bool(raised), at, {})


def _cold_chain(
    machine: str, zone: str, newest: conditions.Register, good: conditions.Register | None
) -> Finding:
    """Too warm since the newest good reading. A zone that never had a good one is no cold zone (a boiler)."""
    epoch, sequence, at, celsius = newest[:4]
    since = good[2] if good is not None else at
    return Finding(
        machine=machine,
        rule="cold-chain",
        component=zone,
        order=(epoch, sequence),
        bad=celsius > conditions.COLD_LIMIT and at - since > COLD_GRACE,
        at=at,
        detail={"celsius": celsius, "limit": conditions.COLD_LIMIT, "goodUntil": since},
    )
