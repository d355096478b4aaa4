"""The stores in memory that a machine is rebuilt in do as all other stores do."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import FakeDocuments
from vendctl.operations.scratch import ScratchDocuments
from vending.adapters.cosmos import COMPARISONS
from vending.errors import Conflict
from vending.ports import Filter, Put

FILTERS: list[list[Filter]] = [
    [],
    [("n", "=", 2)],
    [("n", "<=", 2), ("n", ">", 0)],
    [("m", ">=", 1)],
    [("n", "<", 3), ("id", "in", ["x", "z"])],
]


def test_every_comparison_is_tried() -> None:
    assert {comparison for where in FILTERS for _, comparison, _ in where} == COMPARISONS


@given(st.integers(0, 2**32))
async def test_what_is_read_is_what_another_store_would_give(seed: int) -> None:
    dice = random.Random(seed)
    stores = ScratchDocuments(), FakeDocuments("key")
    for step in range(12):
        key, names = dice.choice("ab"), dice.sample(["x", "y", "z"], dice.randint(1, 3))
        fresh = dice.random() < 0.8
        taken = []
        for store in stores:
            puts = []
            for name in names:
                held = await store.read(key, name)
                etag = (held.etag if held else None) if fresh else "no such version"
                body: dict[str, Any] = {"id": name, "key": key, "type": "x", "n": step % 4, "deep": [step]}
                puts.append(Put(body | ({"m": step} if step % 3 else {}), etag))
            try:
                await store.write(key, puts)
                taken.append(True)
            except Conflict:
                taken.append(False)
        assert taken[0] == taken[1] == fresh
    for scope in ("a", "b", None):
        for where in FILTERS:
            found = [[x.body async for x in store.select(scope, *where)] for store in stores]
            assert found[0] == found[1]
    rows = [[x.body async for x in store.select("a", fields=("id", "m"))] for store in stores]
    assert rows[0] == rows[1]


async def test_nobody_holds_what_is_stored() -> None:
    store = ScratchDocuments()
    body: dict[str, Any] = {"id": "x", "list": [1]}
    await store.write("a", [Put(body)])
    body["list"].append(2)
    read = await store.read("a", "x")
    assert read is not None
    read.body["list"].append(3)
    again = await store.read("a", "x")
    assert again is not None
    assert again.body == {"id": "x", "list": [1]}
