"""A summary that fails for good costs its own entries: all others are counted, the feed goes on, it is told,
and what was missed is made good when it can be written again. What passes by itself is raised."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.support.fakes import FakeDocuments
from tests.support.plain import fleet
from tests.support.rollup_world import Invocation, Ledger, World, ms, stored_leaves, vend
from tests.unit.rollups.test_roll_up_bounds import refused
from vending.alerts.watch_rollups import uncounted
from vending.documents.base import load
from vending.documents.days import Day, Summary
from vending.documents.rollup_state import REWORK
from vending.errors import Transient
from vending.rollups import breakdowns, shard, tree
from vending.rollups.due import LAG_PASSES_AFTER, RETRY_AFTER
from vending.views.stores import ViewStores
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

DAY = "2026-11-16"
NOON = ms(f"{DAY}T12:00:00", "America/New_York")
MACHINES = {"m1": "north", "m2": "north", "m3": "south", "m4": "east"}
ROUTES = {"north": "r1", "south": "r1", "east": "r2"}
AREA = tree.area("north")
SCOPES = ("site:north", f"area:{AREA}", f"region:{AREA[0]}", "route:r1", "fleet", "products")


@pytest.fixture
async def world() -> World:
    held = World(datetime(2026, 11, 20, 12, tzinfo=UTC))
    parts = {
        "sites": [{"id": x, "timeZone": "America/New_York", "route": r} for x, r in ROUTES.items()],
        "machines": [{"id": machine, "site": site} for machine, site in MACHINES.items()],
    }
    await import_catalog(msgspec.convert(parts, CatalogFile), held.catalog)
    await held.settle()
    return held


async def sell(world: World, number: int, machines: list[str] | None = None) -> None:
    await world.arrive([vend(machine, number, NOON + number) for machine in machines or MACHINES])


def expected(vends: int, machines: list[str] | None = None) -> dict[Any, Any]:
    """Counted directly: so many vends of each machine."""
    ledger = Ledger()
    for machine in machines or MACHINES:
        site = MACHINES[machine]
        numbers = {("vends",): vends, ("units",): vends, ("revenue", "EUR"): 150 * vends}
        sold = {"hour": "12", "selection": "A1", "sku": "unknown", "payment": "cash", "numbers": numbers}
        ledger.count(machine, DAY, site, ROUTES[site], sold)
    return ledger.leaves()


def refuses(world: World, scope: str, fault: Callable[[], Exception]) -> None:
    """The container refuses to write what stands under a scope."""

    def refuse(operation: str, key: str) -> None:
        if operation == "write" and key == scope:
            raise fault()

    world.fleet.fault = refuse


def mended(world: World) -> None:
    world.fleet.fault = lambda *_: None


def above(scope: str) -> set[str]:
    """The scope and all that it is told to, where it is told nothing else."""
    levels = [f"area:{AREA}", f"region:{AREA[0]}", "fleet", "products"]
    return {scope, *(levels[levels.index(scope) + 1 :] if scope in levels[:2] else ())} | (
        {*levels, "route:r1"} if scope == "site:north" else set()
    )


def holds(scope: str, site: str) -> bool:
    """Whether a site's days are in the sums of a scope."""
    area = tree.area(site)
    named = (f"site:{site}", f"area:{area}", f"region:{area[0]}", f"route:{ROUTES[site]}")
    return scope in (*named, "fleet", "products")


async def noted(world: World) -> list[str]:
    return [one.machine for one in await uncounted(world.fleet)]


async def defective(world: World) -> int:
    alerts = FakeDocuments("machineId")
    stores = ViewStores(world.machines, world.conditions, alerts, world.fleet, world.catalog)
    found = await fleet.summary(stores, "America/New_York", DAY, world.now)
    return int(found["defective"])


def too_large() -> Exception:
    return refused(2_280_462)


@pytest.mark.parametrize("fault", [too_large, ZeroDivisionError])
@pytest.mark.parametrize("scope", SCOPES)
async def test_a_summary_that_cannot_be_written_costs_its_own_entries(
    world: World, scope: str, fault: Callable[[], Exception]
) -> None:
    """Each level in turn: every machine has its day, what stands beside it is exact, and the feed goes on."""
    refuses(world, scope, fault)
    for number in (1, 2):
        await sell(world, number)
        await world.tick()
    whole, found = expected(2), stored_leaves(world)
    lost = above(scope)
    assert {key for key in whole if key[0] not in lost} <= found.keys()
    assert all(found[key] == whole[key] for key in found if key[0] not in lost)
    below = [machine for machine, site in MACHINES.items() if holds(scope, site)]
    assert await noted(world) == below
    assert await defective(world) == len(below)
    # The feed is not read again: what is missed is made good by what was noted.
    mended(world)
    await world.tick()
    assert await noted(world) == below
    world.now += RETRY_AFTER
    await world.tick()
    assert stored_leaves(world) == whole
    assert await noted(world) == []
    assert await defective(world) == 0


@pytest.mark.parametrize("scope", SCOPES)
async def test_while_it_fails_it_is_tried_every_hour_and_nothing_else_waits(world: World, scope: str) -> None:
    refuses(world, scope, too_large)
    await sell(world, 1)
    await world.tick()
    first = await noted(world)
    for hour in range(3):
        world.now += RETRY_AFTER
        await world.tick()
        assert await noted(world) == first, hour
    await sell(world, 2)
    await world.tick()
    found = stored_leaves(world)
    assert [found[f"machine:{machine}", DAY]["units",] for machine in MACHINES] == [2] * 4
    mended(world)
    world.now += RETRY_AFTER
    await world.tick()
    assert stored_leaves(world) == expected(2)


async def test_what_cannot_be_told_upwards_is_noted_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site is written; a bug trips over what it gives to the levels above."""
    real = tree.upwards

    def upwards(summary: Summary) -> Any:
        if summary.scope == "site:north":
            raise ZeroDivisionError
        return real(summary)

    with monkeypatch.context() as patched:
        patched.setattr(tree, "upwards", upwards)
        await sell(world, 1)
        await world.tick()
        assert await noted(world) == ["m1", "m2"]
        assert stored_leaves(world)["fleet", DAY]["units",] == 2
    world.now += RETRY_AFTER
    await world.tick()
    assert stored_leaves(world) == expected(1)


async def test_a_summary_that_is_damaged_is_mended_and_exact(world: World) -> None:
    """What stands in the store makes no sense: its machines' days come again when it does, none twice."""
    await sell(world, 1)
    await world.tick()
    version, body = world.fleet.items["site:north", f"day:{DAY}"]
    world.fleet.items["site:north", f"day:{DAY}"] = (version, body | {"children": {"m1": "x"}})
    await sell(world, 2)
    await world.tick()
    assert await noted(world) == ["m1", "m2"]
    assert stored_leaves_of(world, "route:r2") == 2
    world.fleet.items["site:north", f"day:{DAY}"] = (version, body)
    world.now += RETRY_AFTER
    await world.tick()
    assert stored_leaves(world) == expected(2)


def stored_leaves_of(world: World, scope: str) -> int:
    found: int = tree.total(load(world.fleet.items[scope, f"day:{DAY}"][1], Day))["units"]
    return found


async def test_a_site_that_a_machine_left_is_told_zero_when_it_can_be(world: World) -> None:
    """The former site is the one that fails: until it is told, the machine counts at both, and is noted."""
    await sell(world, 1)
    await world.tick()
    refuses(world, "site:north", too_large)
    moved = {"machines": [{"id": "m1", "site": "east", "since": "2026-11-10"}]}
    await import_catalog(msgspec.convert(moved, CatalogFile), world.catalog)
    await world.settle()
    assert await noted(world) == ["m1"]
    assert stored_leaves_of(world, "site:north") == 2
    mended(world)
    world.now += RETRY_AFTER
    await world.settle()
    found = stored_leaves(world)
    units = [
        found[scope, DAY]["units",] for scope in ("site:north", "site:east", "route:r1", "route:r2", "fleet")
    ]
    assert units == [1, 2, 2, 2, 4]
    assert await noted(world) == []


async def test_what_passes_by_itself_is_raised_and_nothing_is_noted(world: World) -> None:
    """Beside a summary that fails for good: the shard is done again, and then it is noted."""
    await sell(world, 1)

    def away(operation: str, key: str) -> None:
        if operation == "write" and key == "site:north":
            raise too_large()
        if operation == "write" and key == "site:south":
            raise Transient("throttled")

    world.fleet.fault = away
    stores = world.stores(Invocation(world.random))
    before = {name: body for name, body in world.fleet.items.items() if name[0] in ("rollup", REWORK)}
    raised = 0
    for number in (0, 1):
        try:
            await shard.roll_up_shard({"shard": number}, world.now, stores)
        except Transient:
            raised += 1
    assert raised
    after = {name: body for name, body in world.fleet.items.items() if name[0] in ("rollup", REWORK)}
    moved = {name for name in after if name[0] == "rollup" and after[name] != before.get(name)}
    assert len(moved) == 2 - raised
    refuses(world, "site:north", too_large)
    await world.tick()
    assert await noted(world) == ["m1", "m2"]
    mended(world)
    world.now += RETRY_AFTER
    await world.tick()
    assert stored_leaves(world) == expected(1)


async def test_pages_that_are_gone_cost_their_machine_and_the_feed_goes_on(world: World) -> None:
    """A failover that lost writes, or somebody's hand: the day shows more than the ledger has. What was
    counted stays, the machine is told of at the second look, and all is exact when the pages are back."""
    for number in (1, 2):
        await sell(world, number)
        await world.tick()
    pages = [(key, item) for key, item in world.machines.items.items() if item[1].get("type") == "page"]
    gone = {key: item for key, item in pages if key[0] == "m1"}
    for key in gone:
        del world.machines.items[key]
    asked: list[str] = []
    world.machines.fault = lambda operation, key: asked.append(key) if operation == "select" else None
    for number in (3, 4):
        await sell(world, number, [*MACHINES] if number == 3 else ["m2", "m3", "m4"])
        await world.tick()
        found = stored_leaves(world)
        units = [found[f"machine:{machine}", DAY]["units",] for machine in MACHINES]
        assert units == [2, number, number, number]
        asked.clear()
        world.now += LAG_PASSES_AFTER
        await world.tick()
        assert set(asked) == ({"m1"} if number == 3 else set())
        assert await noted(world) == ["m1"]
    await sell(world, 4, ["m1"])
    world.machines.items.update(gone)
    world.now += RETRY_AFTER
    await world.tick()
    assert stored_leaves(world) == expected(4)
    assert await noted(world) == []


async def test_a_document_that_is_too_large_is_found_before_it_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The bounds taken away, and a limit that two machines of a site pass and one does not."""
    sent: list[int] = []
    monkeypatch.setattr(breakdowns, "narrow", lambda document, _: breakdowns.size(document))
    monkeypatch.setattr(breakdowns, "LIMIT", 4_000)
    world.fleet.after = lambda *_: sent.append(
        max(breakdowns.size(body) for (_, name), (_, body) in world.fleet.items.items() if name[:4] == "day:")
    )
    await world.arrive(
        [vend(machine, n, NOON + n, sku=f"{machine}-{n:058d}") for machine in MACHINES for n in range(1, 25)]
    )
    await world.tick()
    found = stored_leaves(world)
    assert [found[f"machine:{machine}", DAY]["units",] for machine in MACHINES] == [24] * 4
    assert max(sent) <= 4_000
    assert {"m1", "m2"} <= set(await noted(world))
    assert "site:north 2026-11-16 cannot be computed" in caplog.text
    assert "a document has 4000" in caplog.text
    monkeypatch.undo()
    world.now += RETRY_AFTER + timedelta(minutes=1)
    await world.tick()
    assert await noted(world) == []
    found = stored_leaves(world)
    assert [found[scope, DAY]["units",] for scope in ("site:north", "route:r1", "fleet")] == [48, 72, 96]


async def test_a_pass_over_many_days_stays_told_until_all_are_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the portions of a pass the machine is as defective as before: its alert does not flicker."""
    monkeypatch.setattr("vending.rollups.catalog_changes.DAYS", 2)
    await world.arrive([vend("m1", n + 1, NOON - n * 86_400_000) for n in range(5)])
    refuses(world, "site:north", too_large)
    await world.tick()
    told: list[list[str]] = []
    world.machines.after = lambda *_: told.append(
        [body["id"] for body in world.fleet.bodies("rework") if body["open"] and body["broken"]]
    )
    mended(world)
    world.now += RETRY_AFTER
    await world.tick()
    assert len(told) == 5
    assert all(machines == ["m1"] for machines in told)
    assert await noted(world) == []
