"""Thousands of invented machines are forgotten at once, and nothing else is."""

from datetime import timedelta

import pytest

from tests.support.events import body, temperature, vend
from tests.support.operated_world import World, names
from vendctl.operations.exclude import NotYet, Who
from vendctl.operations.forget_unassigned import forget_all, order_all, pending, unassigned
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.sweep import evaluate_conditions
from vending.ingest.exclusion_list import read
from vending.time import millis

WHO = Who("test", "invented")


async def invented(count: int) -> World:
    """Machines that somebody invented before there was a quota, with alerts; one sold, one is placed."""
    world = World()
    await world.arrive(*[temperature(1, machine=name) for name in names("fake", count)])
    await world.arrive(vend(1, machine="sold"), vend(1, machine="real"), temperature(2, machine="real"))
    stores = AlertStores(world.machines, world.conditions, world.alerts, world.notifications)
    await evaluate_conditions(stores, world.now + timedelta(hours=3), timedelta(hours=1))
    await world.places("real")
    await world.roll_up()
    return world


async def forget(world: World, machines: list[str]) -> int:
    await order_all(machines, WHO, world.catalog, millis(world.now))
    world.wait()
    return await forget_all(world.catalog, world.mending, world.now, lambda done, of: None)


async def test_they_are_gone_with_their_alerts_and_all_others_stay() -> None:
    world = await invented(1_200)
    found = await unassigned(world.mending, world.catalog, world.now)
    assert (len(found.machines), found.sold) == (1_201, ["sold"])
    assert await forget(world, found.machines) == 1_201
    assert world.known() == {"real"}
    opened = {x["machineId"] for x in world.alerts.bodies("alert") if x["state"] == "open"}
    assert opened == {"real"}
    assert (await world.rebuilt()).named == []
    found_of_all = await world.account()
    assert (found_of_all.forgotten, found_of_all.lost) == (1_201, 0)
    held = await read(world.catalog)
    assert len(held.all) == 6  # 500 machines an exclusion, not one for each
    assert pending(held) == []


async def test_the_work_does_not_grow_with_the_machines_that_have_nothing_but_readings() -> None:
    world = await invented(1_200)
    chosen = await unassigned(world.mending, world.catalog, world.now)
    await order_all(chosen.machines, WHO, world.catalog, millis(world.now))
    world.wait()
    world.alerts.items.clear()
    before = world.machines.requests + world.conditions.requests + world.catalog.requests
    await forget_all(world.catalog, world.mending, world.now, lambda done, of: None)
    assert world.machines.requests + world.conditions.requests + world.catalog.requests - before < 40


async def test_machines_of_the_catalog_and_what_spoke_lately_are_spared() -> None:
    world = World()
    with pytest.raises(NotYet, match="the catalog has no machines"):
        await unassigned(world.mending, world.catalog, world.now)
    await world.places("real")
    await world.arrive(
        temperature(1, machine="real"),
        temperature(1, machine="smoke-test"),
        temperature(1, machine="old"),
        body("door", {"open": True}, 1, machine="new", time=(world.now + timedelta(minutes=4)).isoformat()),
    )
    found = await unassigned(
        world.mending, world.catalog, world.now + timedelta(minutes=1), frozenset({"smoke-test"})
    )
    assert (found.machines, found.sold) == (["old"], [])


async def test_a_run_that_died_is_finished_and_the_machines_may_speak_again() -> None:
    world = await invented(30)
    chosen = await unassigned(world.mending, world.catalog, world.now)
    await order_all(chosen.machines, WHO, world.catalog, millis(world.now))
    with pytest.raises(NotYet, match="not in effect yet"):
        await forget_all(world.catalog, world.mending, world.now, lambda done, of: None)
    world.wait()

    def dies(operation: str, key: str) -> None:
        if operation == "write":
            raise RuntimeError("died")

    world.alerts.fault = dies
    with pytest.raises(ExceptionGroup):
        await forget_all(world.catalog, world.mending, world.now, lambda done, of: None)
    world.alerts.fault = lambda operation, key: None
    told: list[tuple[int, int]] = []
    assert await forget_all(world.catalog, world.mending, world.now, lambda *x: told.append(x)) == 31
    assert told[-1] == (31, 31)
    assert await forget_all(world.catalog, world.mending, world.now, lambda done, of: None) == 0
    world.wait()
    await world.arrive(temperature(2, machine="fake-0"))
    assert world.known() == {"real", "fake-0"}
    assert (await world.rebuilt()).named == []
