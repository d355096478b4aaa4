"""An open alert, for people: a sentence, since when, and the facts it was evaluated on."""

from collections.abc import Mapping
from typing import Any

from vending.alerts import rules
from vending.alerts.alerts import Document, outcome
from vending.business_day import instant


def describe(alert: Document) -> dict[str, Any]:
    """The alert as JSON. A rule that this version does not know yet keeps its own name."""
    return {
        "machineId": alert["machineId"],
        "rule": alert["rule"],
        "component": alert["component"],
        "title": rules.named(alert["rule"]).title.replace("{}", str(alert["component"])),
        "since": instant(alert["since"]),
        "episode": alert["episode"],
        "notification": outcome(alert),
        "detail": _told(alert["detail"]),
    }


def _told(detail: Mapping[str, Any]) -> dict[str, Any]:
    times = rules.times()
    return {name: instant(value) if name in times else value for name, value in detail.items()}
