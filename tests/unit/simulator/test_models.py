"""The models behind a fleet: demand, money, stock, temperature, chance."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.cash import COINS, FLOAT, Cash
from simulator.demand import CURVES, DAY, HOUR, Demand, local_hour, next_buyer, weight
from simulator.dice import Dice
from simulator.fleet import ZONES, Fleet
from simulator.link import FAULTS
from simulator.timeline import Timeline
from tests.unit.simulator.deliveries import START

WEEK = 7 * DAY


@pytest.mark.parametrize("kind", CURVES)
def test_demand_follows_the_curve_and_its_mean(kind: str) -> None:
    dice, at, hours = Dice.of("demand", kind), START, Counter[int]()
    while at < START + 40 * WEEK:
        at, buys = next_buyer(dice, at, Demand(30.0, kind, "Europe/Berlin"), HOUR)
        if buys:
            hours[local_hour("Europe/Berlin", at)] += 1
    mean = hours.total() / (40 * 7)
    assert mean == pytest.approx(30, rel=0.05)
    silent = {hour for hour in range(168) if CURVES[kind][hour] == 0}
    assert not silent & hours.keys()
    busiest = max(range(168), key=lambda hour: CURVES[kind][hour])
    assert hours[busiest] / 40 == pytest.approx(30 / 24 * CURVES[kind][busiest], rel=0.35)


@given(
    st.integers(0, 10**6),
    st.sampled_from(sorted(CURVES)),
    st.sampled_from([zone for zone, *_ in ZONES]),
    st.integers(0, 200 * WEEK),
    st.floats(0.1, 2_000),
    st.integers(1, DAY),
)
def test_a_buyer_comes_when_the_site_is_open(
    seed: int, kind: str, zone: str, later: int, per_day: float, horizon: int
) -> None:
    at = START + later
    demand = Demand(per_day, kind, zone)
    moment, buys = next_buyer(Dice.of(seed), at, demand, horizon)
    assert at < moment <= at + horizon
    assert buys or moment == at + horizon
    assert not buys or weight(kind, zone, moment) > 0
    assert (moment, buys) == next_buyer(Dice.of(seed), at, demand, horizon)


@given(st.integers(0, 10**6), st.integers(1, 60))
def test_a_slot_is_as_popular_as_its_rank_says(seed: int, number: int) -> None:
    machine = Fleet(seed, 60).machine(number - 1)
    for kind in {slot.product.sku for slot in machine.slots}:
        assert len({slot.popularity for slot in machine.slots if slot.product.sku == kind}) == 1
    ranked = sorted({slot.product.sku: slot.popularity for slot in machine.slots}.values(), reverse=True)
    assert ranked == [1 / rank for rank in range(1, len(ranked) + 1)]


def test_local_hours_know_summer_time() -> None:
    winter, summer = START, START + 26 * WEEK
    assert local_hour("Europe/Berlin", winter) == 1
    assert local_hour("Europe/Berlin", summer) == 2
    assert local_hour("America/New_York", winter) == 168 - 5


@given(
    st.sampled_from(sorted(COINS)),
    st.integers(0, 10**6),
    st.lists(st.integers(1, 100).map(lambda x: x * 10), max_size=200),
)
def test_money_in_the_machine_is_what_was_paid(currency: str, seed: int, amounts: list[int]) -> None:
    dice = Dice.of(seed)
    cash = Cash.filled(currency, dice)
    taken = collected = 0
    before = cash.held
    for amount in amounts:
        if cash.pay(amount, dice):
            taken += amount
        if dice.chance(0.05):
            collected += sum(cash.collect())
            taken += cash.top_up()
            assert min(cash.tubes.values()) >= FLOAT
        assert cash.held + collected == before + taken
        assert min(cash.tubes.values()) >= 0
    assert Cash.load(json.loads(json.dumps(cash.dump()))).level() == cash.level()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_stock_never_falls_below_nothing_and_vends_explain_it(seed: int) -> None:
    timeline = Timeline(Fleet(seed, 5), frozenset(), START)
    known: dict[tuple[str, str], int] = {}
    for _, delivery in timeline.until(START + 3 * DAY):
        event = json.loads(delivery.body)
        data, machine = event["data"], event["subject"]
        match event["type"].split(".", 2)[2]:
            case "inventory.level.v1":
                for row in data["selections"]:
                    known[machine, row["selection"]] = row["level"]
            case "inventory.restocked.v1":
                for row in data["lines"]:
                    counted = row["before"] - row.get("spoiled", 0) - row.get("removed", 0) + row["added"]
                    assert row["after"] == counted
                    if timeline.units[delivery.machine].model.spec.archetype.counted:
                        assert row["before"] == known[machine, row["selection"]]
                    known[machine, row["selection"]] = row["after"]
            case "vend.completed.v1":
                slot = (machine, data["selection"])
                if slot in known:
                    known[slot] -= data["quantity"]
                    assert known[slot] >= 0
                    assert data.get("levelAfter", known[slot]) == known[slot]


def test_a_fleet_is_the_beginning_of_a_larger_one() -> None:
    small, large = Fleet(3, 10).describe(), Fleet(3, 300).describe()
    for name in ("machines", "sites"):
        assert small[name] == large[name][: len(small[name])]
    assert {x["site"] for x in large["machines"]} == {x["id"] for x in large["sites"]}
    skus = {x["sku"] for x in large["products"]}
    assert {slot["sku"] for plan in large["planograms"] for slot in plan["slots"].values()} <= skus
    other = Fleet(3, 10, "b-").describe()
    assert [x["id"] for x in other["machines"]] == ["b-" + x["id"] for x in small["machines"]]


def test_dice_named_alike_throw_alike() -> None:
    assert [Dice.of(1, "a").word() for _ in range(3)] == [Dice.of(1, "a").word()] * 3
    assert Dice.of(1, "a").word() != Dice.of(1, "b").word()
    dice = Dice.of("spread")
    throws = [dice.random() for _ in range(20_000)]
    assert sum(throws) / len(throws) == pytest.approx(0.5, abs=0.01)
    assert Counter(dice.weighted((1, 0, 3)) for _ in range(4_000)).keys() == {0, 2}
    assert FAULTS.keys() >= {"poison", "forgeries"}
