"""A defect costs its own machine's days, as long as it lasts; nothing that is due is put off or lost."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.support.rollup_world import Invocation, World, ms, stored_leaves, vend
from vending.business_day import shift
from vending.documents.rollup_state import REWORK
from vending.rollups import catalog_changes, machine_days
from vending.rollups.catalog_changes import rework, spread
from vending.rollups.due import RETRY_AFTER, SECOND_PASS_AFTER, Due, note
from vending.rollups.timer import roll_up
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

DAY = "2026-11-16"
NOON = ms(f"{DAY}T12:00:00", "America/New_York")
A_DAY = 86_400_000


def world() -> World:
    return World(datetime(2026, 11, 20, 12, tzinfo=UTC))


async def place(held: World, zone: str = "America/New_York", machines: Sequence[str] = ("m1",)) -> None:
    parts = {
        "sites": [{"id": "north", "timeZone": zone, "route": "r1"}],
        "machines": [{"id": machine, "site": "north"} for machine in machines],
    }
    await import_catalog(msgspec.convert(parts, CatalogFile), held.catalog)


def units(held: World, scope: str, day: str = DAY) -> int:
    return stored_leaves(held).get((scope, day), {}).get(("units",), 0)


def noted(held: World, machine: str = "m1") -> dict[str, Any]:
    found: dict[str, Any] = held.fleet.items[REWORK, machine][1]
    return found


def trips(monkeypatch: pytest.MonkeyPatch, over: Callable[[str, list[int]], bool]) -> None:
    """A bug that some of a machine's days hit, told by the times of their lines."""
    real = machine_days.figures

    def figures(lines: Any, home: Any) -> Any:
        lines = list(lines)
        if over(home.machine, [line["at"] for line in lines]):
            raise ZeroDivisionError
        return real(lines, home)

    monkeypatch.setattr(machine_days, "figures", figures)


async def test_a_defect_costs_its_own_days(monkeypatch: pytest.MonkeyPatch) -> None:
    held = world()
    await held.arrive([vend(machine, 1, NOON) for machine in ("m1", "m2", "m3")])
    with monkeypatch.context() as patched:
        trips(patched, lambda machine, _: machine == "m1")
        await held.tick()
        assert [units(held, f"machine:m{n}") for n in (1, 2, 3)] == [0, 1, 1]
        held.now += timedelta(hours=1)
        await held.tick()
    assert [units(held, scope) for scope in ("machine:m1", "fleet")] == [0, 2]
    held.now += timedelta(hours=1)
    await held.tick()
    assert [units(held, scope) for scope in ("machine:m1", "fleet")] == [1, 3]


async def test_a_catalog_that_cannot_be_understood_costs_its_own_machine() -> None:
    held = world()
    await place(held)
    version, body = held.catalog.items["site", "north"]
    held.catalog.items["site", "north"] = (version, body | {"timeZone": "Europe/Atlantis"})
    await held.arrive([vend("m1", 1, NOON), vend("m2", 1, NOON)])
    await held.settle()
    assert [units(held, scope) for scope in ("machine:m1", "machine:m2", "fleet")] == [0, 1, 1]
    held.catalog.items["site", "north"] = (version, body)
    held.catalog.items["version", "version"][1]["number"] += 1
    await held.settle()
    assert [units(held, scope) for scope in ("machine:m1", "machine:m2", "fleet")] == [1, 1, 2]


@pytest.mark.parametrize("damage", [{"placements": 7}, {"affects": "none"}, {"type": "site"}])
async def test_an_entry_that_cannot_be_read_costs_its_own_machine(damage: dict[str, Any]) -> None:
    """Also while the change is spread that it is part of."""
    held = world()
    await place(held, machines=("m1", "m2"))
    version, body = held.catalog.items["machine", "m1"]
    held.catalog.items["machine", "m1"] = (version, body | damage)
    await held.arrive([vend("m1", 1, NOON), vend("m2", 1, NOON)])
    await held.settle()
    assert [units(held, scope) for scope in ("machine:m1", "site:north", "fleet")] == [0, 1, 1]
    assert (noted(held)["broken"], noted(held, "m2")["open"]) == (True, False)
    held.catalog.items["machine", "m1"] = (version, body)
    held.catalog.items["version", "version"][1]["number"] += 1
    await held.settle()
    assert [units(held, scope) for scope in ("machine:m1", "site:north", "fleet")] == [1, 2, 2]
    assert not noted(held)["open"]


async def test_a_tick_comes_while_the_first_catalog_is_being_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog_changes, "MACHINES", 1)
    held = world()
    await place(held, machines=("m1", "m2"))
    stores = held.stores(Invocation(held.random))
    await spread(1, held.now, stores)
    assert held.fleet.items["rollup", "catalog"][1]["after"] == "m1"
    held.queue.messages.clear()
    await roll_up(held.now, stores)
    assert {"catalog": 1} in held.queue.messages


async def test_a_machine_that_sells_on_is_still_tried_again_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tick notes the defect once more; the time at which it is tried again stays where it was."""
    held = world()
    with monkeypatch.context() as patched:
        trips(patched, lambda _, times: NOON in times)
        await held.arrive([vend("m1", 1, NOON)])
        await held.tick()
        due, began = noted(held)["due"], held.now
        for number in range(2, 7):
            held.now += timedelta(minutes=10)
            await held.arrive([vend("m1", number, NOON + number)])
            await held.tick()
            assert (noted(held)["due"], noted(held)["broken"]) == (due, True)
    held.now = began + RETRY_AFTER
    await held.tick()
    assert units(held, "fleet") == 6
    assert not noted(held)["open"]


async def test_a_defect_that_lasts_writes_nothing_new_each_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    held = world()
    trips(monkeypatch, lambda *_: True)
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    held.now += timedelta(minutes=5)
    before = held.fleet.items[REWORK, "m1"]
    await held.arrive([vend("m1", 2, NOON + 1)])
    await held.tick()
    assert held.fleet.items[REWORK, "m1"] == before


async def test_a_defect_puts_off_no_change_of_the_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    held = world()
    stores = held.stores(Invocation(held.random))
    version = await stores.catalog.refresh()
    await note("m1", Due("2026-11-10", held.now, held.now + SECOND_PASS_AFTER), version, stores)
    await note("m1", Due(DAY, held.now + RETRY_AFTER, broken=True), version, stores)
    found = noted(held)
    assert (found["since"], found["due"], found["settles"]) == (
        "2026-11-10",
        ms("2026-11-20T12:00:00"),
        ms("2026-11-20T12:30:00"),
    )


async def test_the_second_pass_is_kept_where_the_catalog_changes_once_more() -> None:
    """The first change moved days; the second one, ten minutes later, moves none and is done at once."""
    held = world()
    await held.arrive([vend("m1", 1, NOON)])
    await place(held, "Europe/Berlin")
    await held.tick()
    await held.tick()
    assert noted(held)["due"] == ms("2026-11-20T12:30:00")
    held.now += timedelta(minutes=10)
    stores = held.stores(Invocation(held.random))
    await note("m1", Due(DAY, held.now), await stores.catalog.refresh(), stores)
    await rework("m1", held.now, stores)
    assert (noted(held)["open"], noted(held)["due"]) == (True, ms("2026-11-20T12:30:00"))
    held.now += timedelta(minutes=20)
    await held.tick()
    assert not noted(held)["open"]


async def test_a_defective_day_keeps_no_other_day_of_its_machine_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a machine with more days than one portion: those after the broken one are corrected too."""
    monkeypatch.setattr(catalog_changes, "DAYS", 3)
    held = world()
    await held.arrive([vend("m1", n + 1, NOON - n * A_DAY) for n in range(10)])
    await held.tick()
    broken = shift(DAY, -9)
    with monkeypatch.context() as patched:
        trips(patched, lambda _, times: NOON - 9 * A_DAY in times)
        await place(held)
        await held.settle()
        assert [units(held, "site:north", shift(DAY, -n)) for n in range(10)] == [1] * 9 + [0]
        assert noted(held)["broken"]
    held.now += RETRY_AFTER
    await held.settle()
    assert units(held, "site:north", broken) == 1
    assert not noted(held)["open"]


async def test_a_page_that_cannot_be_read_costs_its_own_machine() -> None:
    """Its days are tried again every hour, and counted when somebody has mended it."""
    held = world()
    await held.arrive([vend(machine, 1, NOON) for machine in ("m1", "m2", "m3")])
    page = ("m1", "page:dev-m1:1:1")
    held.machines.damage(*page, epoch="first")
    await held.tick()
    assert [units(held, scope) for scope in ("machine:m1", "machine:m2", "fleet")] == [0, 1, 2]
    assert (noted(held)["broken"], noted(held)["since"]) == (True, "")
    held.machines.damage(*page, epoch=1)
    held.now += RETRY_AFTER
    await held.tick()
    assert [units(held, scope) for scope in ("machine:m1", "fleet")] == [1, 3]
    assert not noted(held)["open"]


async def test_what_is_due_is_noted_anew_where_it_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever has something to add, and by whoever was to do it."""
    held = world()
    with monkeypatch.context() as patched:
        trips(patched, lambda machine, _: machine in ("m1", "m2"))
        await held.arrive([vend("m1", 1, NOON), vend("m2", 1, NOON)])
        await held.tick()
        for machine in ("m1", "m2"):
            held.fleet.damage(REWORK, machine, since=7)
        await held.arrive([vend("m1", 2, NOON), vend("m3", 1, NOON)])
        await held.tick()
    assert units(held, "fleet") == 1
    assert (noted(held)["since"], noted(held)["broken"], noted(held, "m2")["since"]) == ("", True, 7)
    held.now += RETRY_AFTER
    await held.tick()
    await held.settle()
    assert units(held, "fleet") == 4
    assert not any(noted(held, machine)["open"] for machine in ("m1", "m2"))
