"""What a process remembers of documents saves reads and never decides against what is stored."""

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import oracle as truth
from tests.support.events import World, cut, delivered, temperature, vend
from tests.support.fakes import FakeDocuments
from tests.support.overlapping_owners import check, owner, remembering, shared_world
from tests.support.watched import Call, watched
from vending.adapters.remembering import CONDITIONS, STOCKS, RememberedDocuments, Share
from vending.errors import Conflict, Transient
from vending.ports import Put, Stored


def doc(id: str, machine: str = "m1", **more: Any) -> dict[str, Any]:  # noqa: A002
    return {"id": id, "machineId": machine, "type": "stock"} | more


async def read(documents: RememberedDocuments, key: str = "m1", id: str = "stock") -> Stored:  # noqa: A002
    found = await documents.read(key, id)
    assert found is not None
    return found


async def test_what_was_read_or_written_is_not_read_again() -> None:
    store = FakeDocuments("machineId")
    documents = RememberedDocuments(store, STOCKS)
    assert await documents.read("m1", "stock") is None
    await documents.write("m1", [Put(doc("stock", n=1)), Put(doc("page", type="page"))])
    requests = store.requests
    for n in (2, 3):
        held = await read(documents)
        assert held.body["n"] == n - 1
        await documents.write("m1", [Put(held.body | {"n": n}, held.etag)])
    assert store.requests == requests + 2
    await read(documents, id="page")
    await read(documents, id="page")
    assert store.requests == requests + 4
    other = RememberedDocuments(store, STOCKS)
    assert await read(other) == await read(other) == await read(documents)
    assert store.requests == requests + 5


async def test_a_stock_that_retired_a_book_is_read_each_time() -> None:
    """Another owner may have let a book in meanwhile; by an old stock it would be refused as retired."""
    store = FakeDocuments("machineId")
    documents = RememberedDocuments(store, STOCKS)
    await documents.write("m1", [Put(doc("stock", closed={"epochs": 1}))])
    before = store.requests
    await read(documents)
    await read(documents)
    assert store.requests == before + 2


@pytest.mark.parametrize("fault", [Conflict("taken"), Transient("lost"), asyncio.CancelledError()])
async def test_what_could_not_be_written_is_forgotten(fault: BaseException) -> None:
    store = FakeDocuments("machineId")
    documents = RememberedDocuments(store, STOCKS)
    (etag,) = await documents.write("m1", [Put(doc("stock", n=1))])

    def fails(*_: str) -> None:
        raise fault

    store.after = fails
    with pytest.raises(type(fault)):
        await documents.write("m1", [Put(doc("stock", n=2), etag)])
    assert (await read(documents)).body["n"] == 2


async def test_the_oldest_are_forgotten_and_the_large_are_not_kept() -> None:
    store = FakeDocuments("machineId")
    documents = RememberedDocuments(store, Share("stock", each=100, most=250))
    for n in range(4):  # some 80 bytes each: three fit
        await documents.write(f"m{n}", [Put(doc("stock", f"m{n}", text="x" * 25))])
    before = store.requests
    for n in (1, 2, 3):
        await read(documents, f"m{n}")
    assert store.requests == before
    await read(documents, "m0")
    await read(documents, "m2")
    assert store.requests == before + 1
    await read(documents, "m1")
    assert store.requests == before + 2
    await documents.write("m9", [Put(doc("stock", "m9", text="x" * 99))])
    await read(documents, "m9")
    assert store.requests == before + 4


async def test_a_batch_of_machines_that_are_known_costs_writes_only() -> None:
    world = World()
    process = remembering(world)
    await process.take(*delivered([vend(1), temperature(2)]))
    await process.take(*delivered([temperature(3)], first=2))
    before = world.machines.requests, world.conditions.requests
    await process.take(*delivered([vend(4, ledger=2), temperature(5)], first=3))
    assert (world.machines.requests, world.conditions.requests) == (before[0] + 1, before[1] + 1)


async def test_what_is_near_a_bound_is_judged_as_it_is_now() -> None:
    world = World()
    process, other = remembering(world), remembering(world)
    await process.take(*delivered([vend(2 * n) for n in range(1, 1001)]))
    await other.take(*delivered([vend(3)], first=1000))
    await process.take(*delivered([vend(3001)], first=1001))
    assert not world.dead()


@given(st.integers(0, 2**32))
@settings(max_examples=30)
def test_two_processes_that_remember_change_nothing(seed: int) -> None:
    """Each has a memory that the other makes old; both take everything, and answers are lost."""
    dice = random.Random(seed)
    bodies = truth.events(dice, 3, 50)
    arrived = delivered(dice.sample(bodies, len(bodies)) + bodies[:5])
    world = shared_world(dice, 0.03)

    async def both() -> None:
        await asyncio.gather(*(owner(remembering(world), cut(arrived, dice)) for _ in range(2)))

    asyncio.run(both())
    assert not world.dead()
    check(world, bodies)


async def test_what_is_being_read_while_its_like_is_forgotten_is_not_remembered() -> None:
    """Else an old shard would be remembered beside the young document of after a fold."""
    store = FakeDocuments("id")
    names = ("0:0", "0:young", "1:0")
    before: list[dict[str, Any]] = [{"id": name, "type": "conditions"} for name in names]
    for one in before:
        await store.write(one["id"], [Put(one)])
    release = asyncio.Event()

    async def late(operation: str, call: Call, *arguments: Any) -> Any:
        answer = await call(*arguments)
        if operation == "read" and not release.is_set():
            await release.wait()
        return answer

    documents = RememberedDocuments(watched(store, late), CONDITIONS)
    reading = [asyncio.create_task(documents.read(name, name)) for name in ("0:0", "1:0")]
    await asyncio.sleep(0)
    with pytest.raises(Conflict):
        await documents.write("0:young", [Put(before[1])])
    release.set()
    await asyncio.gather(*reading)
    requests = store.requests
    await documents.read("1:0", "1:0")
    assert store.requests == requests
    await documents.read("0:0", "0:0")
    assert store.requests == requests + 1
