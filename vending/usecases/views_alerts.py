"""Read models of alerts: what is open now, newest first."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from vending.ports import Stored
from vending.usecases.views import ViewStores

SOLD_OUT = "sold-out"


async def alerts(stores: ViewStores, limit: int, now: datetime) -> dict[str, Any]:
    """The newest open alerts, at most ``limit``: ``{"alerts": [...], "open": how many there are}``."""
    found = await open_alerts(stores, now)
    return {"alerts": found[:limit], "open": len(found)}


async def open_alerts(stores: ViewStores, now: datetime) -> list[dict[str, Any]]:
    """All open alerts of the fleet, newest first; they cost a query of the open ones alone."""

    async def load() -> list[dict[str, Any]]:
        found = stores.alerts.select(None, ("type", "=", "alert"), ("state", "=", "open"))
        views = [_view(stored) async for stored in found]
        return sorted(views, key=lambda view: (view["since"], view["machineId"]), reverse=True)

    held: list[dict[str, Any]] = await stores.recent.get("alerts", now, load)
    return held


async def alerts_of(stores: ViewStores, machine: str) -> list[dict[str, Any]]:
    """The open alerts of one machine."""
    found = stores.alerts.select(machine, ("type", "=", "alert"), ("state", "=", "open"))
    return sorted(
        [_view(stored) async for stored in found], key=lambda view: str(view["since"]), reverse=True
    )


def counted(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many are open, by rule, and how many selections are sold out."""
    rules = Counter(alert["rule"] for alert in found)
    return {"open": len(found), "byRule": dict(sorted(rules.items())), "soldOut": rules[SOLD_OUT]}


def _view(stored: Stored) -> dict[str, Any]:
    return stored.body
