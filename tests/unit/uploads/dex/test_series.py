"""Audits in any order of upload, with duplicates: the sum of what is claimed is the last audit less the first
one of each memory, and never an invented sale."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.audits import Meters
from vending.uploads.dex.audit import Audit
from vending.uploads.dex.counters import MODULI
from vending.uploads.dex.delta import Delta
from vending.uploads.dex.overlap import Ends
from vending.uploads.dex.parse import parse
from vending.uploads.dex.series import Place, place

START = datetime(2026, 11, 1, 8, tzinfo=UTC)


def read(number: int, vends: int, days: float | None = None, **more: object) -> Audit:
    """An audit of a machine that sold so many, at 1.00."""
    at = START + timedelta(days=number if days is None else days)
    held = {"A1": (vends * 60, vends * 60 // 100), "A2": (vends * 40, vends - vends * 60 // 100)}
    meters = Meters(number, f"{at:%Y%m%d*%H%M%S}", (vends * 100, vends), selections=held)
    return parse(replace(meters, **more).written())  # type: ignore[arg-type]


class Machine:
    """Uploads one after the other, as the steps place them."""

    def __init__(self) -> None:
        self.series: list[Ends] = []
        self.claimed: list[Delta] = []
        self.places: list[Place] = []

    def upload(self, audit: Audit) -> str:
        found = place(self.series, audit)
        self.places.append(found)
        if found.fit.added is not None and found.series is not None:
            self.claimed.append(found.fit.added)
            held = self.series.pop(found.series)
            self.series.append(
                Ends(audit, held.last) if found.fit.placed == "before" else Ends(held.first, audit)
            )
        elif found.fit.placed == "baseline":
            self.series.append(Ends(audit, audit))
        return found.fit.placed

    @property
    def vends(self) -> int:
        return sum(one.paid.count or 0 for one in self.claimed)

    def of(self, selection: str) -> int:
        return sum(one.selections[selection].paid.count or 0 for one in self.claimed)


def uploaded(audits: Iterable[Audit]) -> Machine:
    machine = Machine()
    for audit in audits:
        machine.upload(audit)
    return machine


ODOMETER = st.lists(st.integers(0, 900), min_size=1, max_size=7)


@given(ODOMETER, st.data())
def test_any_order_with_duplicates_claims_the_last_less_the_first(
    steps: Sequence[int], data: st.DataObject
) -> None:
    stands = [sum(steps[: n + 1]) for n in range(len(steps))]
    audits = [read(n + 1, stand) for n, stand in enumerate(stands)]
    order = data.draw(st.permutations(list(range(len(audits))) * 2))
    machine = uploaded(audits[n] for n in order)
    assert machine.vends == stands[-1] - stands[0]
    for name in ("A1", "A2"):
        first, last = (audits[n].selections[name].paid.cumulative.count or 0 for n in (0, -1))
        assert machine.of(name) == last - first
    assert len(machine.series) == 1
    assert all((one.paid.count or 0) >= 0 for one in machine.claimed)


@given(ODOMETER, ODOMETER, st.data())
def test_a_cleared_memory_is_a_baseline_in_any_order(
    before: Sequence[int], after: Sequence[int], data: st.DataObject
) -> None:
    """Each memory is claimed from its first read to its last one."""
    first = [read(n + 50, sum(before[: n + 1]), days=n) for n in range(len(before))]
    second = [read(n + 1, sum(after[: n + 1]), days=n + 10) for n in range(len(after))]
    whole = [*first, *second]
    machine = uploaded(whole[n] for n in data.draw(st.permutations(range(len(whole)))))
    assert machine.vends == sum(before[1:]) + sum(after[1:])


def test_a_reset_in_order_claims_both_memories() -> None:
    audits = [read(40, 500, days=1), read(41, 520, days=2), read(1, 10, days=3), read(2, 30, days=4)]
    machine = uploaded(audits)
    assert [one.fit.placed for one in machine.places] == ["baseline", "after", "baseline", "after"]
    assert machine.places[2].why is not None
    assert machine.places[2].why.reason == "reset"
    assert machine.vends == 20 + 20
    assert machine.upload(read(39, 400, days=0.5)) == "before"
    assert machine.upload(read(40, 505, days=1.5)) == "inside"
    assert machine.vends == 120 + 20


def test_a_counter_that_passes_its_end_goes_on() -> None:
    end = MODULI[0]
    machine = uploaded([read(1, 5), read(2, 15)])
    wrapped = structs.replace(
        machine.series[0].last,
        vends=parse(Meters(2, "20261103*080000", ((end - 500), 15)).written()).vends,
    )
    found = place([Ends(machine.series[0].first, wrapped)], read(3, 18))
    assert found.fit.added is not None
    assert (found.fit.placed, found.fit.added.paid.value) == ("after", 500 + 1800)


def test_a_board_that_is_swapped_and_put_back_goes_on_from_its_own_last_audit() -> None:
    old, new = ["CB1*OLD*CTRL*0107"], ["CB1*NEW*CTRL*0107"]
    machine = Machine()
    assert machine.upload(read(7, 100, days=1, more=old)) == "baseline"
    assert machine.upload(read(1, 3, days=2, more=new)) == "baseline"
    assert machine.upload(read(2, 9, days=3, more=new)) == "after"
    assert machine.upload(read(8, 104, days=4, more=old)) == "after"
    assert machine.vends == 6 + 4


def test_a_clock_that_was_lost_costs_an_interval_and_counts_none_twice() -> None:
    machine = uploaded([read(1, 100, days=1), read(2, 120, days=-3000), read(3, 140, days=-2999)])
    assert [one.fit.placed for one in machine.places] == ["baseline", "baseline", "after"]
    assert machine.upload(read(4, 160, days=4)) == "after"
    assert machine.vends == 20 + 20


def test_an_older_memory_that_comes_late_is_not_taken_for_sales_of_the_new_one() -> None:
    machine = uploaded([read(1, 10, days=6), read(38, 300, days=3), read(2, 50, days=7)])
    assert [one.fit.placed for one in machine.places] == ["baseline", "baseline", "after"]
    assert machine.vends == 40


@given(ODOMETER, st.booleans(), st.data())
def test_without_a_clock_nothing_is_invented(
    steps: Sequence[int], numbered: bool, data: st.DataObject
) -> None:
    """The order of upload stands in for it: what comes late costs sales."""
    stands = [sum(steps[: n + 1]) for n in range(len(steps))]
    audits = [timeless(read(n + 1, stand), numbered=numbered) for n, stand in enumerate(stands)]
    assert uploaded(audits).vends == stands[-1] - stands[0]
    order = data.draw(st.permutations(list(range(len(audits))) * 2))
    assert uploaded(audits[n] for n in order).vends <= stands[-1] - stands[0]


def test_read_numbers_prove_another_memory_where_there_is_no_clock() -> None:
    """Counters go over the same numbers again, at reads that can be none of the first memory."""
    first = [timeless(read(n + 20, 100 * n)) for n in range(1, 5)]
    second = [timeless(read(n, 60 * n)) for n in range(1, 9)]
    machine = uploaded([*first, *second])
    assert machine.vends == 300 + 420
    unnumbered = uploaded([timeless(one, numbered=False) for one in (*first, *second)])
    reasons = [one.why.reason for one in unnumbered.places if one.why]
    assert "overlap" in reasons
    assert 300 <= unnumbered.vends < 720


def timeless(audit: Audit, *, numbered: bool = True) -> Audit:
    number = audit.reading.number if numbered else None
    return structs.replace(audit, reading=structs.replace(audit.reading, at=None, number=number))


def test_a_damaged_audit_and_an_empty_one_are_left_out() -> None:
    whole = Meters(2, "20261103*080000", (20_000, 200)).written()
    damaged = parse(whole.replace(b"VA1*20000*200", b"VA1*20000*900"))
    empty = parse(b"DXS*VST0000123*VA*V0/6*1\r\nST*001*0001\r\nID1*VST20260017*S*1\r\nDXE*1*1\r\n")
    machine = uploaded([read(1, 100), damaged, empty, read(3, 250)])
    assert [one.fit.placed for one in machine.places] == ["baseline", "left-out", "left-out", "after"]
    reasons = [one.why.reason for one in machine.places if one.why]
    assert reasons == ["first", "wrong-checksum", "no-meters"]
    assert machine.vends == 150


def test_the_same_read_again_claims_nothing() -> None:
    machine = uploaded([read(1, 10), read(2, 20), read(2, 20), read(1, 10)])
    assert [one.fit.placed for one in machine.places] == ["baseline", "after", "again", "again"]
