"""Blobs of dead letters, newest first, whatever their number."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes import FakeBlobs
from vending.ingest import dead_letter_blobs
from vending.ingest.dead_letter_blobs import holding, newest, partitions

NUMBERS = st.integers(0, 99) | st.integers(0, 999_999_999_999)


def named(first: int, last: int) -> str:
    return f"1/0/{first:012d}-{last:012d}-{first % 7:016x}.jsonl"


async def holder(*names: str) -> FakeBlobs:
    blobs = FakeBlobs()
    for name in names:
        await blobs.create(name, b"")
    return blobs


@settings(deadline=None)
@given(st.sets(NUMBERS, max_size=40), st.integers(1, 9), NUMBERS | st.none())
async def test_every_name_once_from_the_newest_back(numbers: set[int], page: int, upto: int | None) -> None:
    """With listings of a few names, so that prefixes are split to their last digit."""
    names = [named(number, number + 5) for number in numbers]
    blobs = await holder(*names, "1/01/000000000001-000000000001-0000000000000001.jsonl")
    bound = None if upto is None else named(upto, upto + 5)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dead_letter_blobs, "NAMES", page)
        found = [name async for name in newest(blobs, "1/0/", bound)]
    assert found == sorted((name for name in names if bound is None or name <= bound), reverse=True)


async def test_a_few_thousand_blobs_take_one_listing() -> None:
    blobs = await holder(*(named(number, number) for number in range(2_000)))
    before = blobs.requests
    assert len([name async for name in newest(blobs, "1/0/")]) == 2_000
    assert blobs.requests - before == 1


async def test_the_newest_of_many_take_a_bounded_number_of_listings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten for each digit, at the most."""
    monkeypatch.setattr(dead_letter_blobs, "NAMES", 10)
    blobs = await holder(*(named(number, number) for number in range(3_000)))
    before = blobs.requests
    async for name in newest(blobs, "1/0/"):
        assert name == named(2_999, 2_999)
        break
    assert blobs.requests - before <= 10 * dead_letter_blobs.DIGITS


@given(st.sets(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=12), st.integers(0, 70))
async def test_what_may_hold_a_number_is_all_that_does(spans: set[tuple[int, int]], number: int) -> None:
    names = {named(first, first + length): (first, first + length) for first, length in spans}
    blobs = await holder(*names)
    found = [name async for name in holding(blobs, "1/0/", number)]
    assert sorted(found) == sorted(name for name, (first, last) in names.items() if first <= number <= last)


async def test_partitions_stand_by_their_number() -> None:
    blobs = await holder("1/10/a", "1/2/a", "1/2/b", "2/5/a", "marks/1/3/a")
    assert await partitions(blobs, "1") == ["2", "10"]
    assert await partitions(blobs, "9") == []
