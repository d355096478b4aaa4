"""What a request costs at most, in docs/api.md, is what it is charged in memory, at 60 and 100,000 machines.

A route is added to ``COSTS`` with the dearest question that it takes; the table's row is then asked for, with
its figures.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.large_fleet import NOW, Fleet
from vending.adapters.metering import metered
from vending.views import alert_list, days, fleet, machines, one_alert
from vending.views.alert_list import AlertQuery
from vending.views.day_figures import FLEET, Scope, StoredDays
from vending.views.days import SumQuery
from vending.views.machine_list import MachineQuery, machine_list
from vending.views.picklist import Visit
from vending.views.place_lists import PlaceQuery, route_list, site_list
from vending.views.route_picklist import route_picklist
from vending.views.stockouts import StockOutQuery, stockouts
from vending.views.stores import ViewStores

DOCUMENT = Path(__file__).parents[3] / "docs" / "api.md"
Ask = Callable[[ViewStores, datetime], Awaitable[Any]]
ZONE = "Etc/UTC"
COSTS: dict[str, Ask] = {
    "`GET /api/v1/machines`, 500 by id": lambda stores, now: machine_list(
        stores, MachineQuery(limit=500), now
    ),
    "`GET /api/v1/machines`, 500 far apart": lambda stores, now: machine_list(
        stores, MachineQuery(limit=500, sort="-alerts"), now
    ),
    "`GET /api/v1/machines/{machineId}`": lambda stores, now: machines.machine(
        stores, "vm-000010", ZONE, now
    ),
    "`GET /api/v1/sites`, `/api/v1/routes`": lambda stores, now: _both(stores, now),
    "`GET /api/v1/routes/{routeId}/picklist`, 30 machines, 14 days": lambda stores, now: route_picklist(
        stores, "route-00000", Visit(now), ZONE
    ),
    "`GET /api/v1/stockouts`, 200": lambda stores, now: stockouts(
        stores, StockOutQuery(limit=200), ZONE, now
    ),
    "`GET /api/v1/fleet/summary`": lambda stores, now: fleet.summary(stores, ZONE, None, now),
    "`GET /api/v1/alerts`": lambda stores, now: alert_list.alerts(stores, AlertQuery(limit=500), now),
    "`GET /api/v1/machines/{machineId}/alerts`": lambda stores, now: alert_list.machine_alerts(
        stores, AlertQuery(machine="vm-000010"), "vm-000010", now
    ),
    "`GET /api/v1/alerts/{machineId}/{alertId}`": lambda stores, now: one_alert.alert(
        stores, "vm-000010", "sold-out:A1", now
    ),
    "`GET /api/v1/days`, 92 of the fleet by product": lambda stores, now: sums(
        stores, SumQuery("product", FLEET, "2026-01-01", "2026-04-02"), now
    ),
    "`GET /api/v1/days`, a week of a machine": lambda stores, now: sums(
        stores, SumQuery(scope=Scope("machine", "vm-000010")), now
    ),
}
LATER = timedelta(minutes=1)
"""Nothing that an instance remembers for a while holds longer."""


async def sums(stores: ViewStores, query: SumQuery, now: datetime) -> Any:
    return await days.days(stores, StoredDays(stores.machines, stores.fleet), query, ZONE, now)


async def _both(stores: ViewStores, now: datetime) -> Any:
    await site_list(stores, PlaceQuery(limit=500), now)
    return await route_list(stores, PlaceQuery(limit=500), now)


async def charged(held: Fleet, ask: Ask) -> list[float]:
    """Of the first request of an instance; and of one when all that it remembers for a while has to be read
    again, every machine having sent something."""
    stores, found = held.stores(), []
    for now in (NOW, NOW + LATER):
        with metered() as cost:
            assert await ask(stores, now) is not None
        found.append(cost.units)
        held.hear()
        stores = replace(stores, **held.days())
    return found


@pytest.fixture(scope="module")
def fleets() -> list[Fleet]:
    return [Fleet(60, ranges=4), Fleet(100_000, ranges=16)]


def told() -> dict[str, list[int]]:
    """Request → first and later at 60 machines, first and later at 100,000, in RU."""
    rows = re.findall(r"^\| (`GET [^|]+) \|((?: [\d,]+ \|){4})$", DOCUMENT.read_text(), re.MULTILINE)
    return {
        name: [int(cell.replace(",", "")) for cell in cells.strip(" |").split("|")] for name, cells in rows
    }


@pytest.mark.parametrize("name", COSTS)
async def test_the_table_says_what_a_request_is_charged(fleets: list[Fleet], name: str) -> None:
    found = [units for held in fleets for units in await charged(held, COSTS[name])]
    row = f"| {name} | {' | '.join(f'{units:,.0f}' for units in found)} |"
    assert name in told(), f"docs/api.md lacks\n{row}"
    assert told()[name] == pytest.approx(found, rel=0.02, abs=1), f"docs/api.md should say\n{row}"


def test_the_table_names_nothing_else() -> None:
    assert told().keys() == COSTS.keys()
