"""``vendctl rollups``: the shards that stand and the machines that are not counted, by name and exit code."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.rollup_world import World, ms, vend
from vendctl.__main__ import main as vendctl
from vendctl.rollups import Counted, explain, figures, look
from vending import wiring
from vending.alerts.watch_rollups import RollUpWatch
from vending.errors import Transient

NOON = ms("2026-11-20T12:00:00")
LIMIT = timedelta(minutes=15)


@pytest.fixture
def world() -> World:
    return World(datetime(2026, 11, 20, 12, tzinfo=UTC))


def refusing(world: World, fault: Callable[[str], Exception]) -> None:
    def refuse(operation: str, key: str) -> None:
        if operation == "write" and key == "fleet":
            raise fault(key)

    world.fleet.fault = refuse


async def counted(world: World) -> Counted:
    return await look(RollUpWatch(world.machines, world.fleet, LIMIT), world.now)


async def test_all_is_counted(world: World) -> None:
    await world.arrive([vend("m1", 1, NOON)])
    await world.settle()
    found = await counted(world)
    assert found.code == 0
    assert explain(found, world.now).splitlines() == [
        "shard 0 has read all", "shard 1 has read all",
        "2026-11-20 has early figures; it closes at 2026-11-21T07:00:00.000Z", "every day is counted",
    ]  # fmt: skip
    told = [{"shard": n, "waitingSeconds": None, "behind": False} for n in (0, 1)]
    day = {"date": "2026-11-20", "closes": "2026-11-21T07:00:00.000Z", "overdue": False}
    assert figures(found) == {"shards": told, "machines": [], "openDays": [day]}


async def test_a_day_that_does_not_close_is_named(world: World) -> None:
    await world.arrive([vend("m1", 1, NOON)])
    await world.tick()
    world.now += timedelta(hours=23)
    found = await counted(world)
    assert (found.code, found.overdue) == (1, ["2026-11-20"])
    assert "it closes at 2026-11-21T07:00:00.000Z: DOES NOT CLOSE" in explain(found, world.now)
    await world.settle()
    assert (await counted(world)).code == 0


async def test_what_waits_for_the_next_tick_is_no_fault(world: World) -> None:
    await world.arrive([vend(f"m{n}", 1, NOON) for n in range(8)])
    world.now += LIMIT
    found = await counted(world)
    assert found.code == 0
    assert "shard 0 has changes of 900 s to read\n" in explain(found, world.now)


async def test_a_shard_that_stands_is_named(world: World) -> None:
    await world.arrive([vend("m1", 1, NOON)])
    refusing(world, Transient)
    await world.disturbed([(None, False)])
    world.now += LIMIT + timedelta(seconds=1)
    found = await counted(world)
    (shard,) = found.behind
    assert found.code == 1
    assert f"shard {shard} has changes of 901 s to read: STANDS" in explain(found, world.now)
    assert figures(found)["shards"][shard] == {
        "shard": shard, "waitingSeconds": 901, "behind": True,
    }  # fmt: skip


async def test_machines_that_are_not_counted_are_named_with_their_first_day(world: World) -> None:
    await world.arrive([vend("m1", 1, NOON), vend("m2", 1, NOON - 2 * 86_400_000)])
    refusing(world, ZeroDivisionError)
    await world.tick()
    world.now += timedelta(minutes=20)
    await world.tick()
    found = await counted(world)
    assert (found.code, found.behind) == (1, [])
    said = explain(found, world.now)
    assert "m1: days from 2026-11-20 on are NOT COUNTED everywhere; tried again in 40 min" in said
    assert "m2: days from 2026-11-18 on" in said
    assert "the log of roll_up_shard says why" in said
    assert figures(found)["machines"][0] == {
        "machineId": "m1", "since": "2026-11-20", "due": "2026-11-20T13:00:00.000Z",
    }  # fmt: skip


def test_the_command_looks_and_says_it(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COSMOS", "AccountEndpoint=http://localhost:9/;AccountKey=eA==")
    watch = RollUpWatch(world.machines, world.fleet, LIMIT)
    monkeypatch.setattr(wiring, "roll_up_watch", lambda: watch)
    assert vendctl(["rollups", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["machines"] == []
