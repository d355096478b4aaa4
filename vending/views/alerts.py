"""Read models of alerts: what is open now, newest first.

A machine that sends again is shown as online at once, while the sweep closes its ``silent`` alert up to a
minute later. Till then the alert is not shown: the two would contradict each other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from vending.alerts.held import select
from vending.alerts.rules.silent import Silent
from vending.alerts.rules.sold_out import SoldOut
from vending.documents.alerts import Alert
from vending.documents.conditions import Entry
from vending.notifications.watch_notifications import given_up
from vending.views import alert_view, condition_view
from vending.views.places import SMOKE_MACHINE
from vending.views.views import ViewStores, fleet_conditions

View = dict[str, Any]


async def alerts(stores: ViewStores, limit: int, now: datetime) -> dict[str, Any]:
    """The newest open alerts, at most ``limit``: ``{"alerts": [...], "open": how many there are,
    "undelivered": how many notifications were given up in the last day}``."""
    found = await open_alerts(stores, now)
    lost = await stores.recent.get("undelivered", now, lambda: given_up(stores.alerts))
    return {"alerts": found[:limit], "open": len(found), "undelivered": len(lost)}


async def open_alerts(stores: ViewStores, now: datetime) -> list[View]:
    """All open alerts of the fleet, newest first; they cost a query of the open ones alone.

    Those of the smoke test's machine, which last for seconds, are left out.
    """
    held: list[View] = await stores.recent.get("alerts", now, lambda: _open(stores, None))
    held = [view for view in held if view["machineId"] != SMOKE_MACHINE]
    return _true(held, await fleet_conditions(stores, now), stores.silent_before(now))


async def alerts_of(stores: ViewStores, machine: str, now: datetime) -> list[View]:
    """The open alerts of one machine."""
    held = await _open(stores, machine)
    return _true(held, await fleet_conditions(stores, now), stores.silent_before(now))


def counted(found: Sequence[View]) -> dict[str, Any]:
    """How many are open, by rule, and how many selections are sold out."""
    rules = Counter(alert["rule"] for alert in found)
    return {"open": len(found), "byRule": dict(sorted(rules.items())), "soldOut": rules[SoldOut.name]}


def _true(found: Sequence[View], heard: Mapping[str, Entry], silent_before: int) -> list[View]:
    """Without the silent alerts of machines that are online by now."""
    return [
        view
        for view in found
        if view["rule"] != Silent.name
        or condition_view.state(heard.get(view["machineId"], {}), silent_before) != "online"
    ]


async def _open(stores: ViewStores, machine: str | None) -> list[View]:
    found = select(stores.alerts, Alert, machine, ("state", "=", "open"))
    views = [alert_view.describe(held.document) async for held in found]
    return sorted(views, key=lambda view: (view["since"], view["machineId"], view["rule"]), reverse=True)
