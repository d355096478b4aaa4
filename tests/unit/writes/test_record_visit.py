"""A visit that a person records is an event of the hub, once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import hub_event
from tests.support.fakes import FakeBlobs, FakeDocuments
from tests.support.interleaved import Paced, Running, pause
from vending.catalog.machines import AsRead, CatalogMachines
from vending.errors import Transient
from vending.events.event import parse
from vending.ingest.ingest import IngestStores, ingest
from vending.ports import Documents
from vending.writes.perform import perform
from vending.writes.record_visit import WAITING, RecordVisit, VisitEnded, VisitStores
from vending.writes.refusals import NoTarget, Refusal, WrongWrite
from vending.writes.request import Answer, Asked

NOW = datetime(2026, 3, 2, 18, 40, tzinfo=UTC)
LATER = timedelta(minutes=2)


@dataclass
class Hub:
    """What was sent."""

    sent: list[bytes] = field(default_factory=list)
    away: bool = False
    paced: bool = False

    async def send(self, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        if self.paced:
            await pause()
        if self.away:
            raise Transient("no hub")
        assert (key, properties) == ("people", {})
        self.sent.append(body)


class World:
    """The stores."""

    def __init__(self) -> None:
        self.machines, self.writes, self.hub = FakeDocuments("machineId"), FakeDocuments("scope"), Hub()

    async def record(
        self, key: str, now: datetime = NOW, machines: Documents | None = None, **said: Any
    ) -> Answer | Refusal | Transient:
        asked = msgspec.convert({"reason": "fill"} | said, VisitEnded)
        stores = VisitStores(machines or self.machines, self.hub, AsRead())
        wanted = Asked("ada", "visit done", "machines/m-1/visits", repr(asked), key)
        try:
            return await perform(wanted, RecordVisit(stores, "m-1", asked), self.writes, now)
        except (Refusal, Transient) as fault:
            return fault


async def test_a_visit_is_an_event_that_ingest_takes() -> None:
    world = World()
    answer = await world.record("k", visitId="visit-7", userRef="u-3")
    assert isinstance(answer, Answer)
    assert msgspec.to_builtins(answer.body) == {
        "machineId": "m-1", "visitId": "visit-7", "reason": "fill", "endedAt": "2026-03-02T18:40:00.000Z",
        "userRef": "u-3",
    }  # fmt: skip
    [body] = world.hub.sent
    event = parse(hub_event(1, body))
    assert (event.machine, event.device, event.order, event.at.quality) == (
        "m-1",
        "people",
        (0, 1),
        "imported",
    )
    stores = IngestStores(world.machines, FakeDocuments("id"), FakeBlobs())
    await ingest([hub_event(1, body), hub_event(2, body)], stores, "test")
    assert isinstance(stores.conditions, FakeDocuments)
    [conditions] = stores.conditions.bodies("conditions")
    assert conditions["machines"]["m-1"]["visit"][3:] == ["visit-7", "fill", False]


@given(
    st.lists(st.integers(0, 3), max_size=60),
    st.lists(st.integers(0, 14) | st.just(60), min_size=4, max_size=4),
)
def test_whoever_repeats_and_dies_each_visit_is_one_event(order: list[int], deaths: list[int]) -> None:
    """Two visits, each asked for twice at a time and once more later."""
    world = World()
    world.hub.paced = True
    paced = Paced(world.machines)
    attempts = [Running(world.record(f"k{number // 2}", machines=paced)) for number in range(4)]
    left = list(deaths)
    for number in [*order, *sorted([0, 1, 2, 3] * 60)]:
        attempts[number].step() if left[number] > 0 else attempts[number].die()
        left[number] -= 1
    for number in range(2):
        assert isinstance(Running(world.record(f"k{number}", NOW + LATER)).finish(), Answer)
    numbered = {json.loads(body)["sequence"]: body for body in world.hub.sent}
    assert sorted(numbered) == [1, 2]
    assert len(set(world.hub.sent)) == 2
    first = [json.loads(body)["sequence"] for body in dict.fromkeys(world.hub.sent)]
    assert first == [1, 2], "a number came before one below it"


async def test_what_the_hub_did_not_take_goes_with_the_next_visit_or_the_repetition() -> None:
    world = World()
    world.hub.away = True
    assert isinstance(await world.record("k1"), Transient)
    world.hub.away = False
    assert isinstance(await world.record("k2"), Answer)
    assert [json.loads(body)["sequence"] for body in world.hub.sent] == [1, 2]
    assert isinstance(await world.record("k1"), Answer)
    assert len(world.hub.sent) == 2
    assert [record["outcome"] for record in world.writes.bodies("audit-record")] == ["done", "done"]


async def test_what_waits_is_bounded() -> None:
    world = World()
    world.hub.away = True
    for number in range(WAITING + 3):
        assert isinstance(await world.record(f"k{number}"), Transient)
    [held] = world.machines.bodies("people-visits")
    assert (held["last"], len(held["waiting"])) == (WAITING, WAITING)


@pytest.mark.parametrize(
    ("ended", "right"),
    [(timedelta(days=-31), True), (timedelta(minutes=5), True), (timedelta(minutes=6), False),
     (timedelta(days=-32), False)],
)  # fmt: skip
async def test_a_visit_ended_within_a_month(ended: timedelta, right: bool) -> None:
    answer = await World().record("k", endedAt=(NOW + ended).isoformat())
    assert isinstance(answer, Answer if right else WrongWrite)


async def test_a_machine_that_the_catalog_does_not_have_is_not_visited() -> None:
    world, catalog = World(), FakeDocuments("kind")
    catalog.put({"kind": "version", "id": "version", "type": "version", "schema": 1, "number": 1})
    catalog.put({"kind": "machine", "id": "m-2", "type": "machine", "placements": [["", "north"]]})
    plan = RecordVisit(
        VisitStores(world.machines, world.hub, CatalogMachines(catalog)), "m-1", VisitEnded("fill")
    )
    with pytest.raises(NoTarget):
        await perform(Asked("ada", "visit done", "m-1"), plan, world.writes, NOW)


@pytest.mark.parametrize("machine", ["§", "", "a b", "m" * 65])
async def test_a_name_that_no_machine_can_have_is_none_even_without_a_catalog(machine: str) -> None:
    """Its event would be a dead letter."""
    world = World()
    stores = VisitStores(world.machines, world.hub, CatalogMachines(FakeDocuments("kind")))
    with pytest.raises(NoTarget):
        await perform(
            Asked("ada", "visit done", machine),
            RecordVisit(stores, machine, VisitEnded("fill")),
            world.writes,
            NOW,
        )
