"""Key figures against examples worked out by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendctl.operations import kpis

WINDOW = ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"]
HOUR = kpis.HOUR


def test_days_without_sales_count_as_days() -> None:
    days = {"2026-11-16": {"vends": 6}, "2026-11-18": {"vends": 4}, "2026-11-20": {"vends": 99}}
    assert kpis.vends_per_day(days, WINDOW) == 2.5
    with pytest.raises(ValueError, match="no days"):
        kpis.vends_per_day(days, [])


def test_what_leaves_a_slot_counts_also_when_nobody_paid() -> None:
    days = {
        "2026-11-16": {"selections": {"A1": {"units": 3, "free": 1}, "A2": {"failures": 2}}},
        "2026-11-17": {"selections": {"A1": {"units": 3, "test": 1}}},
    }
    assert kpis.units_per_day(days, WINDOW) == {"A1": 2.0, "A2": 0.0}


def test_the_first_empty_slot_decides() -> None:
    on_hand = {"A1": 10, "A2": 3, "A3": None, "A4": 1}
    assert kpis.days_to_empty(on_hand, {"A1": 2.0, "A2": 1.5, "A3": 9.0, "A4": 0.0}) == 2.0
    assert kpis.days_to_empty({"A3": None}, {"A3": 9.0}) is None


def test_depletion_ignores_slots_that_nobody_counted() -> None:
    on_hand = {"A1": 5, "A2": 12, "A3": None}
    assert kpis.percent_depleted(on_hand, {"A1": 10, "A2": 10, "A3": 10}) == 25.0
    assert kpis.percent_depleted({"A3": None}, {"A3": 10}) is None


def line(at: int, kind: str, **facts: Any) -> dict[str, Any]:
    return {"at": at, "sequence": at, "kind": kind} | facts


def vend(at: int, quantity: int = 1, selection: str = "A1") -> dict[str, Any]:
    return line(at, "vend", selection=selection, quantity=quantity)


def test_a_slot_is_empty_from_the_last_unit_to_the_restock() -> None:
    restock = line(5 * HOUR, "restock", slots=[["A2", 0, 1, 0, 0, 1], ["A1", 0, 8, 0, 0, 8]])
    lines = [restock, vend(2 * HOUR), vend(1 * HOUR, selection="A2"), vend(3 * HOUR), vend(30 * HOUR)]
    spans = kpis.empty_spans("A1", 2, lines, 0, 24 * HOUR)
    assert spans == [(3 * HOUR, 5 * HOUR)]
    assert kpis.stock_out_hours(spans) == 2.0
    assert kpis.lost_sales(spans, 12.0, 150) == 150


def test_an_empty_slot_stays_empty_to_the_end() -> None:
    assert kpis.empty_spans("A1", 0, [], 0, 4 * HOUR) == [(0, 4 * HOUR)]
    soldout = line(HOUR, "failure", selection="A1", reason="soldout")
    motor = line(HOUR, "failure", selection="A1", reason="motor")
    assert kpis.empty_spans("A1", None, [soldout], 0, 4 * HOUR) == [(HOUR, 4 * HOUR)]
    assert kpis.empty_spans("A1", None, [motor, vend(2 * HOUR)], 0, 4 * HOUR) == []


def test_time_is_lost_once() -> None:
    silent, off = [(10, 30), (90, 120)], [(20, 40), (-5, 5)]
    assert kpis.availability(0, 100, silent, off) == 55.0
    assert kpis.availability(0, 100) == 100.0
    assert kpis.availability(100, 100, silent) is None


spans = st.lists(st.tuples(st.integers(-10, 60), st.integers(-10, 60)), max_size=8)


@given(spans, spans)
def test_availability_counts_every_moment_once(
    one: list[tuple[int, int]], two: list[tuple[int, int]]
) -> None:
    down = {at for start, end in [*one, *two] for at in range(start, end) if 0 <= at < 50}
    assert kpis.availability(0, 50, one, two) == pytest.approx(100 * (1 - len(down) / 50))


def test_vends_that_only_the_meter_saw() -> None:
    assert kpis.missed_vends(1_000, 1_050, 47) == 3
    assert kpis.missed_vends(1_000, 20, 0) is None
    assert kpis.missing_numbers({"d1/1": [[5, 7]], "d2/1": [[1, 1], [9, 10]]}) == 6
