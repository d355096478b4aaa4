"""That somebody came and left is kept of each visit, in any order and however often it is told."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.events import World, body, cut, delivered, hub_event
from vending.documents.base import load
from vending.documents.visits import Told, VisitRecord
from vending.errors import Transient


def told(name: str, sequence: int, visit: str = "v-1", reason: str = "fill", **more: Any) -> bytes:
    data = {"visitId": visit, "reason": reason} | ({"userRef": "ada"} if name == "started" else {})
    return body(f"visit.{name}", data, sequence, **more)


def records(world: World) -> dict[str, VisitRecord]:
    found = [load(one, VisitRecord) for one in world.machines.bodies("visit")]
    return {record.id: record for record in found}


async def test_a_visit_has_a_record_of_its_beginning_and_end() -> None:
    world = World()
    await world.take(*delivered([told("started", 1), told("ended", 5), told("started", 9, "v-2")]))
    found = records(world)
    assert sorted(found) == ["visit:v-1", "visit:v-2"]
    first = found["visit:v-1"]
    assert first.started
    assert first.ended
    assert (first.started.sequence, first.started.user, first.started.reason) == (1, "ada", "fill")
    assert (first.ended.sequence, first.first) == (5, first.started.at)
    assert found["visit:v-2"].ended is None


async def test_a_redelivery_writes_nothing() -> None:
    world = World()
    batch = delivered([told("started", 1), told("ended", 2)])
    await world.take(*batch)
    before = dict(world.machines.items)
    await world.take(*batch)
    assert world.machines.items == before


EVENTS = [
    told("started", 1), told("ended", 2), told("started", 3, reason="repair"),
    told("ended", 2, epoch=2), told("started", 7, "v-2"),
    told("ended", 8, "v-2", machine="m2", device="dev-2"),
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.permutations(EVENTS * 2), st.randoms(use_true_random=False))
async def test_any_order_of_arrival_ends_the_same(bodies: list[bytes], dice: Random) -> None:
    world, straight = World(), World()
    for batch in cut(delivered(bodies), dice):
        await world.take(*batch)
    await straight.take(*delivered(EVENTS))
    assert records(world) == records(straight)
    assert not world.dead()


async def test_two_owners_of_a_partition_end_the_same() -> None:
    world, raced = World(), [True]

    def race(operation: str, key: str) -> None:
        if operation == "write" and raced:
            world.machines.put(other)
            raced.clear()

    ended = Told(1, 2, "dev-1", 5, "fill")
    other = VisitRecord(id="visit:v-1", machine_id="m1", first=5, visited=5, ended=ended).dump()
    world.machines.fault = race
    await world.take(hub_event(0, told("started", 1)))
    [record] = records(world).values()
    assert record.started
    assert record.ended


async def test_a_store_that_is_away_makes_the_batch_wait() -> None:
    def away(operation: str, key: str) -> None:
        raise Transient("away")

    world = World()
    world.machines.fault = away
    with pytest.raises(Transient, match="away"):
        await world.take(hub_event(0, told("started", 1)))
    assert not world.dead()


async def test_a_record_that_nobody_can_read_costs_its_own_visit() -> None:
    world = World()
    await world.take(hub_event(0, told("started", 1)))
    world.machines.damage("m1", "visit:v-1", visited="yesterday")
    outcome = await world.take(*delivered([told("ended", 2), told("started", 3, "v-2")], first=1))
    assert [fault.reason for _, fault in outcome.refusals] == ["defect"]
    assert world.machines.items["m1", "visit:v-2"]


async def test_a_page_says_which_visits_its_lines_name() -> None:
    world = World()
    lines = [{"selection": "A1", "before": 1, "added": 4, "after": 5}]
    restocked = body("inventory.restocked", {"visitId": "v-1", "lines": lines}, 1, ledgersequence=1)
    await world.take(hub_event(0, restocked))
    [page] = world.machines.bodies("page")
    at = page["lines"][0]["at"]
    assert (page["visits"], page["visited"]) == ({"v-1": [at, at]}, at)
