"""Books against a set of numbers: bounds give up what is oldest, tell of it, and refuse nothing new."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vending.state import books
from vending.state.books import MOST, Books
from vending.state.intervals import holes, missing, size

HOLES, HELD = 4, 3
Numbered = tuple[str, int]
few = st.lists(st.tuples(st.sampled_from(["d/1", "d/2", "e/1"]), st.integers(1, 9)), max_size=12)
anything = st.lists(
    st.tuples(st.builds("{}/{}".format, st.sampled_from("de"), st.integers(1, 4)), st.integers(1, 24)),
    max_size=60,
)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "MAX_HOLES", HOLES)
    monkeypatch.setattr(books, "MAX_BOOKS", HELD)


class Ledger:
    """Books that are stored after each number, or kept in memory, and what their pages would hold."""

    def __init__(self, *, stored: bool) -> None:
        self.stored = stored
        self.books = Books({}, {}, [])
        self.pages: set[Numbered] = set()
        self.refused: set[Numbered] = set()
        self.deepest = 0

    def take(self, told: list[Numbered]) -> "Ledger":
        for at, (key, number) in enumerate(told):
            if self.stored:
                applied, closed = json.loads(json.dumps([self.books.applied, self.books.closed]))
                held_once = {page for page, _ in self.pages} - applied.keys()
                self.books = Books(applied, closed, held_once)
            self.count(key, number, at)
        return self

    def count(self, key: str, number: int, at: int) -> None:
        if not self.books.accounted_for(key, number):
            assert (key, number) not in self.pages
            self.books.count(key, number, at)
            self.pages.add((key, number))
        elif (key, number) not in self.pages:
            self.refused.add((key, number))
        self.deepest = max(self.deepest, sum(map(holes, self.books.applied.values())))

    @property
    def state(self) -> tuple[Any, Any]:
        return self.books.applied, self.books.closed


def gaps(told: set[Numbered]) -> int:
    """The holes of a set of numbers, counted without intervals."""
    edges = {key: sorted({0} | {n for name, n in told if name == key}) for key, _ in told}
    return sum(right > left + 1 for own in edges.values() for left, right in pairwise(own))


@given(few, st.randoms(use_true_random=False))
def test_within_the_bounds_any_order_ends_in_the_same_books(told: list[Numbered], dice: Any) -> None:
    """P3: the bounds that it holds within are those on open holes at any time, and on books."""
    orders = [told, *(dice.sample(told, len(told)) + told[:5] for _ in range(5)), sorted(told)]
    within = [x for x in orders if max(gaps(set(x[:n])) for n in range(len(x) + 1)) <= HOLES]
    ends = [Ledger(stored=dice.random() < 0.5).take(order) for order in within]
    for end in ends:
        assert end.state == ends[0].state
        assert (end.books.closed, end.pages, end.refused) == ({}, set(told), set())


@given(anything)
def test_beyond_the_bounds_every_number_is_counted_once_or_given_up(told: list[Numbered]) -> None:
    """P1, P2. And the cut into batches plays no part, so a rebuild in the same order is equal (P4)."""
    ledger = Ledger(stored=True).take(told)
    assert ledger.state == Ledger(stored=False).take(told).state
    assert ledger.pages | ledger.refused >= set(told)
    applied, closed = ledger.state
    assert len(applied) <= HELD
    assert ledger.deepest <= HOLES
    held = {
        (key, n) for key, pairs in applied.items() for first, last in pairs for n in range(first, last + 1)
    }
    own = {(key, n) for key, n in ledger.pages if key in applied}
    assert own <= held
    assert all(number <= closed["below"][key] for key, number in held - own)
    retired = {key for key, _ in ledger.pages} - applied.keys()
    assert len(retired) == (closed["epochs"] if closed else 0)
    if not closed:
        assert not ledger.refused
    elif not retired:
        assert closed["numbers"] == len(held - own)


def test_the_oldest_hole_of_the_worst_book_is_closed_and_what_comes_after_counts() -> None:
    ledger = Ledger(stored=True).take([("d/1", 2), ("e/1", 3), ("d/1", 6), ("d/1", 8)])
    assert ledger.books.closed == {}
    ledger.take([("d/1", 10)])
    assert ledger.books.applied == {"d/1": [[1, 2], [6, 6], [8, 8], [10, 10]], "e/1": [[3, 3]]}
    assert ledger.books.closed == {"holes": 1, "numbers": 1, "epochs": 0, "at": 0, "below": {"d/1": 1}}
    ledger.take([("d/1", 11), ("d/1", 12)])
    ledger.take([("d/1", 1), ("d/1", 2), ("d/1", 14), ("d/1", 3), ("d/1", 7)])
    assert ledger.refused == {("d/1", 1), ("d/1", 3)}
    assert ledger.books.applied["d/1"] == [[1, 8], [10, 12], [14, 14]]
    assert ledger.books.closed == {"holes": 2, "numbers": 4, "epochs": 0, "at": 2, "below": {"d/1": 5}}


def test_a_device_that_skips_costs_another_one_nothing() -> None:
    """Its own hole is kept open, however many the other one leaves."""
    honest = [("e/9", 1), ("e/9", 3)]
    ledger = Ledger(stored=True).take(honest + [("d/1", 2 * n) for n in range(1, 50)])
    assert missing(ledger.books.applied["e/9"]) == [[2, 2]]
    ledger.take([("e/9", 2)])
    assert not ledger.refused
    assert ledger.books.applied["e/9"] == [[1, 3]]


def test_a_new_epoch_is_always_let_in_and_the_device_that_has_most_gives_one_up() -> None:
    told = [("terminal/1", 1), ("d/2", 1), ("d/3", 2), ("d/4", 1)]
    ledger = Ledger(stored=True).take(told)
    assert ledger.books.applied.keys() == {"terminal/1", "d/3", "d/4"}
    assert ledger.books.closed == {"holes": 0, "numbers": 0, "epochs": 1, "at": 3, "below": {}}
    for epoch in range(5, 60):
        ledger.take([(f"d/{epoch}", 1)])
    assert ledger.books.applied.keys() == {"terminal/1", "d/58", "d/59"}
    # The hole of d/3 went with it.
    assert ledger.books.closed == {"holes": 1, "numbers": 1, "epochs": 56, "at": 3, "below": {}}
    ledger.take([("terminal/1", 2), ("d/2", 1), ("d/2", 2)])
    assert ledger.refused == {("d/2", 2)}


def test_what_was_closed_in_a_book_goes_when_the_book_does() -> None:
    ledger = Ledger(stored=True).take([("d/1", 2 * n) for n in range(1, 7)])
    assert ledger.books.closed["below"] == {"d/1": 3}
    ledger.take([(f"d/{epoch}", 1) for epoch in (2, 3, 4)])
    assert ledger.books.closed == {"holes": 6, "numbers": 6, "epochs": 1, "at": 5, "below": {}}


def test_a_sum_of_numbers_stays_one_that_the_database_can_keep() -> None:
    found = Books(
        {"d/1": [[10**12, 10**12]]}, {"holes": 1, "numbers": MOST - 5, "epochs": 0, "at": 7, "below": {}}, []
    )
    for number in range(1, HOLES + 1):
        found.count("d/1", 10**12 + 2 * number, 3)
    assert (found.closed["numbers"], found.closed["at"], found.closings) == (MOST, 7, 1)
    assert size(found.applied["d/1"]) == 10**12 + HOLES
