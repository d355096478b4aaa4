"""The bucket of a device: never more than it holds and what flowed in, and bounded over all devices."""

from hypothesis import given
from hypothesis import strategies as st

from vending.access.request_rate import RequestRate

MOMENTS = st.lists(st.floats(0, 600, allow_nan=False), max_size=200).map(sorted)


@given(MOMENTS, st.integers(1, 120), st.integers(1, 30))
def test_in_any_time_no_more_than_a_bucket_and_what_flowed_in(
    moments: list[float], per_minute: int, at_once: int
) -> None:
    rate = RequestRate(per_minute, at_once)
    taken = [moment for moment in moments if rate.wait("dev", moment) == 0]
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            flowed = (taken[last] - taken[first]) * per_minute / 60
            assert last - first + 1 <= at_once + flowed + 1e-6


@given(MOMENTS, st.integers(1, 120), st.integers(1, 30))
def test_who_waits_as_long_as_told_is_let_in(moments: list[float], per_minute: int, at_once: int) -> None:
    rate = RequestRate(per_minute, at_once)
    for moment in moments:
        if wait := rate.wait("dev", moment):
            assert rate.wait("dev", moment + wait + 1e-6) == 0
            return


def test_one_that_runs_wild_takes_nothing_from_another() -> None:
    rate = RequestRate(60, 20)
    assert sum(rate.wait("wild", 0.0) == 0 for _ in range(1000)) == 20
    assert rate.wait("wild", 0.0) == 1.0
    assert rate.wait("calm", 0.0) == 0


def test_what_is_remembered_is_bounded_and_the_longest_silent_goes_first() -> None:
    rate = RequestRate(60, 1, most=3)
    for name in ("a", "b", "c"):
        assert rate.wait(name, 0.0) == 0
    assert rate.wait("a", 1.0) == 0
    assert rate.wait("d", 1.0) == 0
    assert len(rate) == 3
    assert rate.wait("b", 1.0) == 0, "forgotten, it begins anew"
    assert rate.wait("a", 1.0) > 0
