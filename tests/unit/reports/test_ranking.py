"""Best first finds what a look at every machine finds, and reads little of it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import FakeDocuments
from tests.support.sold_days import Sold, write_day, write_open_day
from vending.reports import ranking
from vending.reports.facts import Ranking
from vending.reports.ranking import Search
from vending.rollups.current_days import CurrentDays

DAY, BEFORE = "2026-03-01", "2026-02-22"
By = str


class World:
    def __init__(self) -> None:
        self.machines, self.fleet = FakeDocuments("machineId"), FakeDocuments("scope")
        self.catalog = FakeDocuments("kind")

    async def write(self, day: str, sold: list[Sold], *, still_open: bool = False) -> None:
        write = write_open_day if still_open else write_day
        await write(day, sold, self.machines, self.fleet)

    async def first(self, by: By, count: int, *scopes: str) -> Ranking:
        machines, fleet = (CurrentDays(one, self.fleet, self.catalog) for one in (self.machines, self.fleet))
        search = Search(by, machines, fleet, DAY, BEFORE)  # type: ignore[arg-type]
        return await search.first(count, scopes or ("fleet",))


fleets = st.dictionaries(
    st.integers(0, 60).map("m{}".format),
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 20), st.integers(0, 20)),
    max_size=40,
)
"""Machine → its site on the day and the week before (some move), and the units of both."""


@given(fleets, st.integers(1, 8), st.sampled_from(["most", "lost"]), st.tuples(st.booleans(), st.booleans()))
def test_it_is_what_every_machine_says(
    fleet: dict[str, tuple[int, int, int, int]], count: int, by: By, still_open: tuple[bool, bool]
) -> None:
    async def found() -> Ranking:
        world = World()
        now = [Sold(m, f"s{site}", units) for m, (site, _, units, _) in fleet.items()]
        then = [Sold(m, f"s{site}", units) for m, (_, site, _, units) in fleet.items()]
        await world.write(DAY, now, still_open=still_open[0])
        await world.write(BEFORE, then, still_open=still_open[1])
        return await world.first(by, count)

    told = asyncio.run(found())
    values = [now if by == "most" else then - now for _, _, now, then in fleet.values()]
    assert told.whole
    assert [one.units if by == "most" else one.before - one.units for one in told.machines] == sorted(
        (value for value in values if value > 0), reverse=True
    )[:count]
    assert len({one.machine for one in told.machines}) == len(told.machines)
    for one in told.machines:
        assert (one.units, one.before) == fleet[one.machine][2:]


async def large(world: World, sites: int, each: int = 4, *, today_open: bool = False) -> None:
    """Sites that sell alike, and one machine that sells most, one that stands still."""
    for day in (DAY, BEFORE):
        sold = [Sold(f"m{site}-{n}", f"s{site}", 10 + n) for site in range(sites) for n in range(each)]
        sold.append(Sold("star", "s0", 90))
        sold.append(Sold("dead", "s1", 0 if day == DAY else 80))
        await world.write(day, sold, still_open=today_open and day == DAY)


async def test_no_site_is_read_that_sold_less_than_the_machines_that_are_named() -> None:
    world = World()
    await large(world, 2_000)
    world.fleet.requests = 0
    told = await world.first("most", 1)
    assert [one.machine for one in told.machines] == ["star"]
    assert world.fleet.requests <= 1 + 16 + 256 + 1, "the tree above the sites, and one site"


@pytest.mark.parametrize(("by", "most"), [("most", 1 + 64 + 8), ("lost", 1 + 64 + 1 + 16 + 256 + 300 + 8)])
async def test_the_buckets_of_an_open_day_are_read_once(by: By, most: int) -> None:
    """Not again for every site of the week before."""
    world = World()
    await large(world, 300, today_open=True)
    world.fleet.requests = 0
    told = await world.first(by, 1)
    assert [one.machine for one in told.machines] == [{"most": "star", "lost": "dead"}[by]]
    assert world.fleet.requests <= most


async def test_a_route_of_an_open_day_is_ranked() -> None:
    world = World()
    sold = [Sold("a", "s1", 5, "north"), Sold("b", "s2", 9, "south"), Sold("c", "s3", 7, "north")]
    await world.write(DAY, sold, still_open=True)
    world.catalog.put(
        {"id": "s1", "kind": "site", "type": "site", "schema": 1, "timeZone": "UTC", "route": "north"}
    )
    world.catalog.put(
        {"id": "s3", "kind": "site", "type": "site", "schema": 1, "timeZone": "UTC", "route": "north"}
    )
    told = await world.first("most", 5, "route:north")
    assert [(one.machine, one.units) for one in told.machines] == [("c", 7), ("a", 5)]


async def test_what_is_not_looked_at_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sites that all sold more than anybody lost: their machines might be the ones."""
    world = World()
    await large(world, 300)
    monkeypatch.setattr(ranking, "READS", 50)
    world.fleet.requests = 0
    told = await world.first("lost", 3)
    assert not told.whole
    assert world.fleet.requests <= 52
    assert [one.machine for one in told.machines] in (["dead"], [])


async def test_what_left_with_its_machine_is_no_loss() -> None:
    world = World()
    await world.write(BEFORE, [Sold("moved", "old", 50), Sold("slow", "old", 20)])
    await world.write(DAY, [Sold("moved", "new", 50), Sold("slow", "old", 5)])
    assert [(x.machine, x.units, x.before) for x in (await world.first("lost", 5)).machines] == [
        ("slow", 5, 20)
    ]


async def test_a_route_and_a_site_are_ranked_together() -> None:
    world = World()
    sold = [Sold("a", "s1", 5, "north"), Sold("b", "s2", 9, "south"), Sold("c", "s3", 7, "east")]
    await world.write(DAY, sold)
    told = await world.first("most", 5, "route:north", "site:s2")
    assert [one.machine for one in told.machines] == ["b", "a"]
    assert told.machines[0].revenue == {"EUR": 1350}
