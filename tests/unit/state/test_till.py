"""Cash since the last collection, and what is owed to buyers: the same in any order of arrival."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vending.events.base import TillEffect
from vending.state import till
from vending.state.till import OWED, SPAN, SPANS, Till

Act = tuple[tuple[int, int], TillEffect]
orders = st.tuples(st.integers(1, 2), st.integers(0, 8 * SPAN))
effects = st.one_of(
    st.builds(TillEffect, cash=st.integers(1, 500), currency=st.sampled_from(["EUR", "USD"])),
    st.just(TillEffect(emptied=True)),
    st.builds(TillEffect, owed=st.integers(0, 300), currency=st.just("EUR")),
)
acts = st.lists(st.tuples(orders, effects), max_size=16, unique_by=lambda act: act[0])
EMPTIED, CASH = TillEffect(emptied=True), TillEffect(cash=100, currency="EUR")


def played(acts: list[Act], *, stored: bool = True) -> Any:
    """What is stored after the acts; ``stored``: a fold for each, else one for all."""
    held: Any = None
    emptied: tuple[int, int] | None = None
    work = Till(held, emptied)
    for order, effect in acts:
        work.apply(order, effect, order[1] * 1_000, "A1")
        if effect.emptied:
            emptied = max(emptied or order, order)
        if stored:
            held = json.loads(json.dumps(work.dump()))
            work = Till(held, emptied)
    return work.dump()


@given(acts, st.randoms(use_true_random=False))
def test_any_order_ends_in_the_same_till_and_in_the_truth(acts: list[Act], dice: Any) -> None:
    held = played(acts)
    assert held == played(dice.sample(acts, len(acts)), stored=False)
    emptied = max(((epoch, n // SPAN) for (epoch, n), x in acts if x.emptied), default=(0, 0))
    any_emptied = any(effect.emptied for _, effect in acts)
    for currency in ("EUR", "USD"):
        expected = sum(
            effect.cash
            for (epoch, n), effect in acts
            if effect.currency == currency and (not any_emptied or (epoch, n // SPAN) > emptied)
        )
        assert till.taken(held).get(currency, 0) == expected
    owed = sorted([*order, order[1] * 1_000, x.owed, "EUR", "A1"] for order, x in acts if x.owed is not None)
    assert till.owed(held) == owed[-OWED:]


def test_every_order_of_arrival_past_the_bounds_ends_in_the_same_till(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where spans were cut before the collection came that lies among them."""
    monkeypatch.setattr(till, "SPANS", 2)
    monkeypatch.setattr(till, "OWED", 1)
    acts: list[Act] = [((1, n * SPAN), CASH) for n in (1, 3, 4, 5)]
    acts += [((1, 3 * SPAN + 9), EMPTIED), ((1, 7), TillEffect(owed=5, currency="EUR"))]
    ends = [played(list(order)) for order in itertools.permutations(acts)]
    assert all(end == ends[0] for end in ends)
    assert till.taken(ends[0]) == {"EUR": 200}


def test_a_collection_takes_all_up_to_the_end_of_its_span() -> None:
    assert played([((1, 255), CASH), ((1, 256), CASH)]) == {"cash": [[1, 0, "EUR", 100], [1, 1, "EUR", 100]]}
    assert played([((1, 255), CASH), ((1, 256), CASH), ((1, 3), EMPTIED)]) == {"cash": [[1, 1, "EUR", 100]]}
    assert played([((1, 300), EMPTIED), ((1, 299), CASH), ((1, 511), CASH)]) is None
    assert played([((1, 300), EMPTIED), ((1, 512), CASH), ((2, 0), CASH)]) == {
        "cash": [[1, 2, "EUR", 100], [2, 0, "EUR", 100]],
    }


def test_what_nobody_collects_is_bounded() -> None:
    assert (SPAN, SPANS, OWED) == (256, 64, 4)
    held = played([((1, n * SPAN), CASH) for n in range(1_000)])
    assert len(held["cash"]) == SPANS
    assert till.taken(held) == {"EUR": 100 * SPANS}


def test_a_till_that_nothing_happened_to_is_stored_as_it_was() -> None:
    stored: Any = {"cash": [[1, 2, "EUR", 5]]}
    assert Till(stored, None).dump() is stored
    assert Till(None, (1, 5)).dump() is None
    assert (till.taken(None), till.owed(None)) == ({}, [])
