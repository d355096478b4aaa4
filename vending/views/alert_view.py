"""An open alert, for people: a sentence, since when, and the facts it was judged on."""

from collections.abc import Mapping
from typing import Any

from vending.alerts.alerts import Document, outcome
from vending.business_day import instant

TITLES = {
    "sold-out": "Selection {} is sold out",
    "lost-sales": "Ledger numbers were given up as lost",
    "silent": "The machine is silent",
    "fault": "Fault {}",
    "cold-chain": "Zone {} is too warm",
    "partition-standing-still": "A hub partition stands still: {}",
    "undelivered": "Notifications were given up: the {} refuses them",
    "rollups-behind": "Sales are not counted in the days: {}",
    "lag": "Events wait for {} for more than half of the hub's retention",
}


TIMES = frozenset({"lastSeen", "goodUntil"})
"""Facts of alerts that are times, stored in milliseconds."""


def describe(alert: Document) -> dict[str, Any]:
    """The alert as JSON. A rule that this version does not know yet keeps its own name."""
    title = TITLES.get(alert["rule"], f"{alert['rule']} {{}}")
    return {
        "machineId": alert["machineId"],
        "rule": alert["rule"],
        "component": alert["component"],
        "title": title.replace("{}", str(alert["component"])),
        "since": instant(alert["since"]),
        "episode": alert["episode"],
        "notification": outcome(alert),
        "detail": _told(alert["detail"]),
    }


def _told(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: instant(value) if name in TIMES else value for name, value in detail.items()}
