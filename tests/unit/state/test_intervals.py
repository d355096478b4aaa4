"""Intervals against a set of numbers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vending.state.intervals import Intervals, add, close_first, contains, holes, lacking, missing, size

numbers = st.lists(st.integers(1, 40), max_size=60)


def built(order: list[int]) -> Intervals:
    held: Intervals = []
    for number in order:
        add(held, number)
    return held


@given(numbers, st.integers(1, 41))
def test_intervals_are_the_set(order: list[int], asked: int) -> None:
    held, model = built(order), set(order)
    assert [n for first, last in held for n in range(first, last + 1)] == sorted(model)
    assert all(left[1] + 1 < right[0] for left, right in pairwise(held))
    assert contains(held, asked) == (asked in model)
    assert size(held) == len(model)
    absent = set(range(1, max(model, default=0))) - model
    assert {n for first, last in missing(held) for n in range(first, last + 1)} == absent
    assert (holes(held), lacking(held)) == (len(missing(held)), len(absent))


@given(numbers)
def test_the_lowest_hole_is_closed_until_there_is_none(order: list[int]) -> None:
    held = built(order)
    told = missing(held)
    assert [list(close_first(held)) for _ in told] == told
    assert held == ([[1, max(order)]] if order else [])


def test_holes_are_told_up_to_a_limit() -> None:
    assert missing([[3, 3], [5, 5], [7, 9]], limit=2) == [[1, 2], [4, 4]]
