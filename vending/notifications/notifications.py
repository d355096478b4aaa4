"""What people read of alerts: one notification, or the digest of many. Pure: entries of outboxes → JSON."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from vending.alerts.alerts import PLACE, Document
from vending.business_day import instant

Severity = Literal["critical", "warning", "info"]
SEVERITY: dict[str, Severity] = {
    "cold-chain": "critical",
    "lag": "critical",
    "partition-standing-still": "critical",
    "rollups-behind": "critical",
    "undelivered": "critical",
    "fault": "warning",
    "lost-sales": "warning",
    "silent": "warning",
    "sold-out": "info",
}
"""By rule."""
ORDER: tuple[Severity, ...] = ("critical", "warning", "info")
FIRST = 10
"""Notifications that a digest tells one by one, the most severe first."""
_BOOKKEEPING = ("owed", "times")
"""Fields of an outbox's entry that are nobody else's business."""


def severity(rule: str) -> Severity:
    """Of an alert; a rule that this version does not know is a warning."""
    return SEVERITY.get(rule, "warning")


def payload(entry: Document) -> Document:
    """An entry of an outbox as a receiver gets it."""
    told = {name: value for name, value in entry.items() if name not in _BOOKKEEPING}
    return told | {"severity": severity(entry["rule"]), "text": text(entry)}


def digest_key(entries: Iterable[Document]) -> str:
    """The idempotency key of a digest: a function of the notifications that it tells, in any order."""
    keys = sorted(entry["idempotencyKey"] for entry in entries)
    return "digest/" + hashlib.sha256("\n".join(keys).encode()).hexdigest()[:32]


def digest(entries: Sequence[Document], link: str) -> Document:
    """Many notifications as one: how many, by rule and severity, the first few, where the rest can be seen.

    ``link`` is the dashboard's address; empty where it is not known.
    """
    ranked = sorted(entries, key=_rank)
    severities = Counter(severity(entry["rule"]) for entry in entries)
    return {
        "idempotencyKey": digest_key(entries),
        "machineId": PLACE,
        "rule": "digest",
        "change": "digest",
        "severity": ORDER[_rank(ranked[0])[0]],
        "count": len(entries),
        "machines": len({entry["machineId"] for entry in entries}),
        "opened": _by_rule(entries, "opened"),
        "closed": _by_rule(entries, "closed"),
        "bySeverity": {name: severities[name] for name in ORDER if severities[name]},
        "from": instant(min(entry["at"] for entry in entries)),
        "to": instant(max(entry["at"] for entry in entries)),
        "first": [payload(entry) for entry in ranked[:FIRST]],
        "text": _headline(entries, link),
    } | ({"link": link} if link else {})


def text(entry: Document) -> str:
    """One notification as a person reads it."""
    machine, component, opened = entry["machineId"], entry["component"], entry["change"] == "opened"
    match entry["rule"]:
        case "sold-out":
            return f"{machine}: selection {component} " + ("is sold out" if opened else "has stock again")
        case "lost-sales":
            return f"{machine}: " + _lost(entry["detail"], opened=opened)
        case "silent":
            return f"{machine} " + ("is not heard from" if opened else "is heard from again")
        case "cold-chain":
            return f"{machine}: zone {component} " + ("is too warm" if opened else "is cold again")
        case "lag":
            half = "for more than half of the hub's retention"
            return f"events wait for {component} {half}" if opened else f"{component} has caught up"
        case "partition-standing-still":
            return _standing(component, entry["detail"], opened=opened)
        case "rollups-behind":
            return _behind(component, entry["detail"], opened=opened)
        case "undelivered":
            why = entry["detail"].get("reason")
            lost = f"notifications were given up: the {component} refuses them ({why})"
            return lost if opened else "no notification was given up for a day"
        case _:
            return f"{machine}: {entry['rule']} {component} {entry['change']}"


def _headline(entries: Sequence[Document], link: str) -> str:
    changes = [
        f"{count} {rule} {change}"
        for change in ("opened", "closed")
        for rule, count in _by_rule(entries, change).items()
    ]
    machines = len({entry["machineId"] for entry in entries})
    return f"{len(entries)} notifications of {machines} machines at once: {', '.join(changes)}" + (
        f"; see {link}" if link else ""
    )


def _by_rule(entries: Iterable[Document], change: str) -> dict[str, int]:
    return dict(sorted(Counter(entry["rule"] for entry in entries if entry["change"] == change).items()))


def _rank(entry: Document) -> tuple[int, bool, int, str]:
    """Severe ones first, what opened before what closed, then as they happened."""
    place = ORDER.index(severity(entry["rule"]))
    return place, entry["change"] != "opened", entry["at"], entry["idempotencyKey"]


def _lost(detail: dict[str, Any], *, opened: bool) -> str:
    if not opened:
        return "no further ledger numbers were given up for a week"
    holes, epochs = detail["holes"], detail["epochs"]
    parts = [f"{detail['numbers']:,} ledger numbers in {holes:,} hole{'s' * (holes > 1)}"] if holes else []
    parts += [f"{epochs:,} epochs of devices" if epochs > 1 else "1 epoch of a device"] if epochs else []
    return f"{' and '.join(parts)} were given up: sales may be lost"


def _standing(component: str, detail: dict[str, Any], *, opened: bool) -> str:
    if not opened:
        return f"{component} moves again"
    partition, number = detail["partition"], detail["next"]
    return (
        f"{detail['function']} stands still in partition {partition} before number {number}: a message that "
        f"no trigger can bind, or a store that throttles or is away. `vendctl partitions` tells which; for "
        f"the first, `vendctl partitions clear {partition}`. What waits is lost when the hub's retention ends"
    )


def _behind(component: str, detail: dict[str, Any], *, opened: bool) -> str:
    if not opened:
        return f"rollups: {component} is counted again"
    what = (
        f"the days of {detail['machines']} machines are not counted"
        if "machines" in detail
        else f"{component} has not counted anything for {detail['waitingSeconds']} s"
    )
    return f"{what}: see the log of roll_up_shard, and `{detail['command']}`. Nothing is lost meanwhile"
