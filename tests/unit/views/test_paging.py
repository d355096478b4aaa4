"""Pages: none twice, and none that was always there missing, whatever comes, goes or moves meanwhile."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vending.views.paging import LONGEST, Order, Place, page

IDS = st.text("abc", min_size=1, max_size=3)
KEYS = st.integers(0, 3)
Fleet = dict[str, int]


@dataclass(frozen=True)
class Row:
    id: str
    key: int


def order(down: bool, by_id: bool = False) -> Order[Row]:
    if by_id:
        return Order("id", str, row_id, row_id, down)
    return Order("key", int, lambda row: row.key, row_id, down)


def row_id(row: Row) -> str:
    return row.id


def rows(fleet: Fleet) -> list[Row]:
    return [Row(name, fleet[name]) for name in sorted(fleet)]


def walked(by: Order[Row], states: list[Fleet], limit: int) -> list[Row]:
    """What a client gets that goes on after each page, while the fleet is another one each time; the last of
    the states stays."""
    found: list[Row] = []
    after: Place | None = None
    for state in [*states, *[states[-1]] * 100]:
        shown = page(rows(state), by, after, limit)
        found += shown.rows
        if not shown.more:
            return found
        after = by.placed(by.cursor(shown.rows[-1]))
    raise AssertionError("the walk never ends")


@given(
    st.dictionaries(IDS, KEYS, min_size=1),
    st.lists(st.dictionaries(IDS, st.none() | KEYS), max_size=6),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
def test_a_walk_gives_what_stood_still_once(
    first: Fleet, changes: list[dict[str, int | None]], limit: int, down: bool, by_id: bool
) -> None:
    """Between two pages rows come, go (None) and get other keys."""
    states = [first]
    for change in changes:
        state = states[-1] | change
        states.append({name: key for name, key in state.items() if key is not None})
    found = [row.id for row in walked(order(down, by_id), states, limit)]
    for name in {name for state in states for name in state}:
        keys = {state.get(name) for state in states}
        always, still = None not in keys, len(keys - {None}) == 1
        if by_id or still:
            assert found.count(name) <= 1
            assert found.count(name) == 1 or not always


@pytest.mark.parametrize("down", [False, True])
def test_a_page_is_in_order_and_equal_keys_by_id(down: bool) -> None:
    fleet = {"d": 1, "a": 2, "c": 2, "b": 1}
    assert [row.id for row in page(rows(fleet), order(down), None, 9).rows] == (
        ["a", "c", "b", "d"] if down else ["b", "d", "a", "c"]
    )


def test_the_last_page_says_that_it_is_the_last() -> None:
    fleet = dict.fromkeys("abc", 1)
    assert [page(rows(fleet), order(False), None, limit).more for limit in (2, 3, 4)] == [True, False, False]


@given(st.text(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=64))
def test_a_cursor_names_its_place(name: str, number: int, at: str) -> None:
    for kind, key in ((str, name), (int, number)):
        by = Order[tuple[object, str]]("k", kind, lambda row: row[0], lambda row: row[1])
        text = by.cursor((key, at))
        assert by.placed(text) == Place(key, at)
        assert text.isascii()
        assert text.replace("-", "").replace("_", "").isalnum()


def test_the_longest_name_has_a_cursor_that_is_taken() -> None:
    by = Order[str]("-lastSeen", str, lambda row: row, lambda _: "x" * 64)
    assert len(by.cursor("€" * 120)) <= LONGEST


@pytest.mark.parametrize("text", ["x", "!!!!", "bm9uZQ", "WyJrZXkiLDEsImEi", "é", "W10", "W1tbW1tbW1s"])
def test_another_text_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="'after' is no cursor"):
        order(False).placed(text)


def test_a_cursor_of_another_order_is_refused() -> None:
    other = Order[Row]("name", str, row_id, row_id)
    same = Order[Row]("key", str, row_id, row_id)
    for by in (other, same):
        with pytest.raises(ValueError, match="no cursor of the order 'key'"):
            order(False).placed(by.cursor(Row("a", 1)))
