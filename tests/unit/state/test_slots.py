"""A slot is the same in any order of arrival, and never says more than it can know."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vending.errors import Rejected
from vending.state import slots
from vending.state.slots import BUDGET, CERTAIN, FAILURES, KEPT, Slot

orders = st.tuples(st.integers(1, 2), st.integers(1, 400))
Act = tuple[str, tuple[int, int], int]
acts = st.lists(
    st.one_of(
        st.tuples(st.just("vend"), orders, st.integers(1, 60)),
        st.tuples(st.just("count"), orders, st.integers(0, 250)),
        st.tuples(st.just("holds"), orders, st.integers(0, 250)),
        st.tuples(st.just("fail"), orders, st.just(0)),
    ),
    max_size=14,
    unique_by=lambda act: act[1],
)
sparse = st.lists(st.integers(1, 999_999_999_999), min_size=1, max_size=80, unique=True)


def played(acts: list[Act], *, stored: bool = True) -> Slot:
    slot = Slot()
    for name, order, units in acts:
        getattr(slot, name)(order, *([units] if name != "fail" else []))
        if stored:  # as between two batches
            slot = Slot(json.loads(json.dumps(slot.dump())))
    return slot


def truth(acts: list[Act]) -> int | None:
    counts = [(order, units) for name, order, units in acts if name == "count"]
    if not counts:
        return None
    base, units = max(counts)
    return max(0, units - sum(n for name, order, n in acts if name == "vend" and order > base))


@given(acts, st.randoms(use_true_random=False))
def test_any_order_ends_in_the_same_slot_and_in_the_truth(acts: list[Act], dice: Any) -> None:
    shuffled = dice.sample(acts, len(acts))
    slot = played(acts)
    assert slot.dump() == played(shuffled, stored=False).dump()
    assert slot.on_hand in (truth(acts), None) if slot.kept else slot.on_hand == truth(acts)
    if len(slot.kept) <= CERTAIN:
        assert slot.on_hand == truth(acts)
    done = max((order for name, order, _ in acts if name in ("vend", "count")), default=(0, 0))
    failed = sorted(order for name, order, _ in acts if name == "fail" and order > done)
    assert slot.failed == failed[-FAILURES:]


@given(sparse, st.integers(0, 250), st.randoms(use_true_random=False))
@example([n * 9_999_999_999 for n in range(1, 80)], 200, None)
def test_sparse_units_are_cut_alike_in_any_order(numbers: list[int], units: int, dice: Any) -> None:
    acts: list[Act] = [("vend", (1, number), 1) for number in numbers]
    acts.append(("count", (1, sorted(numbers)[len(numbers) // 3]), units))
    shuffled = dice.sample(acts, len(acts)) if dice else acts[::-1]
    slot = played(acts)
    assert slot.dump() == played(shuffled).dump()
    assert len(json.dumps(slot.dump()[2], separators=(",", ":"))) <= BUDGET + 2
    assert slot.on_hand in (truth(acts), None)


@pytest.mark.parametrize("kept", [2, 250])
def test_every_order_of_seven_acts_ends_in_the_same_slot(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exhaustive where the properties draw, with room for two units, or for a few bytes of them."""
    monkeypatch.setattr(slots, "KEPT", kept)
    monkeypatch.setattr(slots, "BUDGET", slots.GROUP + 8)
    monkeypatch.setattr(slots, "CERTAIN", 1)
    acts: list[Act] = [("vend", (1, number), 1) for number in (5, 6, 1_000, 99_999)]
    acts += [("vend", (2, 3), 2), ("count", (1, 7), 90)]
    acts.append(("fail", (2, 4), 0))
    ends = [played(list(order)).dump() for order in itertools.permutations(acts)]
    assert all(end == ends[0] for end in ends)
    assert sum(len(group) - 1 for group in ends[0][2]) == 2  # of four: the oldest were cut


def test_a_level_that_comes_after_all_vends_above_it_lands_right() -> None:
    vends: list[Act] = [("vend", (1, 10 + 3 * n), 1) for n in range(120)]
    assert played([*vends, ("count", (1, 1), 200)]).on_hand == 80
    assert played([("count", (1, 1), 200), *vends]).on_hand == 80


def test_a_late_vend_below_the_level_changes_nothing_and_one_above_does() -> None:
    slot = played([("count", (1, 50), 10), ("vend", (1, 49), 3), ("vend", (1, 51), 2)])
    assert slot.on_hand == 8


def test_a_new_board_outranks_every_number_of_the_old_one() -> None:
    assert played([("count", (2, 1), 5), ("count", (1, 999), 9), ("vend", (1, 1000), 4)]).on_hand == 5


def test_no_more_units_are_kept_than_a_level_can_have() -> None:
    slot = played([("vend", (1, n), 100) for n in range(1, 7)])
    assert len(slot.kept) == KEPT
    slot.count((1, 1), 250)
    assert slot.on_hand == 0


def test_a_slot_that_had_to_forget_does_not_claim_to_know() -> None:
    slot = played([("vend", (1, n * 10**9), 1) for n in range(1, 100)])
    slot.count((1, 1), 250)
    assert slot.on_hand is None
    slot.count((1, 99 * 10**9), 30)
    assert slot.on_hand == 30


def test_one_event_that_says_two_levels_is_a_conflict() -> None:
    slot = played([("count", (1, 5), 10)])
    with pytest.raises(Rejected, match="was stored with level 10, now says 11"):
        slot.count((1, 5), 11)
    assert slot.on_hand == 10


def test_failures_in_a_row_end_with_a_sale_or_a_count_and_are_bounded() -> None:
    fails: list[Act] = [("fail", (1, n), 0) for n in range(1, 9)]
    assert played(fails).failed == [(1, n) for n in range(5, 9)]
    assert played([*fails, ("vend", (1, 6), 1)]).failed == [(1, 7), (1, 8)]
    assert played([("vend", (1, 6), 1), *fails]).dump() == [None, None, [[1, 6]], [[1, 7], [1, 8]]]
    assert played([*fails, ("count", (1, 7), 9)]).failed == [(1, 8)]
    assert played([*fails, ("holds", (1, 9), 9)]).failed == [(1, n) for n in range(5, 9)]
    assert played([*fails, ("vend", (2, 0), 1)]).dump() == [None, None, [[2, 0]]]
