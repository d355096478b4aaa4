"""What reads of sums and alerts ask of Cosmos DB: their queries are understood, and cost what is said."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

from tests.contract.conftest import DATABASE, NAMES
from tests.support.metadata import ROOT
from vendctl.provision import CONTAINERS, indexing_policy
from vending.adapters.cosmos import CosmosDocuments
from vending.adapters.metering import Cost, metered
from vending.adapters.packing import PackedDocuments
from vending.business_day import shift
from vending.documents.alerts import Alert, Ending, Episode
from vending.documents.days import FleetDay, MachineDay, ProductsDay, SiteDay, Summary
from vending.ports import Put
from vending.rollups import tree
from vending.rollups.current_days import CurrentDays
from vending.time import millis
from vending.views import alert_list, one_alert
from vending.views.alert_list import AlertPage, AlertQuery
from vending.views.day_figures import FLEET, Scope, StoredDays
from vending.views.days import SumQuery, days
from vending.views.stores import ViewStores

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
TODAY = "2026-03-14"
READ = ("machines", "conditions", "alerts", "fleet", "catalog")
SKUS = [f"D-COLA-{n:03d}" for n in range(40)]
PAGE = ROOT / "docs" / "api-sums.md"
OPEN, OVER = 20, 1_500
"""Alerts that are open, and episodes that are over: fifty a day."""


def sold(units: int) -> dict[str, Any]:
    return {"vends": units, "units": units, "revenue": {"EUR": units * 150}, "tax": {"EUR": units * 24}}


def figures(*, products: bool) -> dict[str, Any]:
    """A day of a part of the fleet that sells at every hour."""
    told = sold(900) | {"hours": {f"{hour:02d}": sold(40) for hour in range(24)}}
    told |= {"payments": {way: sold(300) for way in ("cash", "cashless", "mobile")}}
    return told | ({"skus": {sku: sold(30) for sku in SKUS}} if products else {})


def summary(kind: type[Summary], scope: str, day: str, children: int, told: dict[str, Any]) -> dict[str, Any]:
    parts = {f"{n:x}": [1, told] for n in range(children)}
    facts: dict[str, Any] = {"date": day, "rev": 1, "children": parts}
    return kind(id=tree.day_id(day), scope=scope, **facts).dump()


def stored_days(day: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(container, key, body): a fleet of sixteen regions, a site of ten machines, one machine."""
    products = {"skus": {sku: sold(30) for sku in SKUS}}
    machine: dict[str, Any] = {
        "sites": ["s1"],
        "window": [0, 1],
        "pages": 1,
        "catalog_version": 1,
        "version": 1,
    }
    own = MachineDay(
        id=tree.day_id(day), machine_id="m1", date=day, rev=1, figures=figures(products=True), **machine
    )
    return [
        ("fleet", "fleet", summary(FleetDay, "fleet", day, 16, figures(products=False))),
        ("fleet", "products", summary(ProductsDay, "products", day, 16, products)),
        ("fleet", "site:s1", summary(SiteDay, "site:s1", day, 10, figures(products=True))),
        ("machines", "m1", own.dump()),
    ]


def stored_alerts() -> list[dict[str, Any]]:
    """On a hundred machines; the newest episode is an hour old."""
    now = millis(NOW)
    facts: dict[str, Any] = {"rule": "sold-out", "detail": {"onHand": 0, "capacity": 12}}
    each: dict[str, Any] = {"outbox": [], "pending": False, "evaluated_on": [7], "state": "open"}
    held: list[Alert | Episode] = [
        Alert(
            id=f"current:sold-out:A{n}",
            machine_id=f"m{n}",
            component=f"A{n}",
            episode=4,
            since=now - n,
            **each,
            **facts,
        )
        for n in range(OPEN)
    ]
    held += [
        Episode(
            id=f"episode:sold-out:A{n % 100}:{n // 100 + 1}",
            machine_id=f"m{n % 100}",
            component=f"A{n % 100}",
            episode=n // 100 + 1,
            opened=now - n * 1_728_000 - 7_200_000,
            closed=now - n * 1_728_000 - 3_600_000,
            ended=Ending(how="evidence"),
            **facts,
        )
        for n in range(OVER)
    ]
    return [one.dump() for one in held]


@pytest.fixture
async def containers(client: CosmosClient) -> dict[str, CosmosDocuments]:
    """As they are provisioned, with a fortnight of days and a month of alerts."""
    database = client.get_database_client(DATABASE)
    found: dict[str, CosmosDocuments] = {}
    for name in READ:
        container = await database.create_container(
            f"c{next(NAMES)}", PartitionKey(CONTAINERS[name]), indexing_policy=indexing_policy(name)
        )
        found[name] = CosmosDocuments(container, CONTAINERS[name].removeprefix("/"))
    for back in range(14):
        for container_name, key, body in stored_days(shift(TODAY, -back)):
            await found[container_name].write(key, [Put(body)])
    for body in stored_alerts():
        await found["alerts"].write(body["machineId"], [Put(body)])
    return found


def stores(containers: dict[str, CosmosDocuments]) -> ViewStores:
    """Of an instance that remembers nothing."""
    _, conditions, alerts, _, catalog = (containers[name] for name in READ)
    machines, fleet = days_of(containers)
    return ViewStores(machines, conditions, alerts, fleet, catalog)


def days_of(containers: dict[str, CosmosDocuments]) -> list[CurrentDays]:
    """Machines and the fleet as the app reads them."""
    fleet = PackedDocuments(containers["fleet"], "early")
    current = partial(CurrentDays, fleet=fleet, catalog=containers["catalog"], clock=lambda: NOW)
    return [current(containers["machines"]), current(fleet)]


async def test_sums_cost_a_few_request_units_a_day(containers: dict[str, CosmosDocuments]) -> None:
    """A week beside the week before, as the estimate of the local server has it."""

    async def cost(**facts: Any) -> Cost:
        read = StoredDays(*days_of(containers))
        kept = stores(containers)
        await days(kept, read, SumQuery(first=TODAY, last=TODAY), "Etc/UTC", NOW)  # what an instance keeps
        with metered() as spent:
            found = await days(kept, read, SumQuery(**facts), "Etc/UTC", NOW)
        assert found
        assert found.total.units > 0
        return spent

    spent = {
        "the fleet's week": await cost(scope=FLEET),
        "the same by product": await cost(scope=FLEET, by="product"),
        "a site's, by product": await cost(scope=Scope("site", "s1"), by="product"),
        "a machine's, by hour": await cost(scope=Scope("machine", "m1"), by="hour"),
    }
    assert spent["the fleet's week"].requests == 14
    check(spent)


async def test_alerts_cost_what_they_show_and_not_what_there_is(
    containers: dict[str, CosmosDocuments],
) -> None:
    async def cost(query: AlertQuery) -> tuple[AlertPage, Cost]:
        with metered() as spent:
            return await alert_list.alerts(stores(containers), query, NOW), spent

    lists = {
        "20 open alerts": AlertQuery(),
        "the newest 100 that are over": AlertQuery(state="closed"),
        "by hand, of which there are none": AlertQuery(state="resolved"),
        "15 that are over, of a machine": AlertQuery(state="closed", machine="m7"),
    }
    spent: dict[str, Cost] = {}
    for name, query in lists.items():
        page, spent[name] = await cost(query)
        expected = {AlertQuery(): OPEN, lists["the newest 100 that are over"]: 100}
        assert len(page.alerts) == expected.get(query, OVER // 100 if query.machine else 0), name
    with metered() as spent["one alert"]:
        whole = await one_alert.alert(stores(containers), "m7", "sold-out:A7", NOW)
    assert whole
    assert [one.episode for one in whole.answer.episodes] == [3, 2, 1]
    check(spent)


def check(spent: Mapping[str, Cost]) -> None:
    """The document says so, within a tenth."""
    told = dict(re.findall(r"^\| ([^|]+) \| (\d+) \|$", PAGE.read_text(), re.MULTILINE))
    found = {name: round(cost.units) for name, cost in spent.items()}
    for name, units in found.items():
        assert abs(units - int(told[name])) <= 2 + units / 10, f"{name}: measured are {found}"
