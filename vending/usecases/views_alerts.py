"""Read models of alerts: what is open now, newest first."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from vending.domain import alert_view
from vending.domain.alerts import SCHEMA
from vending.ports import Stored
from vending.usecases.commit_stock import readable
from vending.usecases.views import ViewStores

View = dict[str, Any]


async def alerts(stores: ViewStores, limit: int, now: datetime) -> dict[str, Any]:
    """The newest open alerts, at most ``limit``: ``{"alerts": [...], "open": how many there are}``."""
    found = await open_alerts(stores, now)
    return {"alerts": found[:limit], "open": len(found)}


async def open_alerts(stores: ViewStores, now: datetime) -> list[View]:
    """All open alerts of the fleet, newest first; they cost a query of the open ones alone."""
    held: list[View] = await stores.recent.get("alerts", now, lambda: _open(stores, None))
    return held


async def alerts_of(stores: ViewStores, machine: str) -> list[View]:
    """The open alerts of one machine."""
    return await _open(stores, machine)


def counted(found: Sequence[View]) -> dict[str, Any]:
    """How many are open, by rule, and how many selections are sold out."""
    rules = Counter(alert["rule"] for alert in found)
    return {"open": len(found), "byRule": dict(sorted(rules.items())), "soldOut": rules["sold-out"]}


async def _open(stores: ViewStores, machine: str | None) -> list[View]:
    found: AsyncIterator[Stored] = stores.alerts.select(
        machine, ("type", "=", "alert"), ("state", "=", "open")
    )
    views = [alert_view.describe(readable(stored, SCHEMA).body) async for stored in found]
    return sorted(views, key=lambda view: (view["since"], view["machineId"], view["rule"]), reverse=True)
