"""What a machine sold between two audits: wraps, resets, other boards, order; and any cut of a series."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.audits import MONDAY, Meters
from vending.uploads.dex.audit import (
    Audit,
    Cash,
    CashFlow,
    Identity,
    Meter,
    Money,
    Reading,
    Selection,
    Tally,
    Vends,
)
from vending.uploads.dex.counters import UNSAID, Change, Limits, change, moved, total
from vending.uploads.dex.delta import Baseline, Delta, delta
from vending.uploads.dex.parse import parse

ONE = Meters(1, "20261123*080500", (1000, 10), (600, 6), (400, 4), {"A1": (500, 5), "A2": (500, 5)})
TWO = Meters(2, "20261124*080500", (1700, 17), (900, 9), (800, 8), {"A1": (700, 7), "A2": (1000, 10)})


def between(before: Meters, after: Meters) -> Delta:
    return delta(parse(before.written()), parse(after.written()))


def test_an_interval_by_selection_and_payment_device() -> None:
    found = between(ONE, TWO)
    assert (found.since, found.until) == ("2026-11-23T08:05:00", "2026-11-24T08:05:00")
    assert found.baseline is None
    assert found.paid == Change(700, 7)
    assert found.payments == {"cash": Change(300, 3), "cashless1": Change(400, 4)}
    assert {name: sold.paid for name, sold in found.selections.items()} == {
        "A1": Change(200, 2), "A2": Change(500, 5),
    }  # fmt: skip


def test_cash_and_devices_of_a_selection() -> None:
    before = replace(
        ONE, more=["CA3*0*0*0*0*900*200*300*0*0*400", "PA7*A1*CA*0*100*3*300", "PA7*A1*CA*1*90*1*90"]
    )
    after = replace(
        TWO, more=["CA3*0*0*0*0*1200*250*350*0*0*600", "PA7*A1*CA*0*100*4*400", "PA7*A1*CA*1*90*2*180",
                   "PA7*A1*DA*0*100*1*100"]
    )  # fmt: skip
    found = between(before, after)
    assert found.cash == CashFlow(received=300, box=50, tubes=50, notes=0, bills=200)
    assert found.selections["A1"].devices == {"CA": Change(190, 2), "DA": Change(why="new")}
    gone = between(after, replace(TWO, read=3, more=["CA3*0*0*0*0*900*200*300*0*0*400"]))
    assert gone.cash == CashFlow()
    assert gone.selections["A1"].devices["DA"].why == "gone"


def test_whether_both_checksums_are_right_is_said() -> None:
    damaged = TWO.written().replace(b"VA1*1700*", b"VA1*7700*")
    assert between(ONE, TWO).checked
    assert between(TWO, ONE).checked
    for before, after in ((ONE.written(), damaged), (damaged, replace(TWO, read=3).written())):
        assert not delta(parse(before), parse(after)).checked


def test_interval_counters_are_not_looked_at() -> None:
    """Whoever reads the machine clears them: another gateway's read in between would swallow sales."""
    before, after = (parse(one.written().replace(b"*0*0\r\n", b"*77*7\r\n")) for one in (ONE, TWO))
    assert delta(before, after).paid == Change(700, 7)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (ONE, replace(TWO, serial="VST20269999"), "other-machine"),
        (replace(ONE, more=["CB1*OLD*CTRL*0107"]), replace(TWO, more=["CB1*NEW*CTRL*0107"]), "other-board"),
        (replace(ONE, more=["CB1*X*CTRL*0107"]), replace(TWO, more=["CB1*X*CTRL*0108"]), "other-program"),
        (TWO, ONE, "older"),
        (replace(TWO, read=1), ONE, "older"),
        (replace(TWO, read=9), replace(ONE, at="20261125*080500"), "reset"),
        (ONE, replace(TWO, paid=(100, 1)), "reset"),
        (ONE, replace(TWO, paid=(1000 + 3_000_000, 17)), "implausible"),
        (ONE, replace(TWO, paid=(1700, 10_011)), "implausible"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_a_new_baseline_without_a_sale(
    before: Meters, after: Meters, reason: str
) -> None:
    found = between(before, after)
    assert found.baseline is not None
    assert found.baseline.reason == reason
    assert found.baseline.detail
    assert (found.paid, found.payments, found.selections, found.cash) == (UNSAID, {}, {}, CashFlow())


def test_other_money_is_a_new_baseline() -> None:
    after = TWO.written().replace(b"ID4*2*1978", b"ID4*0*1978")
    for found in (delta(parse(ONE.written()), parse(after)), delta(parse(after), parse(TWO.written()))):
        assert found.baseline is not None
        assert found.baseline.reason in ("other-money", "older")
    dollars = parse(TWO.written().replace(b"*1978*EUR", b"*1840*USD"))
    assert (broken := delta(parse(ONE.written()), dollars).baseline) is not None
    assert broken.detail == "currency: EUR before, USD now"


def test_a_machine_without_a_name_is_known_by_its_session() -> None:
    nameless = replace(ONE, serial=""), replace(TWO, serial="")
    assert between(*nameless).baseline is None
    other = parse(nameless[1].written().replace(b"DXS*VST0000123", b"DXS*VST0000124"))
    found = delta(parse(nameless[0].written()), other)
    assert found.baseline is not None
    assert found.baseline.reason == "other-machine"
    named = parse(TWO.written().replace(b"DXS*VST0000123", b"DXS*VST0000124"))
    assert delta(parse(ONE.written()), named).baseline is None, "the gateway's number, not the machine's"


def test_a_clock_that_was_set_back_is_no_older_read() -> None:
    assert between(ONE, replace(TWO, at="20200101*000000")).paid == Change(700, 7)


def test_resets_count_reads_where_no_number_of_the_read_is_sent() -> None:
    def written(meters: Meters, resets: int) -> Audit:
        line = f"EA3**{meters.at}******{meters.read}".encode()
        return parse(meters.written().replace(line, f"EA3*{resets}*{meters.at}".encode()))

    assert delta(written(ONE, 7), written(TWO, 8)).baseline is None
    found = delta(written(TWO, 8), written(ONE, 7)).baseline
    assert found is not None
    assert found.reason == "older"


def test_a_selection_that_was_cleared_by_itself_costs_only_itself() -> None:
    found = between(ONE, replace(TWO, selections={"A1": (100, 1), "A2": (1000, 10), "A3": (200, 2)}))
    assert found.baseline is None
    assert {name: sold.paid for name, sold in found.selections.items()} == {
        "A1": Change(why="reset"), "A2": Change(500, 5), "A3": Change(why="new"),
    }  # fmt: skip


def test_a_repeated_audit_sold_nothing() -> None:
    found = delta(parse(MONDAY), parse(MONDAY))
    assert found.baseline is None
    assert {found.paid, found.test, found.free, *found.payments.values()} == {Change(0, 0)}
    assert {one.paid for one in found.selections.values()} == {Change(0, 0)}
    assert {x for one in found.selections.values() for x in one.devices.values()} == {Change(0, 0)}


@pytest.mark.parametrize(
    ("before", "after", "far"),
    [
        (5, 8, (3, "")),
        (8, 8, (0, "")),
        (99_999_990, 10, (20, "wrap")),
        (99_999_999, 0, (1, "wrap")),
        (2**32 - 6, 4, (10, "wrap")),
        (50_000, 10, (None, "reset")),
        (2**40, 10, (None, "reset")),
        (0, 101, (None, "implausible")),
        (0, 100, (100, "")),
        (99_999_999, 100, (None, "reset")),
        (None, 5, (None, "unsaid")),
        (5, None, (None, "unsaid")),
    ],
)
def test_how_far_a_counter_went(before: int | None, after: int | None, far: tuple[int | None, str]) -> None:
    assert moved(before, after, 100) == far


def test_a_pair_is_believed_together() -> None:
    """Money near the end of its counter and a count in the middle: a cleared memory, not a wrap."""
    limits = Limits()
    assert change(Tally(99_990_000, 70_000), Tally(500, 5), limits) == Change(why="reset")
    assert change(Tally(99_999_900, 70_000), Tally(400, 70_005), limits) == Change(500, 5, "wrap")
    assert change(Tally(5, 1), Tally(5_000_000, 2), limits) == Change(why="implausible")
    assert change(Tally(5), Tally(7, 3), limits) == Change(2)
    assert change(Tally(5), Tally(count=3), limits) == UNSAID
    assert change(None, None, limits) == UNSAID


def test_meters_of_one_thing_are_added_where_each_is_said() -> None:
    assert total([Change(5, 1), Change(7, 2, "wrap")]) == Change(12, 3, "wrap")
    assert total([Change(5, 1), Change(7)]) == Change(12)
    assert total([Change(5, 1), Change(why="new")]) == Change(why="new")
    assert total([]) == UNSAID


def moving(start: int, steps: list[int], modulus: int) -> list[int]:
    found = [start]
    for step in steps:
        found.append((found[-1] + step) % modulus)
    return found


STARTS = st.one_of(st.integers(0, 10**6), st.integers(10**8 - 5_000, 10**8 - 1))
STEPS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), min_size=1, max_size=6)


@given(STARTS, STARTS, STEPS, st.data())
def test_the_deltas_of_any_cut_of_a_series_add_up_to_what_the_counters_moved(
    value: int, count: int, steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    values = moving(value, [step for step, _ in steps], 10**8)
    counts = moving(count, [step for _, step in steps], 10**8)
    audits = [
        parse(Meters(n, f"202611{n + 1:02d}*0800", pair, pair, (0, 0), {"A1": pair}).written())
        for n, pair in enumerate(zip(values, counts, strict=True))
    ]
    inner = data.draw(st.sets(st.integers(1, len(audits) - 1)))
    cut = sorted({0, len(audits) - 1} | inner)
    found = [delta(audits[one], audits[other]) for one, other in pairwise(cut)]
    whole = (sum(step for step, _ in steps), sum(step for _, step in steps))
    for said in ([x.paid for x in found], [x.payments["cash"] for x in found],
                 [x.selections["A1"].paid for x in found]):  # fmt: skip
        together = total(said)
        assert (together.value, together.count) == whole
    assert all(x.payments["cashless1"] == Change(0, 0) for x in found)


NUMBERS = st.one_of(st.none(), st.integers(0, 2**32), st.integers(0, 50))


@given(st.tuples(NUMBERS, NUMBERS), st.tuples(NUMBERS, NUMBERS))
def test_nothing_is_ever_negative_or_more_than_believed(
    before: tuple[int | None, int | None], after: tuple[int | None, int | None]
) -> None:
    limits = Limits()
    found = change(Tally(*before), Tally(*after), limits)
    assert found.value is None or 0 <= found.value <= limits.value
    assert found.count is None or 0 <= found.count <= limits.count
    assert (found.value is None and found.count is None) == (found.why not in ("", "wrap"))


WHO = Identity(serial="S1", asset="A1", build="P1")


def metered(which: str, count: int) -> Audit:
    """One whose meter of paid, test or free vends stands so; each took nothing."""
    return Audit(vends=Vends(**{which: Meter(Tally(0, count))}))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            Audit(machine=WHO),
            Audit(machine=Identity(serial="S2")),
            Baseline("other-machine", "serial number ID101: S1 before, S2 now"),
        ),
        (
            Audit(machine=WHO),
            Audit(machine=Identity(asset="A2")),
            Baseline("other-machine", "asset number ID106: A1 before, A2 now"),
        ),
        (
            Audit(communication="X1"),
            Audit(communication="X2"),
            Baseline("other-machine", "DXS01: X1 before, X2 now"),
        ),
        (
            Audit(board=WHO),
            Audit(board=Identity(serial="B2")),
            Baseline("other-board", "control board CB101: S1 before, B2 now"),
        ),
        (
            Audit(board=WHO),
            Audit(board=Identity(build="P2")),
            Baseline("other-program", "program CB103: P1 before, P2 now"),
        ),
        (
            Audit(machine=WHO),
            Audit(machine=Identity(build="P2")),
            Baseline("other-program", "program ID103: P1 before, P2 now"),
        ),
        (
            Audit(money=Money(2, "EUR")),
            Audit(money=Money(2, "USD")),
            Baseline("other-money", "currency: EUR before, USD now"),
        ),
        (
            Audit(money=Money(2, "EUR")),
            Audit(money=Money(1, "")),
            Baseline("other-money", "decimals: 2 before, 1 now"),
        ),
        (metered("paid", 9), metered("paid", 1), Baseline("reset", "VA1 went back")),
        (
            metered("test", 0),
            metered("test", 50_000),
            Baseline("implausible", "VA2 went further than one interval sells"),
        ),
        (metered("free", 9), metered("free", 1), Baseline("reset", "VA3 went back")),
    ],
)
def test_why_two_audits_cannot_be_compared(before: Audit, after: Audit, said: Baseline) -> None:
    one = structs.replace(before, clock="2026-11-01T08:00:00")
    other = structs.replace(after, clock="2026-11-02T08:00:00")
    assert delta(one, other) == Delta(since="2026-11-01T08:00:00", until="2026-11-02T08:00:00", baseline=said)


def test_the_same_read_number_at_an_earlier_time_is_an_older_read() -> None:
    one = Audit(reading=Reading(number=3, at="2026-11-02T08:00:00"))
    other = Audit(reading=Reading(number=3, at="2026-11-01T08:00:00"))
    found = delta(one, other).baseline
    assert found == Baseline("older", "read at 2026-11-02T08:00:00 before, at 2026-11-01T08:00:00 now")
    assert delta(one, one).baseline is None


def test_each_meter_of_a_selection_is_compared_with_itself() -> None:
    def selling(*counts: int) -> Audit:
        paid, test, free = (Meter(Tally(10 * count, count)) for count in counts)
        return Audit(selections={"A1": Selection("A1", paid=paid, test=test, free=free)})

    found = delta(selling(1, 20, 300), selling(3, 25, 309)).selections["A1"]
    assert (found.paid, found.test, found.free) == (Change(20, 2), Change(50, 5), Change(90, 9))


def test_a_flow_that_went_too_far_costs_the_others() -> None:
    cash = (CashFlow(box=0, tubes=1), CashFlow(box=3_000_000, tubes=2))
    before, after = (Audit(cash=Cash(flow)) for flow in cash)
    assert delta(before, after).cash == CashFlow()
