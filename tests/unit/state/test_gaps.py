"""Since when holes are open."""

import pytest

from vending.state.gaps import KEPT, still_open, with_gap

GAP = ["d/1", 4, 6, 100]


@pytest.mark.parametrize(
    ("held", "open_"),
    [
        ([[1, 3], [7, 9]], True),
        ([[1, 4], [6, 9]], True),
        ([[1, 5], [7, 9]], True),
        ([[1, 3], [5, 9]], True),
        ([[1, 9]], False),
        ([[1, 2], [4, 6], [8, 9]], False),
        ([[4, 6]], False),
    ],
)
def test_a_gap_is_open_while_a_number_of_it_is_missing(held: list[list[int]], open_: bool) -> None:
    assert still_open([GAP], {"d/1": held}) == [GAP] * open_


def test_a_book_that_was_retired_has_no_gaps() -> None:
    assert still_open([GAP], {"d/2": [[7, 9]]}) == []


def test_the_newest_are_kept() -> None:
    gaps: list[list[object]] = []
    for number in range(20):
        gaps = with_gap(gaps, ["d/1", 2 * number, 2 * number, 1_000 - number])
    assert [gap[3] for gap in gaps] == list(range(1_001 - KEPT, 1_001))
