"""A write that lost is made again from what is there now, and not for ever."""

from unittest.mock import ANY

import pytest

from tests.support.fakes import FakeDocuments
from vending.errors import Conflict, Transient
from vending.ports import Put
from vending.retry import ROUNDS, retry_on_conflict


class Counter:
    """A document that counts, and somebody else who counts too, whenever it was read."""

    def __init__(self, others: int) -> None:
        self.documents = FakeDocuments("id")
        self.others = others
        self.rounds = 0

    async def add(self, amount: int) -> int:
        """Read, change, write If-Match."""
        held = await self.documents.read("n", "n")
        if self.rounds < self.others:
            await self._write(100, held.etag if held else None, held.body["n"] if held else 0)
        self.rounds += 1
        return await self._write(amount, held.etag if held else None, held.body["n"] if held else 0)

    async def _write(self, amount: int, etag: str | None, before: int) -> int:
        await self.documents.write("n", [Put({"id": "n", "n": before + amount}, etag)])
        return before + amount


@pytest.mark.parametrize("others", [0, 1, ROUNDS - 1])
async def test_each_round_begins_with_what_is_there(others: int) -> None:
    counter = Counter(others)
    assert await retry_on_conflict("n", lambda: counter.add(1)) == others * 100 + 1
    assert (counter.rounds, counter.documents.items["n", "n"]) == (
        others + 1,
        (ANY, {"id": "n", "n": others * 100 + 1}),
    )


@pytest.mark.parametrize(("rounds", "given"), [(8, {}), (3, {"rounds": 3})])
async def test_after_so_many_rounds_the_work_waits_and_says_whose_writes_it_lost_to(
    rounds: int, given: dict[str, int]
) -> None:
    counter = Counter(100)
    with pytest.raises(
        Transient, match=f"^the count is still contended after {rounds} rounds; try again$"
    ) as caught:
        await retry_on_conflict("the count", lambda: counter.add(1), **given)
    assert isinstance(caught.value.__cause__, Conflict)
    assert (counter.rounds, counter.documents.items["n", "n"][1]["n"]) == (rounds, rounds * 100)


async def test_what_is_no_conflict_is_not_tried_again() -> None:
    rounds = []

    async def attempt() -> None:
        rounds.append(1)
        raise Transient("away", 5)

    with pytest.raises(Transient, match="away"):
        await retry_on_conflict("n", attempt)
    assert rounds == [1]
