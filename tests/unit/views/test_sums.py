"""Sums of ranges against a second, simple reading: leaf by leaf, with nothing of the code under test."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vending.rollups.tree import OTHER
from vending.views import sums
from vending.views.sums import Both, Span, SumRow

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
CURRENCIES = st.sampled_from(["EUR", "USD", "JPY"])
NUMBERS = st.integers(1, 10**15)


def figures_of(*parts: str) -> st.SearchStrategy[dict[str, Any]]:
    """A day of a scope with some breakdowns; nothing else is known of how the parts agree."""
    money = st.dictionaries(CURRENCIES, NUMBERS, min_size=1)
    counts: dict[str, Any] = dict.fromkeys(sums.COUNTS, NUMBERS) | dict.fromkeys(sums.MONEY, money)
    bare = st.fixed_dictionaries({}, optional=counts)
    names = st.sampled_from(["a", "b", "c", "d", "e", OTHER])
    broken = {part: st.dictionaries(names, bare.filter(bool), min_size=1) for part in parts}
    return st.fixed_dictionaries({}, optional=counts | broken)


def leaves(figures: Any, path: tuple[str, ...] = ()) -> Counter[tuple[str, ...]]:
    """Every number by its path."""
    if isinstance(figures, dict):
        found: Counter[tuple[str, ...]] = Counter()
        for name, value in figures.items():
            found.update(leaves(value, (*path, name)))
        return found
    return Counter({path: figures})


def told(sold: sums.DaySales) -> Counter[tuple[str, ...]]:
    """The same of an answer; zeros are left out."""
    counts = {(name,): getattr(sold, name) for name in sums.COUNTS}
    money = {(name, code): n for name in sums.MONEY for code, n in getattr(sold, name).items()}
    assert all(type(number) is int for number in (counts | money).values())
    return Counter({path: number for path, number in (counts | money).items() if number})


def bare(counter: Counter[tuple[str, ...]]) -> Counter[tuple[str, ...]]:
    """Without breakdowns."""
    return Counter({path: n for path, n in counter.items() if path[0] in (*sums.COUNTS, *sums.MONEY)})


def added(counters: Any) -> Counter[tuple[str, ...]]:
    result: Counter[tuple[str, ...]] = Counter()
    for counter in counters:
        result.update(counter)
    return result


@given(DAYS, st.integers(1, 92))
def test_the_range_before_is_as_long_and_adjacent(first: date, length: int) -> None:
    span = Span(first.isoformat(), (first + timedelta(days=length - 1)).isoformat())
    assert len(span.days) == len(span.before.days) == length
    assert date.fromisoformat(span.before.last) + timedelta(days=1) == first
    assert [*span.before.days, *span.days] == sorted({*span.before.days, *span.days})


@given(st.lists(figures_of("hours", "skus"), max_size=8), st.lists(figures_of("hours"), max_size=8))
def test_a_total_is_the_sum_of_its_days(now: list[Any], before: list[Any]) -> None:
    held = [leaves(day) for day in now]
    found = sums.total(Both(sums.summed(now), sums.summed(before)))
    assert told(found) == bare(added(held))
    assert told(found.before) == bare(added(map(leaves, before)))
    assert held == [leaves(day) for day in now], "summing changed what was summed"


@given(figures_of("skus"), figures_of("skus"), st.integers(1, 8))
def test_the_rows_of_a_breakdown_are_all_of_it(now: Any, before: Any, most: int) -> None:
    parts = now.get("skus", {}), before.get("skus", {})
    rows = sums.ranked_rows(*parts, most)
    assert len([row for row in rows if row.key != OTHER]) <= most
    assert len({row.key for row in rows}) == len(rows)
    assert added(map(told, rows)) == added(leaves(part) for part in parts[0].values())
    assert added(told(row.before) for row in rows) == added(leaves(part) for part in parts[1].values())
    assert OTHER not in [row.key for row in rows[:-1]]


@given(figures_of("skus"), st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["cold", "hot"])))
def test_categories_are_all_of_the_products(now: Any, categories: dict[str, str]) -> None:
    parts = sums.broken_down(Both(now, {}), "category", categories)
    rows = sums.ranked_rows(*parts, 99)
    assert {row.key for row in rows} <= {"cold", "hot", "unknown", OTHER}
    assert added(map(told, rows)) == added(leaves(part) for part in now.get("skus", {}).values())


@given(st.dictionaries(st.sampled_from("abc"), figures_of(), max_size=3), figures_of())
def test_scopes_and_what_is_beyond_them_are_the_whole(below: dict[str, Any], beyond: Any) -> None:
    whole = sums.summed([*below.values(), beyond])
    rows = sums.scope_rows({name: Both(now, {}) for name, now in below.items()}, Both(whole, {}), 99)
    assert added(map(told, rows)) == bare(leaves(whole))
    more: list[SumRow] = [row for row in rows if row.key == OTHER]
    assert [told(row) for row in more] == ([bare(leaves(beyond))] if bare(leaves(beyond)) else [])


def test_what_the_parts_tell_before_the_whole_does_is_below_zero() -> None:
    below = {"a": Both({"units": 3, "revenue": {"EUR": 5}}, {})}
    *_, more = sums.scope_rows(below, Both({"units": 1}, {}), 9)
    assert (more.key, more.units, more.revenue) == (OTHER, -2, {"EUR": -5})


def test_the_hours_of_a_day_that_has_one_twice_stand_by_the_clock() -> None:
    rows = sums.hour_rows(
        {"02b": {"units": 1}, OTHER: {"units": 2}}, {}, sums.clock_of(["2026-10-25"], "Europe/Berlin")
    )
    keys = [row.key for row in rows]
    assert keys == [*("00", "01", "02", "02b"), *(f"{hour:02d}" for hour in range(3, 24)), OTHER]
    spring = sums.hour_rows({}, {}, sums.clock_of(["2026-03-29"], "Europe/Berlin"))
    assert "02" not in [row.key for row in spring]
    assert len(spring) == 23
