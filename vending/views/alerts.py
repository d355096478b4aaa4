"""What is open now, newest first, as several read models tell it.

A machine that sends again is shown as online at once, while the sweep closes its ``silent`` alert up to a
minute later. Till then the alert is not shown: the two would contradict each other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from vending.alerts.held import select, select_of_fleet
from vending.alerts.rules.silent import Silent
from vending.alerts.rules.sold_out import SoldOut
from vending.documents.alerts import Alert
from vending.notifications.watch_notifications import given_up
from vending.ports import Filter
from vending.views import alert_view, condition_view
from vending.views.answers import alerts as answers
from vending.views.places import SMOKE_MACHINE
from vending.views.stores import EACH_ALERT, ViewStores, fleet_conditions

OPEN: Filter = ("state", "=", "open")


class OpenDocuments(NamedTuple):
    """The open alerts of the fleet as they are stored, and how many more there are that are malformed."""

    alerts: list[Alert]
    defective: int


class OpenAlerts(NamedTuple):
    """The open alerts of the fleet, newest first, and how many more there are that are malformed."""

    views: list[answers.Alert]
    defective: int


async def open_documents(stores: ViewStores, now: datetime) -> OpenDocuments:
    """All open alerts of the fleet; they cost a query of the open ones alone.

    Those of the smoke test's machine, which last for seconds, are left out.
    """
    held: OpenDocuments = await stores.recent.get(
        "alerts", now, lambda: _of_fleet(stores), lambda found: len(found.alerts) * EACH_ALERT
    )
    found = [alert for alert in held.alerts if alert.machine_id != SMOKE_MACHINE]
    return OpenDocuments(await _true(stores, found, now), held.defective)


async def open_alerts(stores: ViewStores, now: datetime) -> OpenAlerts:
    """The same for people."""
    held = await open_documents(stores, now)
    return OpenAlerts(_newest_first(held.alerts), held.defective)


async def open_of(stores: ViewStores, machine: str, now: datetime) -> list[Alert]:
    """The open alerts of one machine, as they are stored. Raises Malformed."""
    found = select(stores.alerts, Alert, machine, OPEN)
    return await _true(stores, [alert.document async for alert in found], now)


async def alerts_of(stores: ViewStores, machine: str, now: datetime) -> list[answers.Alert]:
    """The open alerts of one machine."""
    return _newest_first(await open_of(stores, machine, now))


async def undelivered(stores: ViewStores, now: datetime) -> int:
    """How many notifications were given up in the last day."""
    return len(await stores.recent.get("undelivered", now, lambda: given_up(stores.alerts)))


def counted(found: Sequence[answers.Alert]) -> answers.AlertCounts:
    """How many are open, by rule, and how many selections are sold out."""
    rules = Counter(alert.rule for alert in found)
    return answers.AlertCounts(len(found), dict(sorted(rules.items())), rules[SoldOut.name])


async def _true(stores: ViewStores, found: Sequence[Alert], now: datetime) -> list[Alert]:
    """Without the silent alerts of machines that are online by now."""
    if all(alert.rule != Silent.name for alert in found):
        return list(found)
    heard, silent_before = await fleet_conditions(stores, now), stores.silent_before(now)
    return [
        alert
        for alert in found
        if alert.rule != Silent.name
        or condition_view.state(heard.get(alert.machine_id, {}), silent_before) != "online"
    ]


async def _of_fleet(stores: ViewStores) -> OpenDocuments:
    found = [held async for held in select_of_fleet(stores.alerts, Alert, OPEN)]
    return OpenDocuments([held.document for held in found if held], found.count(None))


def _newest_first(found: Iterable[Alert]) -> list[answers.Alert]:
    views = map(alert_view.describe, found)
    return sorted(views, key=lambda view: (view.since, view.machine_id, view.rule), reverse=True)
