"""What people read of alerts: one notification, or the digest of many. Pure: entries of outboxes → JSON."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from vending.alerts import rules
from vending.alerts.rules.base import Facts, Severity
from vending.business_day import instant
from vending.documents.alerts import NOTIFICATIONS, Change, Notification

ORDER: tuple[Severity, ...] = ("critical", "warning", "info")
FIRST = 10
"""Notifications that a digest tells one by one, the most severe first."""
_BOOKKEEPING = ("owed", "times", "done")
"""Stored fields of an outbox's entry that are nobody else's business."""
Payload = dict[str, Any]
"""What a receiver gets, as JSON."""


def payload(entry: Notification) -> Payload:
    """An entry of an outbox as a receiver gets it."""
    told = {name: value for name, value in entry.dump().items() if name not in _BOOKKEEPING}
    return told | {"severity": rules.severity_of(entry), "text": text(entry)}


def digest_key(keys: Iterable[str]) -> str:
    """The idempotency key of a digest: a function of the keys of what it tells, in any order."""
    return "digest/" + hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:32]


def digest(entries: Sequence[Notification], link: str) -> Payload:
    """Many notifications as one: how many, by rule and severity, the first few, where the rest can be seen.

    ``link`` is the dashboard's address; empty where it is not known.
    """
    ranked = sorted(entries, key=rank)
    severities = Counter(rules.severity_of(entry) for entry in entries)
    return (
        {
            "idempotencyKey": digest_key(entry.idempotency_key for entry in entries),
            "machineId": NOTIFICATIONS,
            "rule": "digest",
            "change": "digest",
            "severity": ORDER[rank(ranked[0])[0]],
            "count": len(entries),
            "machines": len({entry.machine_id for entry in entries}),
            "opened": _by_rule(entries, "opened"),
            "closed": _by_rule(entries, "closed"),
            "bySeverity": {name: severities[name] for name in ORDER if severities[name]},
            "from": instant(min(entry.at for entry in entries)),
            "to": instant(max(entry.at for entry in entries)),
            "first": [payload(entry) for entry in ranked[:FIRST]],
            "text": _headline(entries, link),
        }
        | _still_open(entries)
        | ({"link": link} if link else {})
    )


def text(entry: Notification) -> str:
    """One notification as a person reads it."""
    rule = rules.named(entry.rule)
    facts = Facts(entry.machine_id, entry.component, entry.detail)
    match entry.change:
        case "opened":
            return rule.opened(facts)
        case "escalated":
            return f"{rule.opened(facts)} - nobody has acknowledged it: level {entry.level}"
        case "reminded":
            return f"{rule.opened(facts)} - it is still open, and its snooze is over"
        case _ if entry.by is not None:
            title = rule.title.replace("{}", entry.component)
            return f"{entry.machine_id}: resolved by {entry.by}: {title} ({entry.reason})"
    return rule.closed(facts)


def summary(entries: Sequence[Notification]) -> str:
    """How many opened, closed and so on, by rule."""
    every: tuple[Change, ...] = get_args(Change)
    changes = [
        f"{count} {rule} {change}" for change in every for rule, count in _by_rule(entries, change).items()
    ]
    return ", ".join(changes)


def rank(entry: Notification) -> tuple[int, bool, int, str]:
    """Severe ones first, what is open before what closed, then as they happened."""
    place = ORDER.index(rules.severity_of(entry))
    return place, entry.change == "closed", entry.at, entry.idempotency_key


def _headline(entries: Sequence[Notification], link: str) -> str:
    machines = len({entry.machine_id for entry in entries})
    return f"{len(entries)} notifications of {machines} machines at once: {summary(entries)}" + (
        f"; see {link}" if link else ""
    )


def _still_open(entries: Sequence[Notification]) -> Payload:
    """What a digest counts only where there is any."""
    changes: tuple[Change, ...] = ("escalated", "reminded")
    return {change: counts for change in changes if (counts := _by_rule(entries, change))}


def _by_rule(entries: Iterable[Notification], change: Change) -> dict[str, int]:
    return dict(sorted(Counter(entry.rule for entry in entries if entry.change == change).items()))
