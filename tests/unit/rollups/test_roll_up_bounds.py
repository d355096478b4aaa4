"""Days and summaries have a bound: nothing that a device says can make a document too large, and sums stay
exact. The container here refuses what Cosmos DB refuses, with its 413."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.cosmos.exceptions import CosmosHttpResponseError

from tests.support.fakes import FakeDocuments
from tests.support.rollup_world import Invocation, World, ms, vend
from tests.support.watched import Call, watched
from vendctl.operations.compare_rebuilt import State, compare
from vending.catalog.assignments import Assignment, unassigned
from vending.documents.base import load
from vending.documents.catalog import CatalogVersion
from vending.documents.days import Day, MachineDay, Summary
from vending.documents.pages import Line
from vending.ports import Put
from vending.rollups import breakdowns, shard, tree
from vending.rollups.machine_days import figures
from vending.rollups.tree import OTHER
from vending.state import ledger

ITEM = 2 * 1024 * 1024
"""Bytes: the limit of the service (docs "Azure Cosmos DB service quotas": 2 MB, UTF-8 length of the JSON)."""
DAY = "2026-11-16"
NOON = ms(f"{DAY}T12:00:00", "America/New_York")


def refused(taken: int) -> Exception:
    """As the SDK raises it."""
    fault: Any = CosmosHttpResponseError
    error: Exception = fault(413, f"Request size is too large: {taken} bytes, the limit is {ITEM}.")
    return error


async def limited(operation: str, call: Call, *arguments: Any) -> Any:
    """A container takes no more than the real one does."""
    if operation == "write":
        for put in arguments[1]:
            if (taken := breakdowns.size(put.body)) > ITEM:
                raise refused(taken)
    return await call(*arguments)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Its shards take a whole day at once: what is written is the same, in fewer turns."""
    monkeypatch.setattr(shard, "LINES", 1_000_000)
    return World(
        datetime(2026, 11, 20, 12, tzinfo=UTC),
        machines=watched(FakeDocuments("machineId"), limited),
        fleet=watched(FakeDocuments("scope"), limited),
    )


def line(number: int, sku: str) -> Line:
    return {
        "ledger": number, "sequence": number, "kind": "vend", "at": NOON + number, "quality": "device",
        "digest": "0", "selection": "A1", "quantity": 1, "paidMinor": 150, "taxMinor": 24, "currency": "EUR",
        "payment": "cash", "sku": sku,
    }  # fmt: skip


async def sells(world: World, machine: str, skus: Sequence[str]) -> None:
    """One vend of each, as ingest writes them."""
    lines = [(f"dev-{machine}", 1, line(number, sku)) for number, sku in enumerate(skus, 1)]
    for page in ledger.pages(machine, lines):
        await world.machines.write(machine, [Put(page.dump())])


async def tick(world: World) -> None:
    """As :meth:`World.tick`, undisturbed and in larger steps."""
    stores = world.stores(Invocation(world.random))
    plain = type(stores)(world.machines, world.machines, world.fleet, stores.catalog, world.queue)
    for number in (0, 1):
        await world.queue.send({"shard": number})
    while world.queue.messages:
        await shard.roll_up_shard(world.queue.messages.pop(0), world.now, plain)


def summary(world: World, scope: str) -> dict[str, Any]:
    return tree.total(load(world.fleet.items[scope, f"day:{DAY}"][1], Day))


def noted(world: World) -> list[str]:
    return [body["id"] for body in world.fleet.bodies("rework")]


def whole(vends: int) -> dict[str, Any]:
    return {"vends": vends, "units": vends, "revenue": {"EUR": 150 * vends}, "tax": {"EUR": 24 * vends}}


def summed(part: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for value in part.values():
        tree.add(result, value)
    return result


def check(world: World, vends: dict[str, int]) -> None:
    """Every machine has its day, every level its exact sums, nothing is noted, nothing too large."""
    days = {body["machineId"]: body["figures"] for body in world.machines.bodies("day")}
    assert {machine: day["units"] for machine, day in days.items()} == vends
    fleet, products = summary(world, tree.FLEET), summary(world, tree.PRODUCTS)
    assert {name: fleet[name] for name in ("vends", "units", "revenue", "tax")} == whole(sum(vends.values()))
    assert summed(products["skus"]) == whole(sum(vends.values()))
    by_region: dict[str, int] = {}
    for machine, sold in vends.items():
        region = tree.area(unassigned(machine, "Etc/UTC").id)[0]
        by_region[region] = by_region.get(region, 0) + sold
    for region, sold in by_region.items():
        found = summary(world, f"region:{region}")
        assert found["units"] == sold
        assert all(summed(found[part])["units"] == sold for part in ("skus", "hours", "payments"))
    assert noted(world) == []
    sizes = [breakdowns.size(body) for _, body in world.fleet.items.values()]
    assert max(sizes) <= breakdowns.BUDGET


def over_regions(most: int) -> list[list[str]]:
    """For each region as many machines, which nobody assigned."""
    found: dict[str, list[str]] = {}
    number = 0
    while len(found) < 16 or any(len(machines) < most for machines in found.values()):
        name = f"vm-{number:05d}"
        machines = found.setdefault(tree.area(unassigned(name, "Etc/UTC").id)[0], [])
        if len(machines) < most:
            machines.append(name)
        number += 1
    return list(found.values())


async def test_two_thousand_products_in_sixteen_regions_are_counted(world: World) -> None:
    """An honest fleet: 128 machines, each with an eighth of 2,000 products, every region with all of them."""
    skus, vends = [f"SKU-{n:08d}" for n in range(2_000)], {}
    for machines in over_regions(8):
        for n, machine in enumerate(machines):
            await sells(world, machine, skus[250 * n : 250 * (n + 1)])
            vends[machine] = 250
    await tick(world)
    check(world, vends)
    found = summary(world, tree.PRODUCTS)["skus"]
    assert OTHER in found
    assert all(found[sku]["units"] <= 16 for sku in found.keys() - {OTHER})
    # As many as fit, and not one of a region more than another's.
    children = world.fleet.items[tree.PRODUCTS, f"day:{DAY}"][1]["children"]
    assert all(len(value["skus"]) > 1_000 for _, value in children.values())


async def test_ever_new_products_of_the_longest_names_cost_nobody_anything(world: World) -> None:
    """Six hostile machines, each vend of a product of its own; the honest ones sell beside and after them."""
    vends = {}
    for n in range(6):
        await sells(world, f"bomb-{n}", [f"{n}{k:063d}" for k in range(4_500)])
        vends[f"bomb-{n}"] = 4_500
    for n in range(6):
        await sells(world, f"vm-{n}", ["cola"] * 10)
        vends[f"vm-{n}"] = 10
    await tick(world)
    check(world, vends)
    for n in range(6, 12):
        await sells(world, f"vm-{n}", ["cola"] * 10)
        vends[f"vm-{n}"] = 10
    await tick(world)
    check(world, vends)
    days = {body["machineId"]: body["figures"] for body in world.machines.bodies("day")}
    assert len(days["bomb-0"]["skus"]) == breakdowns.PRODUCTS + 1
    assert days["bomb-0"]["skus"][OTHER] == whole(4_500 - breakdowns.PRODUCTS)
    assert max(map(breakdowns.size, days.values())) < 40_000
    assert days["vm-11"]["skus"] == {"cola": whole(10)}
    assert summary(world, tree.PRODUCTS)["skus"]["cola"] == whole(120)


async def test_a_site_of_six_hundred_machines_with_forty_products_each(world: World) -> None:
    """Some 480 such machines were too much for one document, and for that of their route."""
    facts = {"type": "site", "schema": 1, "version": 1, "affects": []}
    site = {"id": "airport", "kind": "site", "timeZone": "America/New_York", "route": "r1"} | facts
    world.catalog.items["site", "airport"] = (1, site)
    machines = [f"vm-{n:04d}" for n in range(600)]
    for machine in machines:
        placed = {"id": machine, "kind": "machine", "placements": [["", "airport"]]} | facts
        world.catalog.items["machine", machine] = (1, placed | {"type": "machine"})
    world.catalog.items["version", "version"] = (1, CatalogVersion(number=1).dump())
    for machine in machines:
        await sells(world, machine, [f"SKU-{n:08d}" for n in range(40)])
    await tick(world)
    for scope in ("site:airport", "route:r1", tree.FLEET):
        found = summary(world, scope)
        assert {name: found[name] for name in ("vends", "units", "revenue", "tax")} == whole(24_000)
    assert summed(summary(world, "site:airport")["skus"]) == whole(24_000)
    assert summed(summary(world, tree.PRODUCTS)["skus"]) == whole(24_000)
    assert noted(world) == []
    assert max(breakdowns.size(body) for _, body in world.fleet.items.values()) <= breakdowns.BUDGET


async def test_it_does_not_matter_in_which_order_machines_fill_a_summary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All at once, or one after the other in any order, some twice: the same names are kept everywhere."""
    monkeypatch.setattr(breakdowns, "BUDGET", 6_000)
    skus = [f"sku-{n:02d}" for n in range(40)]
    machines = [f"vm-{n}" for n in range(10)]
    found = []
    for order in (None, machines, machines[::-1], [*machines[5:], *machines[:5], *machines[:3]]):
        world = World(datetime(2026, 11, 20, 12, tzinfo=UTC))
        facts = {"type": "machine", "schema": 1, "version": 1, "affects": [], "kind": "machine"}
        site = facts | {"id": "north", "kind": "site", "type": "site", "timeZone": "America/New_York"}
        world.catalog.items["site", "north"] = (1, site)
        world.catalog.items["version", "version"] = (1, CatalogVersion(number=1).dump())
        for machine in machines:
            placed = {"id": machine, "placements": [["", "north"]]}
            world.catalog.items["machine", machine] = (1, facts | placed)
        for machine in order or machines:
            number = int(machine[3:])
            sold = [
                vend(machine, n, NOON, sku=sku, quantity=1 + n * (number + 1) % 7)
                for n, sku in enumerate(skus, 1)
            ]
            await world.arrive(sold)
            if order:
                await world.tick()
        await world.settle()
        assert all(breakdowns.size(body) <= 6_000 for body in _summaries(world))
        assert sum(tree.total(load(body, Day))["units"] for body in world.machines.bodies("day")) > 1_000
        found.append({body["scope"]: tree.total(load(body, Day)) for body in _summaries(world)})
    assert OTHER in found[0]["site:north"]["skus"]
    assert found[0] == found[1] == found[2] == found[3]


async def test_selections_that_only_ever_failed_fill_no_day() -> None:
    """A vend that fails may name any selection; those that hold goods stay, also if they only gave away."""
    common: Line = {
        "ledger": 1, "sequence": 1, "kind": "failure", "at": NOON, "quality": "device", "digest": "0",
    }  # fmt: skip
    lines = [common | {"selection": f"A{n:04d}"} for n in range(5_000)]
    free = line(1, "cola") | {"payment": "free", "selection": "Z9"}
    assignment = Assignment("m1", 0, (("", unassigned("m1", "America/New_York")),))
    found = figures([*lines, free, line(2, "tea")], assignment)
    assert len(found["selections"]) == breakdowns.SELECTIONS + 1
    assert found["selections"].keys() >= {"A1", "Z9", OTHER}
    assert summed(found["selections"])["failures"] == found["failures"] == 5_000


async def test_unknown_products_have_names_of_bounded_length_and_stay_apart() -> None:
    assignment = Assignment("m1", 0, (("", unassigned("m1", "America/New_York")),))
    names = ["Ü" * 120, "Ü" * 119 + "x", "Ü" * 64, "Nuts"]
    found = [assignment.sku({"at": NOON, "product": name}) for name in names]
    assert len(set(found)) == 4
    assert max(map(len, found)) <= len("unknown:") + 64
    assert found[2:] == ["unknown:" + "Ü" * 64, "unknown:Nuts"]


async def test_a_page_that_reaches_over_days_and_numbers_is_found_from_the_middle_of_it() -> None:
    """As a device that was offline fills one. Such pages are stored: no query may bound a page's length."""
    world = World(datetime(2026, 11, 20, 12, tzinfo=UTC))
    ends = (1, NOON - 9 * 86_400_000), (5_000, NOON + 86_400_000)
    await world.arrive([vend("m1", n, at) for n, at in (ends[0], (2_000, NOON), ends[1])])
    (page,) = world.machines.bodies("page")
    assert (page["first"], page["last"]) == (1, 5_000)
    await world.settle()
    days = {body["date"]: body["figures"]["vends"] for body in world.machines.bodies("day")}
    assert len(days) == 3
    assert days[DAY] == 1
    # A second content of a number in the middle is told from a redelivery.
    await world.arrive([vend("m1", 2_000, NOON, quantity=7)])
    (letters,) = world.deadletters.committed
    assert b'"conflict"' in await world.deadletters.read(letters)


async def test_documents_of_the_version_before_are_read_and_go_on() -> None:
    """Days of schema 1, as they were written before there was a bound: more products than a day keeps now."""
    world = World(datetime(2026, 11, 20, 12, tzinfo=UTC))
    skus = [f"sku-{n:03d}" for n in range(300)]
    await world.arrive([vend("m1", n, NOON, sku=sku) for n, sku in enumerate(skus, 1)])
    with pytest.MonkeyPatch.context() as before:
        before.setattr(breakdowns, "PRODUCTS", 1_000)
        before.setattr("vending.rollups.machine_days.PRODUCTS", 1_000)
        for kind in (MachineDay, *Summary.__subclasses__()):
            before.setattr(kind, "schema", 1)
        await world.settle()
    days = [body for body in (*world.machines.bodies("day"), *_summaries(world)) if body["date"] == DAY]
    assert {body["schema"] for body in days} == {1}
    assert len(days[0]["figures"]["skus"]) == 300
    # What an older rebuild has, and what this version would make of the same ledger, is no difference.
    rebuilt = World(world.now)
    await rebuilt.arrive([vend("m1", n, NOON, sku=sku) for n, sku in enumerate(skus, 1)])
    await rebuilt.settle()
    found = await compare(_state(world), _state(rebuilt), set())
    assert (found.differences, found.bounded > 0) == (0, True)
    await world.arrive([vend("m1", 301, NOON, sku="sku-299", quantity=3)])
    await world.tick()
    days = [body for body in (*world.machines.bodies("day"), *_summaries(world)) if body["date"] == DAY]
    assert {body["schema"] for body in days} == {Day.schema}
    for body in days:
        found_skus = tree.total(load(body, Day)).get("skus")
        if found_skus is not None:
            assert len(found_skus) == breakdowns.PRODUCTS + 1
            assert found_skus["sku-299"]["units"] == 4
            assert summed(found_skus)["units"] == 303


def _summaries(world: World) -> list[dict[str, Any]]:
    return [body for (_, name), (_, body) in world.fleet.items.items() if name.startswith("day:")]


def _state(world: World) -> State:
    return State(world.machines, world.conditions, world.fleet)
