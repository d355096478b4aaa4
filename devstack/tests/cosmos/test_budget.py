"""What a second's request units do to clients that compete for them."""

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.cosmos.budget import Budget
from devstack.cosmos.errors import Refusal


def refused(budget: Budget, now: float) -> int | None:
    """The milliseconds to wait, or ``None`` when the request may run."""
    try:
        budget.admit(now)
    except Refusal as refusal:
        return int(refusal.headers["x-ms-retry-after-ms"])
    return None


def test_a_second_has_its_units_at_once_and_the_next_has_them_again() -> None:
    budget = Budget(20)
    for now in (5.0, 5.1):
        assert refused(budget, now) is None
        budget.charge(10)
    assert refused(budget, 5.5) == 501
    assert refused(budget, 6.0) is None


def test_what_is_over_is_owed() -> None:
    budget = Budget(10)
    assert refused(budget, 5.0) is None
    budget.charge(35)  # 25 below zero: the seconds 6 and 7 pay 20 of it, 8 the rest
    assert refused(budget, 5.0) == 3001
    assert refused(budget, 7.75) == 251
    assert refused(budget, 8.0) is None


def test_nothing_is_saved_up() -> None:
    budget = Budget(10)
    assert refused(budget, 5.0) is None
    assert refused(budget, 100.0) is None
    budget.charge(10)
    assert refused(budget, 100.5) == 501


def test_a_clock_that_is_set_back_gives_and_takes_nothing() -> None:
    budget = Budget(10)
    assert refused(budget, 100.0) is None
    budget.charge(10)
    assert refused(budget, 50.0) == 1001
    assert refused(budget, 51.0) is None


@given(
    st.integers(1, 400),
    st.lists(st.tuples(st.floats(1, 50), st.sampled_from((0.0, 0.4, 3.0))), min_size=1, max_size=60),
)
def test_who_waits_as_told_is_served_before_long(rate: int, requests: list[tuple[float, float]]) -> None:
    """Refused once at most for each second that all requests together are charged, and for the first."""
    budget, begin = Budget(rate), 1_700_000_000.0
    longest = sum(cost for cost, _ in requests) / rate + 1
    waiting = [(begin + at, 0, cost) for cost, at in requests]
    heapq.heapify(waiting)  # of those that come at once, who was refused most comes last
    while waiting:
        now, times, cost = heapq.heappop(waiting)
        assert now < begin + 3 + longest + 1
        wait = refused(budget, now)
        if wait is None:
            budget.charge(cost)
            continue
        assert times < longest
        heapq.heappush(waiting, (now + wait / 1000, times + 1, cost))


@pytest.mark.parametrize("clients", [8, 200])
def test_as_many_retries_as_the_sdks_do_are_enough(clients: int) -> None:
    """Two hundred upserts of ten units: with a level that rose steadily 50 did not do."""
    budget, served = Budget(400), 0
    waiting = [(1_000.4, index, 0) for index in range(clients)]
    left = 200 - clients
    while waiting:
        now, index, times = heapq.heappop(waiting)
        wait = refused(budget, now)
        if wait is not None:
            assert times < 9
            heapq.heappush(waiting, (now + wait / 1000, -index, times + 1))
            continue
        budget.charge(10)
        served += 1
        if left:
            left -= 1
            heapq.heappush(waiting, (now, index, 0))
    assert served == 200
