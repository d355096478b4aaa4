"""A sale whose time is only estimated may be on another day in the rebuilt state: open here, closed there."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.rollup_world import DEFAULT_ZONE, World, current, ms, vend
from vendctl.operations.compare_rebuilt import Comparison, State, compare

NOON = ms("2026-11-16T12:00", DEFAULT_ZONE)
NOW = datetime(2026, 11, 16, 20, tzinfo=UTC)
DAYS = 86_400_000


async def counted(at: int, now: datetime, quantity: int = 1) -> World:
    world = World(now)
    await world.arrive([vend("m1", 1, at, quantity=quantity)])
    await world.tick()
    for body in (body for _, body in world.machines.items.values() if body["type"] == "page"):
        body["lines"][0] |= {"quality": "estimated", "digest": "0"}
    return world


async def compared(live: World, rebuilt: World) -> Comparison:
    states = [State(current(one, one.machines), one.conditions, one.fleet) for one in (live, rebuilt)]
    return await compare(states[0], states[1], {("m1", 1, 1)})


@pytest.mark.parametrize("later", [timedelta(), timedelta(days=2)])
async def test_it_is_no_difference_that_the_tree_has_it_on_one_side_alone(later: timedelta) -> None:
    live, rebuilt = await counted(NOON, NOW), await counted(NOON - 2 * DAYS, NOW + later)
    assert (await compared(live, rebuilt)).named == []
    assert (await compared(rebuilt, live)).named == []


async def test_another_figure_is_a_difference_all_the_same() -> None:
    live, rebuilt = await counted(NOON, NOW), await counted(NOON - 2 * DAYS, NOW, quantity=2)
    scopes = {one.split()[0].partition(":")[0] for one in (await compared(live, rebuilt)).named}
    assert {"site", "fleet", "m1"} <= scopes
