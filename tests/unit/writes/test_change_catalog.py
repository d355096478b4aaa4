"""Changes of the catalog over HTTP: judged as a file is, each once, foreseen by a dry run."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import FakeDocuments
from tests.support.interleaved import Paced, Running
from tests.unit.writes.test_import_catalog import FLEET
from vending.errors import Transient
from vending.ports import Documents
from vending.time import millis
from vending.writes.catalog_entries import CatalogFile
from vending.writes.change_catalog import MOST_ENTRIES, ChangeCatalog
from vending.writes.perform import perform
from vending.writes.refusals import Refusal, Stale, Unsuitable, WrongWrite
from vending.writes.request import Answer, Asked, IfMatch, Request

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = timedelta(minutes=2)
ANY = IfMatch()
MOVE = {"machines": [{"id": "m1", "site": "south", "since": "2026-11-18"}]}
OTHER = {"machines": [{"id": "m1", "site": "north", "since": "2026-11-18"}]}
"""Of the same day: whichever comes later holds."""


class World:
    """The stores."""

    def __init__(self) -> None:
        self.catalog, self.writes = FakeDocuments("kind"), FakeDocuments("scope")

    async def change(
        self,
        parts: Any,
        key: str = "k",
        condition: IfMatch = ANY,
        now: datetime = NOW,
        stores: tuple[Documents, Documents] | None = None,
        take_over: bool = False,
    ) -> Answer | Refusal | Transient:
        catalog, writes = stores or (self.catalog, self.writes)
        plan = ChangeCatalog(catalog, msgspec.convert(parts, CatalogFile), condition, take_over)
        try:
            return await perform(
                Asked("ada", "catalog change", "catalog", repr(parts), key), plan, writes, now
            )
        except (Refusal, Transient) as fault:
            return fault

    async def foreseen(self, parts: Any) -> dict[str, Any]:
        plan = ChangeCatalog(self.catalog, msgspec.convert(parts, CatalogFile), ANY)
        return told(await plan.foreseen(Request("", "ada", millis(NOW))))

    async def filled(self) -> "World":
        assert isinstance(await self.change(FLEET, "fleet"), Answer)
        return self

    def version(self) -> dict[str, Any]:
        [body] = self.catalog.bodies("version")
        return body


@pytest.fixture
async def world() -> World:
    return await World().filled()


def told(answer: object) -> dict[str, Any]:
    assert isinstance(answer, Answer), answer
    found: dict[str, Any] = msgspec.to_builtins(answer.body)
    return found


async def test_a_dry_run_says_what_would_change_and_changes_nothing(world: World) -> None:
    before = dict(world.catalog.items)
    found = await world.foreseen(MOVE)
    assert found == {
        "version": 2, "dryRun": True, "written": {"machine": 1}, "unchanged": 0, "unknownSkus": [],
        "recounted": [{"machineId": "m1", "since": "2026-11-18", "days": 3}], "recountedMachines": 1,
    }  # fmt: skip
    assert world.catalog.items == before
    done = told(await world.change(MOVE))
    assert done == found | {"dryRun": False}


async def test_another_zone_counts_all_days_of_all_machines_that_stood_there_again(world: World) -> None:
    await world.change(MOVE, "move")
    zone = {"sites": [{"id": "north", "timeZone": "Europe/Paris"}]}
    assert (await world.foreseen(zone))["recounted"] == [{"machineId": "m1", "since": None, "days": None}]


async def test_what_touches_no_day_counts_nothing_again(world: World) -> None:
    parts = {
        "products": [{"sku": "cola", "category": "cold drinks"}],
        "sites": [{"id": "north", "timeZone": "Europe/Berlin", "latitude": 52.5, "longitude": 13.4}],
    }
    found = told(await world.change(parts))
    assert (found["written"], found["recounted"]) == ({"site": 1, "product": 1}, [])
    [north] = [body for body in world.catalog.bodies("site") if body["id"] == "north"]
    assert (north["latitude"], north["longitude"], north["route"]) == (52.5, 13.4, "r1")


async def test_the_version_is_what_if_match_names(world: World) -> None:
    known = IfMatch(frozenset({"1"}))
    first = await world.change(MOVE, "one", known)
    assert isinstance(first, Answer)
    assert first.version == "2"
    assert isinstance(await world.change(OTHER, "two", known), Stale)
    again = await world.change(MOVE, "one", known, NOW + LATER)
    assert isinstance(again, Answer)
    assert (again.version, again.body) == ("2", told(first))


async def test_entries_that_say_nothing_new_make_no_version(world: World) -> None:
    found = told(await world.change(FLEET))
    assert (found["version"], found["written"], found["unchanged"]) == (1, {}, 6)
    assert world.version()["number"] == 1
    assert len(world.writes.bodies("audit-record")) == 1


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"machines": [{"id": "m9", "site": "west"}]}, "neither the file nor the catalog has"),
        ({"machines": [{"id": "m1", "site": "south"}]}, "has another entry since"),
        ({"sites": [{"id": "east", "timeZone": "Mars/Olympus"}]}, r"\$.sites\[0\]"),
        ({"sites": [{"id": "east", "timeZone": "Etc/UTC", "latitude": 1.0}]}, "both or neither"),
        ({"policies": [{"id": "fleet", "rules": {"silence": "off"}}]}, "did you mean 'silent'"),
        ({"products": [{"sku": f"s{n}"} for n in range(MOST_ENTRIES + 1)]}, "At most 1000 entries"),
    ],
)
async def test_what_is_wrong_is_told_and_nothing_is_written(world: World, parts: Any, said: str) -> None:
    before = dict(world.catalog.items)
    answer = await world.change(parts)
    assert isinstance(answer, WrongWrite)
    assert re.search(said, str(answer)), answer
    assert world.catalog.items == before


async def test_an_import_under_way_is_told_and_one_that_died_is_taken_over(world: World) -> None:
    dying = Running(world.change(MOVE, "one", stores=(Paced(world.catalog), world.writes)))
    while world.version()["pending"] is None:
        dying.step()
    dying.die()
    stopped = await world.change(OTHER, "two")
    assert isinstance(stopped, Unsuitable)
    assert "takeOver=true" in str(stopped)
    assert told(await world.change(OTHER, "three", take_over=True))["version"] == 2
    assert world.version()["pending"] is None


@given(
    st.lists(st.integers(0, 3), max_size=80),
    st.lists(st.integers(0, 24) | st.just(120), min_size=4, max_size=4),
)
def test_whoever_repeats_and_dies_each_change_is_one_version(order: list[int], deaths: list[int]) -> None:
    """Two changes of one machine, each asked for twice at a time, and until it is done."""
    world = World()
    Running(world.filled()).finish()
    stores = Paced(world.catalog), Paced(world.writes)
    parts = MOVE, OTHER
    attempts = [
        Running(world.change(parts[number // 2], f"k{number // 2}", stores=stores)) for number in range(4)
    ]
    left = list(deaths)
    for number in [*order, *sorted([0, 1, 2, 3] * 120)]:
        attempts[number].step() if left[number] > 0 else attempts[number].die()
        left[number] -= 1
    waiting, rounds = [0, 1], 0
    while waiting and (rounds := rounds + 1) < 5:
        now = NOW + rounds * LATER
        done = [Running(world.change(parts[n], f"k{n}", now=now)).finish() for n in waiting]
        waiting = [n for n, answer in zip(waiting, done, strict=True) if not isinstance(answer, Answer)]
    assert not waiting
    [m1] = [body for body in world.catalog.bodies("machine") if body["id"] == "m1"]
    assert m1["placements"] in ([["", "north"], ["2026-11-18", site]] for site in ("north", "south"))
    assert (world.version()["number"], world.version()["pending"]) == (3, None)
    assert sorted(world.version()["requests"].values()) == [1, 2, 3]


async def test_the_record_holds_the_entries_before_and_after(world: World) -> None:
    await world.change(MOVE)
    record = world.writes.bodies("audit-record")[-1]
    [before], [after] = record["before"], record["after"]
    assert (before["id"], before["placements"]) == ("m1", [["", "north"]])
    assert after["placements"] == [["", "north"], ["2026-11-18", "south"]]
    assert not {"affects", "schema"} & after.keys()
