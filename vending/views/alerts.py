"""Read models of alerts: what is open now, newest first.

A machine that sends again is shown as online at once, while the sweep closes its ``silent`` alert up to a
minute later. Till then the alert is not shown: the two would contradict each other.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import UNSET

from vending.alerts.held import select, select_of_fleet
from vending.alerts.rules.silent import Silent
from vending.alerts.rules.sold_out import SoldOut
from vending.documents.alerts import Alert
from vending.documents.conditions import Entry
from vending.notifications.watch_notifications import given_up
from vending.ports import Filter
from vending.views import alert_view, condition_view
from vending.views.answers import alerts as answers
from vending.views.places import SMOKE_MACHINE
from vending.views.views import EACH_ALERT, ViewStores, fleet_conditions

OPEN: Filter = ("state", "=", "open")


class OpenAlerts(NamedTuple):
    """The open alerts of the fleet, newest first, and how many more there are that are malformed."""

    views: list[answers.Alert]
    defective: int


async def alerts(stores: ViewStores, limit: int, now: datetime) -> answers.Alerts:
    """The newest open alerts, at most ``limit``; ``defective``: how many more are malformed, if any."""
    found, defective = await open_alerts(stores, now)
    lost = await stores.recent.get("undelivered", now, lambda: given_up(stores.alerts))
    return answers.Alerts(found[:limit], len(found), len(lost), defective or UNSET)


async def open_alerts(stores: ViewStores, now: datetime) -> OpenAlerts:
    """All open alerts of the fleet, newest first; they cost a query of the open ones alone.

    Those of the smoke test's machine, which last for seconds, are left out.
    """
    held: OpenAlerts = await stores.recent.get(
        "alerts", now, lambda: _of_fleet(stores), lambda found: len(found.views) * EACH_ALERT
    )
    views = [view for view in held.views if view.machine_id != SMOKE_MACHINE]
    views = _true(views, await fleet_conditions(stores, now), stores.silent_before(now))
    return OpenAlerts(views, held.defective)


async def alerts_of(stores: ViewStores, machine: str, now: datetime) -> list[answers.Alert]:
    """The open alerts of one machine."""
    found = select(stores.alerts, Alert, machine, OPEN)
    held = _newest_first([alert.document async for alert in found])
    return _true(held, await fleet_conditions(stores, now), stores.silent_before(now))


def counted(found: Sequence[answers.Alert]) -> answers.AlertCounts:
    """How many are open, by rule, and how many selections are sold out."""
    rules = Counter(alert.rule for alert in found)
    return answers.AlertCounts(len(found), dict(sorted(rules.items())), rules[SoldOut.name])


def _true(
    found: Sequence[answers.Alert], heard: Mapping[str, Entry], silent_before: int
) -> list[answers.Alert]:
    """Without the silent alerts of machines that are online by now."""
    return [
        view
        for view in found
        if view.rule != Silent.name
        or condition_view.state(heard.get(view.machine_id, {}), silent_before) != "online"
    ]


async def _of_fleet(stores: ViewStores) -> OpenAlerts:
    found = [held async for held in select_of_fleet(stores.alerts, Alert, OPEN)]
    return OpenAlerts(_newest_first([held.document for held in found if held]), found.count(None))


def _newest_first(found: Iterable[Alert]) -> list[answers.Alert]:
    views = map(alert_view.describe, found)
    return sorted(views, key=lambda view: (view.since, view.machine_id, view.rule), reverse=True)
