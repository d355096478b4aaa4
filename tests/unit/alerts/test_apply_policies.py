"""A policy that changes is evaluated on stocks that do not, by whoever, and never undone by an older one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.watched import Call, watched
from tests.unit.alerts.test_alert_lifecycle import World
from vending.alerts.apply_policies import apply_policies, concerned
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.watch_machines import watch_machines
from vending.catalog.cataloged import Cataloged
from vending.catalog.policies import Terms, Window
from vending.documents.policy_progress import POLICIES, Extent
from vending.errors import Transient
from vending.state import conditions
from vending.time import millis

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = millis(NOON)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OFF, ON = Terms(rules={"sold-out": "off"}), Terms(rules={"sold-out": "on"})


class Catalog:
    """The catalog as it is now; ``shown`` are the versions that the next reads find instead."""

    def __init__(self) -> None:
        self.held = Cataloged(0, frozenset())
        self.shown: list[Cataloged] = []

    async def named(self) -> Cataloged:
        return self.shown.pop(0) if self.shown else self.held

    def imports(self, policies: dict[str, Terms], **sites: str) -> Cataloged:
        """The next version, in which machines stand at sites."""
        number = self.held.version + 1
        changed = {name for name, terms in policies.items() if self.held.policies.get(name) != terms}
        versions = {**self.held.versions, **dict.fromkeys(changed, number)}
        stands = {name: (("", site),) for name, site in sites.items()} or self.held.placements
        moved = {name for name, rows in stands.items() if self.held.placements.get(name) != rows}
        entries = {**self.held.changed, **dict.fromkeys(moved, number)}
        self.held = Cataloged(number, stands.keys(), stands, policies, versions, entries)
        return self.held


class Policies(World):
    """A world with a catalog."""

    def __init__(self) -> None:
        super().__init__()
        self.catalog = Catalog()
        self.stores = self.process()

    def process(self) -> AlertStores:
        """One that remembers nothing yet."""
        return AlertStores(self.machines, self.conditions, self.alerts, self.queue, catalog=self.catalog)

    async def sells_out(self, *machines: str) -> None:
        """Selection 21 of these machines; everybody heard of it."""
        heard: dict[str, Any] = {name: {"seen": [1, 5, NOW, "ntp"]} for name in machines}
        self.conditions.put(conditions.empty("0", 0).dump() | {"machines": heard})
        for name in machines:
            await watch_machines([await self.stock(name, s21=0)], self.stores, NOON)

    def open(self) -> list[str]:
        """Machines with an open alert."""
        return sorted(x["machineId"] for x in self.alerts.bodies("alert") if x["state"] == "open")


@pytest.fixture
def world() -> Policies:
    return Policies()


async def test_without_a_policy_only_the_catalogs_version_is_asked_for(world: Policies) -> None:
    await world.sells_out("m1")
    before = world.alerts.requests, world.conditions.requests, world.machines.requests
    assert await apply_policies(world.stores, NOON) == 0
    assert (world.alerts.requests, world.conditions.requests, world.machines.requests) == before


@pytest.mark.parametrize(
    ("policy", "left"),
    [("fleet", []), ("site:north", ["m3", "m4"]), ("machine:m1", ["m2", "m3", "m4"])],
)
async def test_those_that_it_concerns_are_evaluated_again(
    world: Policies, policy: str, left: list[str]
) -> None:
    """``m4`` is not in the catalog: a policy of the fleet holds for it all the same."""
    world.catalog.imports({}, m1="north", m2="north", m3="south")
    await world.sells_out("m1", "m2", "m3", "m4")
    world.catalog.imports({policy: OFF})
    assert await apply_policies(world.stores, NOON) == 4 - len(left)
    assert world.open() == left


async def test_it_is_gone_over_twice_and_then_costs_a_read(world: Policies) -> None:
    """An evaluation by the older catalog may have been under way the first time."""
    await world.sells_out("m1", "m2")
    world.catalog.imports({"fleet": OFF})
    for _ in range(2):
        before = world.machines.requests
        await apply_policies(world.stores, NOON)
        assert world.machines.requests > before
    asked: list[str] = []
    world.alerts.fault = lambda operation, key: asked.append(operation)
    before = world.machines.requests
    await apply_policies(world.stores, NOON + MINUTE)
    assert (world.machines.requests, asked) == (before, ["read"])


async def test_an_evaluation_that_agreed_by_the_older_catalog_is_made_good(world: Policies) -> None:
    older = world.catalog.imports({"fleet": OFF})
    await world.sells_out("m1")
    world.catalog.imports({"fleet": ON})
    await apply_policies(world.stores, NOON)
    assert world.open() == ["m1"]
    world.catalog.imports({"fleet": OFF})
    await apply_policies(world.stores, NOON)
    older = world.catalog.held
    world.catalog.imports({"fleet": ON})
    await world.stock("m1", s21=5)
    await apply_policies(world.stores, NOON)
    world.catalog.shown = [older]  # under way since before the import
    assert await watch_machines([await world.stock("m1", s21=0)], world.process(), NOON) == 0
    await apply_policies(world.stores, NOON + MINUTE)
    assert world.open() == ["m1"]


async def test_a_portion_at_a_time_and_a_crash_between(world: Policies) -> None:
    names = [f"m{number}" for number in range(7)]
    await world.sells_out(*names)
    world.catalog.imports({"fleet": OFF})
    assert await apply_policies(world.stores, NOON, 3) == 3

    def down(operation: str, key: str) -> None:
        if operation == "write" and key == POLICIES:
            raise Transient("it died")

    world.alerts.fault = down
    with pytest.raises(Transient):
        await apply_policies(world.stores, NOON, 3)
    assert world.open() == ["m6"]
    world.alerts.fault = lambda operation, key: None
    assert await apply_policies(world.process(), NOON, 3) == 0, "the same three again"
    assert await apply_policies(world.process(), NOON, 3) == 1
    assert world.open() == []


async def test_two_sweeps_at_once_are_as_one(world: Policies) -> None:
    await world.sells_out("m1")
    world.catalog.imports({"fleet": OFF})
    others = [world.process()]

    async def around(operation: str, call: Call, *arguments: Any) -> Any:
        """Before the first has noted what it did, the other does the same."""
        if operation == "write" and arguments[0] == POLICIES and others:
            await apply_policies(others.pop(), NOON)
        return await call(*arguments)

    world.stores = replace(world.stores, alerts=watched(world.alerts, around))
    await apply_policies(world.stores, NOON)
    assert world.open() == []
    assert [x["episode"] for x in world.alerts.bodies("alert-episode")] == [1]


async def test_what_is_sold_out_still_when_maintenance_ends_opens_then(world: Policies) -> None:
    window = Window(millis(NOON - HOUR), millis(NOON + 5 * MINUTE))
    world.catalog.imports({"machine:m1": Terms(windows=(window,))}, m1="north")
    await apply_policies(world.stores, NOON)
    await apply_policies(world.stores, NOON)
    await world.sells_out("m1", "m2")
    assert world.open() == ["m2"], "in maintenance nothing opens, and nobody is told"
    assert [x["machineId"] for x in world.queue.messages] == ["m2"]
    for minute in (1, 4):
        assert await apply_policies(world.stores, NOON + minute * MINUTE) == 0
    assert await apply_policies(world.stores, NOON + 5 * MINUTE) == 1
    assert world.open() == ["m1", "m2"]


async def test_what_closed_in_maintenance_is_told_at_its_end(world: Policies) -> None:
    await world.sells_out("m1")
    window = Window(NOW, millis(NOON + 5 * MINUTE))
    world.catalog.imports({"fleet": Terms(windows=(window,))})
    assert await watch_machines([await world.stock("m1", s21=5)], world.stores, NOON) == 0
    assert world.open() == ["m1"]
    await apply_policies(world.stores, NOON)
    await apply_policies(world.stores, NOON + 5 * MINUTE)
    assert world.open() == []


async def test_an_older_policy_waits_and_changes_nothing(world: Policies) -> None:
    """The process's read of the catalog lags; its stock is newer than the alert's."""
    older = world.catalog.imports({"fleet": ON})
    await world.sells_out("m1")
    world.catalog.imports({"fleet": OFF})
    await apply_policies(world.stores, NOON)
    assert world.open() == []
    out = await world.stock("m1", s21=0)
    lagging = world.process()
    world.catalog.shown = [older] * 4
    with pytest.raises(Transient, match="newer policy"):
        await watch_machines([out], lagging, NOON)
    assert world.open() == []
    world.catalog.shown = []
    assert await watch_machines([out], lagging, NOON) == 0, "redelivered"
    assert world.open() == []


async def test_an_evaluation_that_began_by_the_older_policy_reads_the_newer_before_it_writes(
    world: Policies,
) -> None:
    older = world.catalog.imports({"fleet": ON})
    world.catalog.imports({"fleet": OFF})
    world.catalog.shown = [older]
    assert await watch_machines([await world.stock("m1", s21=0)], world.stores, NOON) == 0
    assert world.alerts.bodies("alert") == []


async def test_a_catalog_that_says_nothing_new_of_alerts_changes_no_order(world: Policies) -> None:
    await world.sells_out("m1")
    assert "catalog" not in world.alerts.bodies("alert")[0]


def days(*dates: str) -> tuple[tuple[str, str], ...]:
    return tuple(zip(("", *dates), ("north", "south"), strict=False))


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ((5, NOON), (5, NOON + HOUR), []),
        ((4, NOON), (5, NOON), ["m1", "m2"]),  # the site's policy came with 5, of a machine that stands there
        ((2, NOON), (3, NOON), ["m1", "m2", "m3"]),  # and the entry of m3 with 3
        ((5, NOON), (5, NOON + 12 * HOUR), ["m2"]),  # which moves at midnight
        ((5, NOON + 12 * HOUR), (5, NOON + 24 * HOUR), []),
        ((5, NOON + 12 * HOUR), (5, NOON), []),  # the clock was put back
    ],
)
def test_whom_a_version_or_a_day_concerns(
    since: tuple[int, datetime], until: tuple[int, datetime], found: list[str]
) -> None:
    stands = {"m1": days(), "m2": days("2026-03-02"), "m3": (("", "west"),)}
    entries = {"m1": 1, "m2": 2, "m3": 3}
    catalog = Cataloged(5, stands.keys(), stands, {"site:north": OFF}, {"site:north": 5}, entries)
    extents = (Extent(version, millis(at)) for version, at in (since, until))
    assert concerned(catalog, stands, *extents) == found


@pytest.mark.parametrize(("until", "found"), [(-1, []), (0, []), (4, []), (5, ["m1"]), (6, ["m1"])])
def test_maintenance_that_ended_concerns_a_machine_once(until: int, found: Sequence[str]) -> None:
    catalog = Cataloged(1, {"m1"}, policies={"machine:m1": Terms(windows=(Window(1, 5),))})
    assert concerned(catalog, ["m1", "m2"], Extent(1, 0), Extent(1, until)) == found
    assert concerned(catalog, ["m1", "m2"], Extent(1, 5), Extent(1, 9)) == []
