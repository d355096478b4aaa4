"""What the API says of machines, from events that went through ingest and rollups."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import to_builtins

from tests.support.plain import machines
from tests.support.rollup_world import World, event, failure, ms, vend, view_stores
from vendctl import deployed
from vending.ports import Put
from vending.time import millis
from vending.views import places
from vending.views.machine_list import MachineQuery, machine_list
from vending.views.paging import Place
from vending.views.stores import ViewStores

NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")


@pytest.fixture
def world() -> World:
    return World(NOW)


async def place(world: World, machine: str, site: str, zone: str = "Etc/UTC") -> None:
    if await world.catalog.read("site", site) is None:
        facts = {"type": "site", "schema": 1, "version": 1, "name": site, "timeZone": zone, "route": ""}
        await world.catalog.write("site", [Put({"id": site, "kind": "site"} | facts)])
    facts = {"type": "machine", "schema": 1, "version": 1, "site": site, "placements": [["", site]]}
    await world.catalog.write("machine", [Put({"id": machine, "kind": "machine"} | facts)])


async def listed(stores: ViewStores, query: MachineQuery, now: datetime) -> dict[str, Any]:
    page: dict[str, Any] = to_builtins(await machine_list(stores, query, now))
    return page


def ids(page: dict[str, Any]) -> list[str]:
    return [row["machineId"] for row in page["machines"]]


async def test_pages_hold_every_machine_once_in_order(world: World) -> None:
    at = millis(NOW)
    await world.arrive([vend(f"m{number}", 1, at) for number in range(7)])
    found: list[str] = []
    after = None
    for _ in range(3):
        page = await listed(view_stores(world), MachineQuery(limit=3, after=after), NOW)
        assert page["total"] == 7
        found += ids(page)
        after = page["next"] and Place(page["next"], page["next"])
    assert found == [f"m{number}" for number in range(7)]
    assert after is None


async def test_no_machine_is_an_empty_page(world: World) -> None:
    page = await listed(view_stores(world), MachineQuery(), NOW)
    assert page == {"machines": [], "next": None, "total": 0}


async def test_a_row_says_how_the_machine_is_and_what_it_holds(world: World) -> None:
    at = millis(NOW)
    levels = [{"selection": "A1", "level": 1, "capacity": 8}, {"selection": "A2", "level": 6, "capacity": 8}]
    await world.arrive(
        [
            event("m1", 1, at, "inventory.level", {"selections": levels}),
            vend("m1", 2, at) | {"ledgersequence": 1},
            vend("m1", 5, at, paidMinor=200) | {"ledgersequence": 4},
            event("m1", 3, at, "door", {"open": True}),
            event("m1", 4, at, "fault.raised", {"component": "coin", "code": "EAR"}),
        ]
    )
    (row,) = (await listed(view_stores(world), MachineQuery(), NOW))["machines"]
    assert row == {
        "machineId": "m1",
        "name": "m1",
        "site": None,
        "siteName": None,
        "route": None,
        "state": "online",
        "lastSeen": "2026-03-02T12:00:00.000Z",
        "temperatures": [],
        "faults": [{"component": "coin", "code": "EAR", "at": "2026-03-02T12:00:00.000Z"}],
        "doorOpen": True,
        "power": None,
        "soldOut": ["A1"],
        "onHand": 6,
        "capacity": 16,
        "totals": {
            "vends": 2, "units": 2, "free": 0, "test": 0, "failures": 0, "restocks": 0, "collections": 0,
            "revenue": {"EUR": 350},
        },
        "lastVend": "2026-03-02T12:00:00.000Z",
        "missingLedgerNumbers": 2,
        "lostLedgerNumbers": 0,
        "alerts": 0,
        "rules": [],
    }  # fmt: skip


async def test_a_machine_of_the_catalog_that_never_reported_is_in_the_list(world: World) -> None:
    """The newly installed machine that does not connect is the one that an installer looks for."""
    await place(world, "m2", "mall")
    await world.arrive([vend("m1", 1, millis(NOW))])
    page = await listed(view_stores(world), MachineQuery(), NOW)
    assert [(row["machineId"], row["site"], row["state"], row["lastSeen"]) for row in page["machines"]] == [
        ("m1", None, "online", "2026-03-02T12:00:00.000Z"),
        ("m2", "mall", "never", None),
    ]
    never = await listed(view_stores(world), MachineQuery(state="never"), NOW)
    assert (ids(never), never["total"]) == (["m2"], 1)
    placed = await listed(view_stores(world), MachineQuery(placed=True), NOW)
    assert (ids(placed), placed["total"]) == (["m2"], 1)
    found = await machines.machine(view_stores(world), "m2", "Etc/UTC", NOW)
    assert found
    assert (found["site"], found["condition"]["state"], found["slots"]) == ("mall", "never", [])
    assert await machines.machine(view_stores(world), "m3", "Etc/UTC", NOW) is None


async def test_the_machine_of_the_deployments_test_is_none_of_the_fleet(world: World) -> None:
    assert places.SMOKE_MACHINE == deployed.MACHINE
    await world.arrive([vend(deployed.MACHINE, 1, millis(NOW)), vend("m1", 1, millis(NOW))])
    page = await listed(view_stores(world), MachineQuery(), NOW)
    assert (ids(page), page["total"]) == (["m1"], 1)
    assert await machines.machine(view_stores(world), deployed.MACHINE, "Etc/UTC", NOW)


async def test_a_machine_is_silent_after_an_hour(world: World) -> None:
    await world.arrive([vend("m1", 1, millis(NOW)), vend("m2", 1, millis(NOW - timedelta(minutes=30)))])
    for later, online in ((0, ["m1", "m2"]), (60, ["m1"]), (61, [])):
        page = await listed(view_stores(world), MachineQuery(state="online"), NOW + timedelta(minutes=later))
        assert ids(page) == online


async def test_the_limit_of_silence_is_the_apps_setting(world: World) -> None:
    await world.arrive([vend("m1", 1, millis(NOW))])
    limits = replace(view_stores(world), silent_after=timedelta(minutes=5))
    for minutes, state in ((5, "online"), (6, "silent")):
        found = await machines.machine(limits, "m1", "Etc/UTC", NOW + timedelta(minutes=minutes))
        assert found is not None
        assert found["condition"]["state"] == state


async def test_an_imported_machine_is_neither_online_nor_silent(world: World) -> None:
    await world.arrive([vend("m1", 1, millis(NOW)) | {"clocksync": "import"}, vend("m2", 1, millis(NOW))])
    page = await listed(view_stores(world), MachineQuery(state="imported"), NOW)
    assert ids(page) == ["m1"]


async def test_a_slot_that_is_switched_off_is_not_sold_out(world: World) -> None:
    levels = [{"selection": "A1", "level": 0, "capacity": 0}, {"selection": "A2", "level": 0}]
    await world.arrive([event("m1", 1, millis(NOW), "inventory.level", {"selections": levels})])
    (row,) = (await listed(view_stores(world), MachineQuery(), NOW))["machines"]
    assert row["soldOut"] == ["A2"]


async def test_machines_of_a_site_far_apart_in_the_fleet_have_their_own_stock(world: World) -> None:
    await world.arrive([vend(f"m{number}", 1, millis(NOW), paidMinor=number) for number in range(10, 99)])
    for machine in ("m10", "m98"):
        await place(world, machine, "depot")
    asked: list[str] = []
    world.machines.fault = lambda operation, key: asked.append(f"{operation} {key}")
    page = await listed(view_stores(world), MachineQuery(site="depot"), NOW)
    assert asked == ["read m10", "read m98"]
    assert [(row["machineId"], row["totals"]["revenue"]["EUR"]) for row in page["machines"]] == [
        ("m10", 10),
        ("m98", 98),
    ]
    assert page["total"] == 2


async def test_a_page_costs_no_read_per_machine(world: World) -> None:
    await world.arrive([vend(f"m{number}", 1, millis(NOW)) for number in range(100, 300)])
    before = world.machines.requests + world.conditions.requests + world.catalog.requests
    shared = view_stores(world)
    for _ in range(5):
        await listed(shared, MachineQuery(), NOW)
    # Once: conditions (list, document), the catalog (version, machines, sites). Each time: a query of stock.
    after = world.machines.requests + world.conditions.requests + world.catalog.requests
    assert after - before == 5 + 5


async def test_a_new_catalog_version_moves_the_machine(world: World) -> None:
    await world.arrive([vend("m1", 1, millis(NOW))])
    shared = view_stores(world)
    assert (await listed(shared, MachineQuery(), NOW))["machines"][0]["site"] is None
    await place(world, "m1", "depot")
    await world.catalog.write(
        "version", [Put({"id": "version", "kind": "version", "type": "version", "schema": 1, "number": 1})]
    )
    later = NOW + timedelta(seconds=2)
    assert (await listed(shared, MachineQuery(), later))["machines"][0]["site"] == "depot"


async def test_one_machine_with_its_day_by_the_clock_of_its_site(world: World) -> None:
    await place(world, "m1", "harbour", "Pacific/Auckland")
    world.now = NOW
    at = ms("2026-03-03T00:30", "Pacific/Auckland")
    await world.arrive([vend("m1", 1, at), vend("m1", 2, at - 3_600_000), failure("m1", 4, at)])
    await world.tick()
    found = await machines.machine(view_stores(world), "m1", "Etc/UTC", NOW)
    assert found is not None
    assert found["site"] == "harbour"
    assert found["day"]["date"] == "2026-03-03"
    assert (found["day"]["figures"]["vends"], found["day"]["figures"]["failures"]) == (1, 1)
    assert found["totals"]["vends"] == 2
    assert found["holes"] == [{"device": "dev-m1", "epoch": 1, "missing": [[3, 3]]}]
    assert found["lost"] == {"holes": 0, "numbers": 0, "epochs": 0, "at": None}
    assert found["condition"]["state"] == "online"


async def test_what_was_given_up_is_told_and_all_that_is_missing_is_counted(world: World) -> None:
    """The list shows a hundred holes; the count stopped there too."""
    at = millis(NOW)
    await world.arrive([vend("m1", n, at) | {"ledgersequence": 2 * n} for n in range(1, 1003)])
    (row,) = (await listed(view_stores(world), MachineQuery(), NOW))["machines"]
    assert (row["missingLedgerNumbers"], row["lostLedgerNumbers"]) == (1000, 2)
    found = await machines.machine(view_stores(world), "m1", "Etc/UTC", NOW)
    assert found is not None
    assert (found["lost"]["holes"], found["lost"]["numbers"], found["lost"]["epochs"]) == (2, 2, 0)
    assert found["lost"]["at"] is not None
    assert len(found["holes"][0]["missing"]) == 100


async def test_a_past_day_says_how_it_was_corrected(world: World) -> None:
    at, shared = millis(NOW), view_stores(world)
    await world.arrive([vend("m1", 1, at)])
    await world.tick()
    world.now = NOW + timedelta(days=3)
    await world.arrive([vend("m1", 2, at + 1, quantity=2)])
    await world.tick()
    found = await machines.machine(shared, "m1", "Etc/UTC", world.now, "2026-03-02")
    assert found is not None
    day = found["day"]
    assert (day["date"], day["figures"]["units"], day["version"], day["lateUnits"]) == ("2026-03-02", 3, 2, 2)
    assert day["closed"] == {"at": "2026-03-03T07:00:00.000Z", "vends": 1, "units": 1}
    assert day["computedAt"] == "2026-03-05T12:00:00.000Z"
    today = await machines.machine(shared, "m1", "Etc/UTC", world.now)
    assert today is not None
    assert today["day"] is None


async def test_a_machine_that_only_reported_readings_is_there(world: World) -> None:
    at = millis(NOW)
    await world.arrive(
        [
            event("m1", 1, at - 1_200_000, "temperature", {"zone": "main", "celsius": 4.0}),
            event("m1", 2, at, "temperature", {"zone": "main", "celsius": 9.5}),
        ]
    )
    found = await machines.machine(view_stores(world), "m1", "Etc/UTC", NOW)
    assert found is not None
    assert found["condition"]["temperatures"] == [
        {"zone": "main", "celsius": 9.5, "at": "2026-03-02T12:00:00.000Z", "warmForS": 1200}
    ]
    assert found["slots"] == []
    assert found["day"] is None


async def test_an_unknown_machine_is_none(world: World) -> None:
    await world.arrive([vend("m1", 1, millis(NOW))])
    assert await machines.machine(view_stores(world), "m2", "Etc/UTC", NOW) is None
    assert await machines.sales(view_stores(world), "m2", None, None) is None


async def test_sales_without_bounds_are_the_day_before_the_last_one(world: World) -> None:
    at = millis(NOW)
    day = 86_400_000
    await world.arrive([vend("m1", 1, at - day - 1), vend("m1", 2, at - day + 1), failure("m1", 3, at)])
    found = await machines.sales(view_stores(world), "m1", None, None)
    assert found is not None
    assert [(line["kind"], line["ledger"]) for line in found["sales"]] == [("failure", 3), ("vend", 2)]
    assert not found["truncated"]


async def test_sales_between_bounds_hold_the_first_and_not_the_last_instant(world: World) -> None:
    at = millis(NOW)
    await world.arrive([vend("m1", number, at + number) for number in range(1, 6)])
    first, last = (NOW + timedelta(milliseconds=number) for number in (2, 4))
    found = await machines.sales(view_stores(world), "m1", first, last)
    assert found is not None
    assert [line["ledger"] for line in found["sales"]] == [3, 2]
    assert (found["from"], found["to"]) == ("2026-03-02T12:00:00.002Z", "2026-03-02T12:00:00.004Z")


async def test_more_sales_than_an_answer_holds_are_said_to_be_more(world: World) -> None:
    at = millis(NOW)
    await world.arrive([vend("m1", number, at + number) for number in range(1, 502)])
    found = await machines.sales(view_stores(world), "m1", None, None)
    assert found is not None
    assert found["truncated"]
    assert [line["ledger"] for line in found["sales"]] == list(range(501, 1, -1))


@pytest.mark.parametrize("spread", [False, True], ids=["one query", "point reads"])
async def test_a_stock_that_cannot_be_read_is_told_in_its_row(world: World, spread: bool) -> None:
    shown = ("m1", "m5", "m9")
    await world.arrive([vend(f"m{number}", 1, millis(NOW)) for number in range(10)])
    for machine in shown if spread else [f"m{number}" for number in range(10)]:
        await place(world, machine, "north")
    world.machines.damage("m5", "stock", rev="many")
    page = await listed(view_stores(world), MachineQuery(placed=True), NOW)
    rows = {row["machineId"]: row for row in page["machines"]}
    assert {machine for machine, row in rows.items() if row.get("defective")} == {"m5"}
    assert (rows["m5"]["totals"]["units"], rows["m9"]["totals"]["units"]) == (0, 1)
