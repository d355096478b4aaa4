"""Breakdowns stay small, sums stay exact, and it does not matter in which order anything came."""

import json
import re
from copy import deepcopy
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vending.documents.days import BucketDay, Early
from vending.events.fields import Code, Payment
from vending.rollups import breakdowns, tree
from vending.rollups.breakdowns import PARTS, bare, fit, keep, narrow, size
from vending.rollups.tree import OTHER, add, by_category, total

DAY = "2026-11-16"
count = st.integers(1, 10**9)
sold = st.fixed_dictionaries(
    {},
    optional={
        "units": count,
        "free": count,
        "failures": count,
        "revenue": st.dictionaries(st.sampled_from(["EUR", "USD", "JPY"]), count, min_size=1),
    },
).filter(bool)
names = st.sampled_from([f"product-{n}" * (n % 4 + 1) for n in range(12)] + [OTHER])
hours = st.sampled_from([f"{n:02d}" for n in range(24)] + [OTHER])
methods = st.sampled_from(["cash", "cashless", OTHER])
figures = st.fixed_dictionaries(
    {"units": count},
    optional={
        "revenue": st.dictionaries(st.sampled_from(["EUR", "USD"]), count, min_size=1),
        "skus": st.dictionaries(names, sold, max_size=12),
        "hours": st.dictionaries(hours, sold, max_size=24),
        "payments": st.dictionaries(methods, sold, max_size=3),
    },
)


def summed(part: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for value in part.values():
        add(result, value)
    return result


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.none() | st.booleans())))
def test_the_size_is_that_of_what_the_sdk_sends(value: dict[str, Any]) -> None:
    """``azure.cosmos._synchronized_request``: ``json.dumps(data, separators=(",", ":"))``."""
    assert size(value) == len(json.dumps(value, separators=(",", ":")))
    for text in ("\x7f", "\x00\b\f\n\r\t\x1f", '"\\/', "é", "☕", "🥤"):
        assert size({text: text}) == len(json.dumps({text: text}, separators=(",", ":")))


def test_nothing_that_is_sold_can_be_called_other() -> None:
    (meta,) = get_args(Code)[1:]
    assert not re.match(meta.pattern, OTHER)
    assert OTHER not in get_args(Payment)
    assert not OTHER.startswith("unknown")


@given(st.dictionaries(names, sold, max_size=12), st.integers(1, 12), st.randoms())
def test_what_a_day_keeps_does_not_depend_on_the_order_of_its_lines(
    part: dict[str, Any], most: int, random: Any
) -> None:
    part.pop(OTHER, None)
    rows = list(part.items())
    random.shuffle(rows)
    kept = keep(dict(rows), most)
    assert kept == keep(part, most)
    assert summed(kept) == summed(part)
    named = kept.keys() - {OTHER}
    assert len(named) == min(most, len(part))
    assert all(kept[name] == part[name] for name in named)


def test_those_that_sold_most_are_kept_then_the_first_by_name() -> None:
    """Free and test vends left the machine too: the pick list counts on their selections."""
    part = {"d": {"units": 1}, "c": {"units": 9}, "b": {"units": 1}, "e": {"free": 1, "test": 1}, "a": {}}
    assert keep(part, 3) == {"c": {"units": 9}, "e": {"free": 1, "test": 1}, "b": {"units": 1}} | {
        OTHER: {"units": 1}
    }
    assert keep(part, 5) == part


@given(figures, st.integers(0, 3_000), st.integers(0, 3_000))
def test_to_fit_twice_is_to_fit_once(value: dict[str, Any], one: int, two: int) -> None:
    least = min(one, two)
    assert fit(fit(value, max(one, two)), least) == fit(value, least)
    assert fit(fit(value, least), least) == fit(value, least)


@given(figures, st.integers(0, 3_000))
def test_every_sum_is_exact_whatever_is_given_up(value: dict[str, Any], allowance: int) -> None:
    before = deepcopy(value)
    found = fit(value, allowance)
    assert value == before
    assert found.keys() == value.keys()
    for part in value:
        if part in PARTS:
            assert summed(found[part]) == summed(value[part])
        else:
            assert found[part] == value[part]
    kept = {part: found[part].keys() - {OTHER} for part in PARTS if part in found}
    assert all(found[part][name] == value[part][name] for part, shown in kept.items() for name in shown)
    # More than it may take it takes only where nothing is left to give up.
    assert size(found) <= allowance or not any(kept.values())


def test_each_allowance_holds_and_is_reached_from_any_larger_one() -> None:
    """Of a summary that holds sums of what its children gave up already. No later product takes the place of
    one that is too long."""
    skus = [f"sku-{n}" * (1 + 7 * (n in (1, 4))) for n in range(6)]
    value: dict[str, Any] = {
        "units": 10**6,
        "skus": {sku: {"units": 7 - n} for n, sku in enumerate(skus)}
        | {OTHER: {"units": 999_000, "free": 7}},
        "hours": {"08": {"units": 60}, OTHER: {"units": 999_940, "free": 1}},
        "payments": {"cash": {"units": 60}, OTHER: {"units": 999_940}},
    }
    found = {allowance: fit(value, allowance) for allowance in range(size(value) + 200)}
    for allowance, fitted in found.items():
        named = [name for part in PARTS for name in fitted[part] if name != OTHER]
        assert size(fitted) <= allowance or not named
        kept = [sku for sku in skus if sku in fitted["skus"]]
        assert kept == skus[: len(kept)]
        for larger in range(allowance, len(found), 41):
            assert fit(found[larger], allowance) == fitted


def test_products_are_given_up_first_and_one_by_one() -> None:
    value: dict[str, Any] = {
        "units": 60,
        "skus": {f"sku-{n:02d}": {"units": 30 - n} for n in range(30)},
        "hours": {f"{n:02d}": {"units": 10} for n in range(8, 14)},
        "payments": {"cash": {"units": 60}},
    }
    kept = [len(fit(value, allowance)["skus"].keys() - {OTHER}) for allowance in range(100, 900)]
    assert kept == sorted(kept)
    assert set(kept) == set(range(31)) - {29}  # in the place of OTHER there is room for the last one
    folded_at = {part: set[int]() for part in PARTS}
    for allowance in range(100, 900):
        found = fit(value, allowance)
        for part in PARTS:
            folded_at[part] |= {allowance} if found[part].keys() == {OTHER} else set()
        if found["hours"] != value["hours"]:
            assert found["skus"].keys() == {OTHER}
        if found["payments"] != value["payments"]:
            assert found["hours"].keys() == {OTHER}
    assert folded_at["payments"] < folded_at["hours"] < folded_at["skus"]
    assert fit(value, 0) == {"units": 60, **{part: {OTHER: summed(value[part])} for part in PARTS}}


@given(st.dictionaries(st.sampled_from("abcdef"), figures, min_size=1), st.randoms(), st.integers(300, 4000))
def test_a_summary_is_the_same_in_whichever_order_its_children_came(
    values: dict[str, Any], random: Any, budget: int
) -> None:
    """And within its budget, unless the bare sums are more than that."""
    found = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(breakdowns, "BUDGET", budget)
        for _ in range(2):
            document = tree.empty("area:00", DAY)
            rows = list(values.items())
            random.shuffle(rows)
            for child, value in rows:
                document.children[child] = [1, deepcopy(value)]
                taken = narrow(document, [child])
                assert taken == size(document.dump())
                assert taken <= budget or all(map(bare, (x for _, x in document.children.values())))
            found.append(document)
    assert found[0] == found[1]
    assert total(found[0])["units"] == sum(value["units"] for value in values.values())


def test_a_child_that_comes_to_a_narrow_summary_takes_its_allowance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakdowns, "BUDGET", 4_000)
    value = {"units": 465, "skus": {f"sku-{n:02d}": {"units": n + 1} for n in range(30)}}
    document = tree.empty("area:00", DAY)
    for n in range(9):
        document.children[f"site-{n}"] = [1, value]
        narrow(document, [f"site-{n}"])
    kept = {len(entry["skus"]) for _, entry in document.children.values()}
    assert len(kept) == 1
    assert 1 < kept.pop() < 30
    assert size(document.dump()) > breakdowns.BUDGET * 0.7
    document.children["site-0"] = [2, value]
    narrow(document, ["site-0"])
    assert document.children["site-0"][1] == document.children["site-1"][1]


def machine(products: int) -> Early:
    """One that sold these, and as many selections."""
    skus = {f"sku-{n:02d}": {"units": n + 1} for n in range(products)}
    sold = sum(value["units"] for value in skus.values())
    parts = {"skus": skus, "selections": {f"A{n}": value for n, value in enumerate(skus.values())}}
    return Early(1, 0, 1, "", "north", "", {"units": sold} | parts, {"d1/1": [[1, sold]]})


def test_a_bucket_holds_its_machines_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are large are folded, and nothing can be added to them; the others stay as they are."""
    bucket = BucketDay(id="day", scope="early:00", date=DAY, rev=1, early={})
    bucket.early |= {f"m{n}": machine(40) for n in range(20)} | {"small": machine(1)}
    assert breakdowns.narrow_bucket(bucket) == size(bucket.dump())
    assert (bucket.allowance, bucket.early["m0"]) == (None, machine(40))

    monkeypatch.setattr(breakdowns, "BUDGET", 4_000)
    monkeypatch.setattr(breakdowns, "pack", lambda early: early)
    taken = breakdowns.narrow_bucket(bucket)
    assert 4_000 * 0.5 < taken <= 4_000
    assert taken == size(bucket.dump())
    allowance = bucket.allowance
    assert allowance is not None
    assert bucket.early["small"] == machine(1)
    for name in ("m0", "m19"):
        held = bucket.early[name]
        assert held.counted is None
        assert held.figures == fit(
            {key: value for key, value in machine(40).figures.items() if key != "selections"}, allowance
        ) | {"selections": {OTHER: {"units": 820}}}

    bucket.early["m0"], bucket.early["late"] = machine(40), machine(40)._replace(rev=9)
    breakdowns.narrow_bucket(bucket)
    assert bucket.early["late"] == bucket.early["m0"]._replace(rev=9)
    assert bucket.early["m0"].counted is None


def test_sums_of_a_bucket_are_dropped_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakdowns, "BUDGET", 100)
    bucket = BucketDay(
        id="day", scope="early:00", date=DAY, rev=1, early={"m1": machine(9), "m2": machine(2)}
    )
    assert breakdowns.narrow_bucket(bucket) > 100
    assert [held.figures["units"] for held in bucket.early.values()] == [45, 3]
    assert [list(held.figures["skus"]) for held in bucket.early.values()] == [[OTHER], [OTHER]]


def test_what_is_summed_has_no_category() -> None:
    sold = {"skus": {"cola": {"units": 2}, "nuts": {"units": 1}, OTHER: {"units": 5}}}
    assert by_category(sold, {"cola": "drinks"}) == {
        "drinks": {"units": 2},
        "unknown": {"units": 1},
        OTHER: {"units": 5},
    }
