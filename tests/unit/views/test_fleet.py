"""The fleet's summary, from events that went through ingest and rollups."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.support.plain import fleet
from tests.support.rollup_world import World, event, failure, vend, view_stores
from vending.errors import Transient
from vending.ports import Put
from vending.recent import Recent
from vending.rollups import breakdowns, machine_days, tree
from vending.rollups.breakdowns import PRODUCTS
from vending.rollups.tree import OTHER
from vending.time import millis
from vending.views.stores import EACH_MACHINE
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
HOUR = 3_600_000


@pytest.fixture
def world() -> World:
    return World(NOW)


async def summary(world: World, day: str | None = None, zone: str = "Etc/UTC") -> dict[str, Any]:
    found: dict[str, Any] = await fleet.summary(view_stores(world), zone, day, NOW)
    return found


async def test_an_empty_fleet_has_all_its_fields(world: World) -> None:
    found = await summary(world)
    assert found["date"] == "2026-03-02"
    assert found["machines"] == {
        "total": 0, "online": 0, "silent": 0, "imported": 0, "never": 0, "faulty": 0, "newestEvent": None,
    }  # fmt: skip
    assert found["alerts"]["open"] == 0
    assert found["day"]["revenue"] == {}
    assert [day["date"] for day in found["days"]] == [f"2026-02-{day}" for day in range(23, 29)] + [
        "2026-03-01",
        "2026-03-02",
    ]
    assert [hour["hour"] for hour in found["hours"]] == [f"{hour:02d}" for hour in range(24)]
    assert (found["topProducts"], found["categories"], found["defective"]) == ([], [], 0)
    assert found["day"]["computedAt"] is None


async def test_a_day_that_was_begun_and_counts_nothing_yet_was_never_computed(world: World) -> None:
    """As a worker leaves it that dies between the two."""
    day = tree.empty(tree.FLEET, f"{NOW:%Y-%m-%d}")
    await world.fleet.write(tree.FLEET, [Put(day.dump())])
    found = await summary(world)
    assert (found["day"]["units"], found["day"]["computedAt"]) == (0, None)


async def test_sales_of_today_and_before_by_currency(world: World) -> None:
    at = millis(NOW)
    # The machines of this world live in New York: 12:00 UTC is 07:00 there.
    await world.arrive(
        [
            vend("m1", 1, at - 24 * HOUR, paidMinor=100),
            vend("m1", 2, at - 2 * HOUR, paidMinor=110, quantity=2),
            vend("m2", 1, at, paidMinor=120),
            vend("m2", 2, at, paidMinor=90, currency="USD"),
            vend("m2", 3, at, paidMinor=0, paymentMethod="free"),
            failure("m2", 4, at),
        ]
    )
    await world.tick()
    found = await summary(world, zone="America/New_York")
    counts = {"vends": 3, "units": 4, "free": 1, "test": 0, "failures": 1}
    told = {"date": "2026-03-02", "computedAt": "2026-03-02T12:00:00.000Z"}
    assert found["day"] == told | {"revenue": {"EUR": 230, "USD": 90}} | counts
    assert found["days"][-2]["revenue"] == {"EUR": 100}
    hours = {hour["hour"]: hour["revenue"] for hour in found["hours"] if hour["vends"]}
    assert hours == {"05": {"EUR": 110}, "07": {"EUR": 120, "USD": 90}}


async def test_another_day_than_today(world: World) -> None:
    await world.arrive([vend("m1", 1, millis(NOW - timedelta(days=400)))])
    await world.tick()
    found = await summary(world, day="2025-01-26")
    assert found["day"]["revenue"] == {"EUR": 150}
    assert found["days"][-1]["date"] == "2025-01-26"
    assert (await summary(world))["day"]["revenue"] == {}


async def test_top_products_have_the_names_of_the_catalog(world: World) -> None:
    facts = {"type": "product", "schema": 1, "version": 1}
    await world.catalog.write(
        "product", [Put({"id": "cola", "kind": "product", "name": "Cola 0.33 l"} | facts)]
    )
    sold = [("cola", 3), ("nuts", 4), ("water", 3)]
    vends = [(sku, number) for sku, count in sold for number in range(count)]
    await world.arrive(
        [vend("m1", at, millis(NOW), sku=sku) for at, (sku, _) in enumerate(vends, start=1)]
        + [vend("m2", 1, millis(NOW), product="Fudge")]
    )
    await world.tick()
    top = (await summary(world))["topProducts"]
    assert [(one["name"], one["units"]) for one in top] == [
        ("nuts", 4),
        ("Cola 0.33 l", 3),
        ("water", 3),
        ("Fudge", 1),
    ]
    assert top[0]["revenue"] == {"EUR": 600}


async def test_categories_are_those_of_the_catalog(world: World) -> None:
    parts = {
        "products": [
            {"sku": "cola", "name": "Cola", "category": "drinks"},
            {"sku": "tea", "name": "Tea", "category": "drinks"},
            {"sku": "nuts", "name": "Nuts"},
        ]
    }
    await import_catalog(msgspec.convert(parts, CatalogFile), world.catalog)
    sold = ["cola", "cola", "tea", "nuts", "crisps"]
    await world.arrive([vend("m1", n, millis(NOW), sku=sku) for n, sku in enumerate(sold, start=1)])
    await world.tick()
    assert (await summary(world))["categories"] == [
        {"category": "drinks", "units": 3, "revenue": {"EUR": 450}},
        {"category": "unknown", "units": 2, "revenue": {"EUR": 300}},
    ]


async def test_products_that_are_not_told_apart_are_told_as_such(world: World) -> None:
    """More than a day keeps by name: the rest is no product of the ranking, and its sum is there."""
    skus = [f"sku-{n:03d}" for n in range(PRODUCTS + 50)]
    await world.arrive([vend("m1", n, millis(NOW), sku=sku) for n, sku in enumerate(skus, start=1)])
    await world.tick()
    found = await summary(world)
    assert [one["sku"] for one in found["topProducts"]] == skus[:10]
    sold = {"vends": 50, "units": 50, "free": 0, "test": 0, "failures": 0, "revenue": {"EUR": 50 * 150}}
    assert found["otherProducts"] == sold
    assert {one["category"]: one["units"] for one in found["categories"]} == {"unknown": 200, OTHER: 50}
    assert found["day"]["units"] == PRODUCTS + 50


async def test_hours_that_are_not_told_apart_stand_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breakdowns, "BUDGET", 700)
    await world.arrive([vend(f"m{n}", 1, millis(NOW)) for n in range(40)])
    await world.close()
    found = await summary(world, zone="America/New_York")
    assert len(found["hours"]) == 25
    assert found["hours"][-1]["hour"] == OTHER
    assert sum(hour["units"] for hour in found["hours"]) == found["day"]["units"] == 40


async def test_machines_whose_days_a_defect_keeps_are_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.arrive([vend(machine, 1, millis(NOW)) for machine in ("m1", "m2")])
    with monkeypatch.context() as patched:
        patched.setattr(machine_days, "figures", lambda *_: 1 // 0)
        await world.tick()
    assert (await summary(world))["defective"] == 2
    world.now += timedelta(hours=1)
    await world.tick()
    found = await summary(world)
    assert (found["defective"], found["day"]["vends"]) == (0, 2)


async def test_machines_by_state_and_how_fresh_the_events_are(world: World) -> None:
    at = millis(NOW)
    fault = event("m2", 1, at - HOUR - 1, "fault.raised", {"component": "coin", "code": "EAR"})
    imported = vend("m3", 1, at + HOUR) | {"clocksync": "import"}
    await world.arrive([vend("m1", 1, at - 5_000), fault, imported])
    assert (await summary(world))["machines"] == {
        "total": 3, "online": 1, "silent": 1, "imported": 1, "never": 0, "faulty": 1,
        "newestEvent": "2026-03-02T11:59:55.000Z",
    }  # fmt: skip


async def test_the_summary_costs_the_same_for_any_number_of_machines(world: World) -> None:
    await world.arrive([vend(f"m{number}", 1, millis(NOW)) for number in range(200)])
    await world.tick()
    everything = [world.machines, world.conditions, world.fleet, world.catalog]
    before = [store.requests for store in everything]
    shared = view_stores(world)
    for _ in range(4):
        await fleet.summary(shared, "Etc/UTC", None, NOW)
    # No machine's own; conditions listed and read once; eight fleet days, a products day and the defective
    # machines once; the catalog's version, its machines and its
    # products once.
    spent = [store.requests - had for store, had in zip(everything, before, strict=True)]
    assert spent == [0, 2, 10, 3]


async def test_a_value_is_read_again_after_two_seconds_and_never_kept_after_a_failure() -> None:
    recent, calls = Recent(), iter([Transient("away"), "one", "two"])

    async def load() -> Any:
        value = next(calls)
        if isinstance(value, Exception):
            raise value
        return value

    with pytest.raises(Transient):
        await recent.get("name", NOW, load)
    assert await recent.get("name", NOW, load) == "one"
    assert await recent.get("name", NOW + timedelta(seconds=1.9), load) == "one"
    assert await recent.get("name", NOW + timedelta(seconds=2), load) == "two"


async def test_conditions_that_did_not_move_are_not_read_again(world: World) -> None:
    at = millis(NOW)
    await world.arrive([vend("m1", 1, at)])
    shared = view_stores(world)
    for seconds, requests in ((0, 2), (2, 1), (4, 1)):
        before = world.conditions.requests
        found = await fleet.summary(shared, "Etc/UTC", None, NOW + timedelta(seconds=seconds))
        assert world.conditions.requests - before == requests
        assert found["machines"]["total"] == 1
    await world.arrive([vend("m2", 1, at)])
    found = await fleet.summary(shared, "Etc/UTC", None, NOW + timedelta(seconds=6))
    assert found["machines"]["total"] == 2


async def test_at_midnight_yesterdays_figures_are_not_todays(world: World) -> None:
    before = NOW.replace(hour=23, minute=59, second=59)
    await world.arrive([vend("m1", 1, millis(NOW))])
    await world.tick()
    shared = view_stores(world)
    old = await fleet.summary(shared, "Etc/UTC", None, before)
    new = await fleet.summary(shared, "Etc/UTC", None, before + timedelta(seconds=1))
    assert (old["day"]["date"], old["day"]["vends"]) == ("2026-03-02", 1)
    assert (new["day"]["date"], new["day"]["vends"]) == ("2026-03-03", 0)


async def test_what_cannot_be_read_is_counted_and_hides_nothing_else(world: World) -> None:
    at = millis(NOW)
    await world.arrive([vend("m1", 1, at), vend("m1", 2, at - 24 * HOUR)])
    await world.tick()
    held = view_stores(world)
    raised = {"id": "current:silent:machine", "machineId": "m1", "type": "alert", "state": "open"}
    world.conditions.put({"id": "1:0", "type": "conditions", "schema": 2, "machines": 7})
    world.fleet.damage("fleet", "day:2026-03-01", children=7)
    held.alerts.put(raised | {"schema": 1})  # type: ignore[attr-defined]
    found = await fleet.summary(held, "Etc/UTC", None, NOW)
    assert (found["machines"]["total"], found["day"]["units"], found["alerts"]["open"]) == (1, 1, 0)
    assert (found["days"][-2]["units"], found["days"][-2]["computedAt"]) == (0, None)
    assert found["defective"] == 3


async def test_what_is_dear_is_kept_longer() -> None:
    recent, calls = Recent(), 0

    async def load() -> int:
        nonlocal calls
        calls += 1
        return 100_000

    for second in (0, 9.9, 10):
        now = NOW + timedelta(seconds=second)
        await recent.get("all", now, load, lambda rows: rows * EACH_MACHINE)
    assert calls == 2
    for second in (0, 1.9, 2):
        await recent.get("few", NOW + timedelta(seconds=second), load, lambda _: EACH_MACHINE)
    assert calls == 4
