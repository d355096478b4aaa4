"""A batch's readings go into the partition's young document, which is folded into the shards now and then."""

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import oracle as truth
from tests.support.events import World, body, cut, delivered, level, temperature
from tests.support.fakes import FakeDocuments
from tests.support.overlapping_owners import check, owner, remembering, shared_world
from tests.support.watched import Call, watched
from vendctl.operations.mend_machine import mend_conditions
from vending.documents.conditions import Conditions
from vending.errors import Transient
from vending.ingest.stored_conditions import of_partition
from vending.state import conditions

seeds = st.integers(0, 2**32)


def sizes(world: World) -> dict[str, int]:
    """Document → how many machines it names."""
    return {one["id"]: len(one["machines"]) for one in world.conditions.bodies("conditions")}


async def fleet_of(world: World, machines: int) -> int:
    """Have these machines in the shard, and one in the young document; the next sequence number."""
    await world.take(*delivered([temperature(1, machine=f"m{n}", device=f"d{n}") for n in range(machines)]))
    assert sizes(world) == {"0:young": machines}
    await world.take(*delivered([temperature(2, machine="m0", device="d0")], first=machines))
    assert sizes(world) == {"0:0": machines, "0:young": 1}
    return machines + 1


async def test_a_batch_replaces_the_young_document_alone_and_tells_only_what_is_new() -> None:
    world = World()
    first = await fleet_of(world, 300)
    before = world.conditions.items["0:0", "0:0"]
    batch = [temperature(2, 5.0, machine="m7", device="d7"), temperature(1, machine="new", device="d")]
    await world.take(*delivered(batch, first=first))
    assert world.conditions.items["0:0", "0:0"] == before
    (_, young) = world.conditions.bodies("conditions")
    assert sorted(young["machines"]["m7"]) == ["fair:main", "seen", "temp:main"]
    assert len(world.fleet()) == 301
    assert world.fleet()["m7"]["good:main"][3] == 4.0  # of the shard
    assert world.fleet()["m7"]["temp:main"][3] == 5.0


async def test_it_is_folded_when_to_write_it_costs_more_than_a_fold() -> None:
    """The machines come round one after the other; the bytes written are about the least that they can be."""
    world, machines = World(), 1_000
    first = await fleet_of(world, machines)
    sent = [temperature(3 + n // machines, machine=f"m{n % machines}", device=f"d{n % machines}")
            for n in range(2 * machines)]  # fmt: skip
    folds, written, largest = 0, 0, 0
    for start in range(0, len(sent), 20):
        revs = {one["id"]: one["rev"] for one in world.conditions.bodies("conditions")}
        await world.take(*delivered(sent[start : start + 20], first=first + start))
        for one in world.conditions.bodies("conditions"):
            if revs.get(one["id"]) != one["rev"]:
                written += one["bytes"]
                folds += one["shard"] == 0
        largest = max(largest, world.conditions.bodies("conditions")[-1]["bytes"])
    whole = world.conditions.items["0:0", "0:0"][1]["bytes"]
    assert 3 <= folds <= 12
    assert largest < whole / 2
    assert written < len(sent) / 20 * whole / 3  # each batch wrote the whole once


@given(seeds)
@settings(max_examples=30)
def test_folds_faults_and_kills_change_nothing(seed: int) -> None:
    """Two processes that remember, on one partition, whose young documents are folded at any time."""
    dice = random.Random(seed)
    bodies = truth.events(dice, 3, 50)
    arrived = delivered(dice.sample(bodies, len(bodies)) + bodies[:5])
    world = shared_world(dice, 0.03)

    async def both() -> None:
        await asyncio.gather(*(owner(remembering(world), cut(arrived, dice)) for _ in range(2)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conditions, "grown", lambda *_: dice.random() < 0.3)
        asyncio.run(both())
    assert not world.dead()
    check(world, bodies)
    calm = World()
    asyncio.run(owner(calm, [delivered(bodies)]))
    assert world.fleet() == calm.fleet()


@given(seeds)
@settings(max_examples=60)
def test_what_contradicts_is_refused_wherever_the_first_is_held(seed: int) -> None:
    """Of two contents with one id the second is a dead letter, also after a fold by another process."""
    dice = random.Random(seed)
    world = World()
    owners = remembering(world), remembering(world)
    sent = [temperature(1, machine=f"m{n}", device=f"d{n}") for n in range(30)]
    forged = [content.replace(b'"celsius":4.0', b'"celsius":9.0') for content in sent]
    when = [(float(n), content) for n, content in enumerate(sent)]
    when += [(n + dice.choice([0.5, 2.5, 6.5]), content) for n, content in enumerate(forged)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conditions, "grown", lambda *_: dice.random() < 0.4)
        for number, (_, content) in enumerate(sorted(when)):
            asyncio.run(dice.choice(owners).take(*delivered([content], first=number)))
    assert list(world.dead().values()) == ["conflict"] * len(sent)


async def test_a_fold_that_died_half_way_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    first = await fleet_of(world, 3)
    await world.take(*delivered([temperature(2, 6.0, machine="m1", device="d1")], first=first))
    before = world.fleet()["m1"]
    monkeypatch.setattr(conditions, "grown", lambda *_: True)

    def dies(operation: str, key: str) -> None:
        if operation == "write" and key == "0:young":
            raise Transient("killed")

    world.conditions.fault = dies
    last = delivered([temperature(2, 7.0, machine="m2", device="d2")], first=first + 1)
    with pytest.raises(Transient):
        await world.take(*last)
    assert sizes(world) == {"0:0": 3, "0:young": 2}
    assert world.fleet()["m1"] == before
    world.conditions.fault = lambda *_: None
    await world.take(*last)
    assert sizes(world) == {"0:0": 3, "0:young": 1}
    assert world.fleet()["m1"] == before
    assert world.fleet()["m2"]["temp:main"][3] == 7.0


async def test_the_young_document_is_read_before_those_that_it_is_folded_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a machine that is folded in between would be in neither."""
    world = World()
    first = await fleet_of(world, 300)
    await world.take(*delivered([temperature(1, machine="new", device="d")], first=first))
    monkeypatch.setattr(conditions, "grown", lambda *_: True)
    reads = 0

    async def folding(operation: str, call: Call, *arguments: Any) -> Any:
        nonlocal reads
        reads += operation == "read"
        if operation == "read" and reads == 2:
            await world.take(*delivered([temperature(2, machine="m1", device="d1")], first=first + 1))
        return await call(*arguments)

    held = await of_partition("0", watched(world.conditions, folding))
    assert held.knows("new")


async def test_who_mends_a_machine_is_not_overtaken_by_a_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fold begins when the first document is mended, and ends when all are."""
    store = FakeDocuments("id")
    world = World(conditions=store)
    first = await fleet_of(world, 300)
    await world.take(*delivered([temperature(9, 40.0, machine="m1", device="d1")], first=first))
    monkeypatch.setattr(conditions, "grown", lambda *_: True)
    half, mended = asyncio.Event(), asyncio.Event()

    async def in_two_halves(operation: str, call: Call, *arguments: Any) -> Any:
        if operation == "write" and arguments[0] == "0:young" and not half.is_set():
            half.set()
            await mended.wait()
        return await call(*arguments)

    folding = World(conditions=watched(store, in_two_halves))
    batch = delivered([temperature(2, machine="m2", device="d2")], first=first + 1)
    folds: list[asyncio.Task[Any]] = []

    async def then_a_fold(operation: str, call: Call, *arguments: Any) -> Any:
        answer = await call(*arguments)
        if operation == "write" and not folds:
            folds.append(asyncio.create_task(folding.take(*batch)))
            await half.wait()
        return answer

    await mend_conditions({"m1": {}}, watched(store, then_a_fold), 1)
    mended.set()
    await folds[0]
    assert "m1" not in world.fleet()
    assert world.fleet()["m2"]["seen"][1] == 2


def test_an_entry_is_what_it_was_when_it_is_taken_apart_and_joined() -> None:
    faults = [body("fault.raised", {"component": "c", "code": f"{n:03}"}, n) for n in range(1, 60)]
    world = World()

    async def take() -> None:
        for number, content in enumerate(faults):
            await world.take(*delivered([content, level(number + 1, 3)], first=2 * number))

    asyncio.run(take())
    calm = World()
    asyncio.run(calm.take(*delivered(faults)))
    assert world.fleet()["m1"].keys() == calm.fleet()["m1"].keys()
    assert {one["shard"] for one in world.conditions.bodies("conditions")} == {0, -1}


def test_a_young_document_of_a_new_partition_is_folded_at_once() -> None:
    young = conditions.young("0")
    conditions.put_entry(young, "m1", {"seen": [1, 1, 1, "ntp"]})
    young.writes = 1
    assert conditions.grown(young, [])
    large = Conditions(id="0:0", partition="0", shard=0, bytes=1_000)
    assert not conditions.grown(young, [large])
    young.bytes, young.writes = conditions.SMALL_BYTES + 1, 1
    assert conditions.grown(young, [large])
    large.bytes = conditions.SMALL_BYTES
    assert not conditions.grown(young, [large])
