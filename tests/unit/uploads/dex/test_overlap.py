"""Whether two series counted vends in common: where their numbers meet, and nothing proves two memories."""

import pytest

from vending.uploads.dex.audit import Audit, Identity, Meter, Reading, Selection, Tally, Vends
from vending.uploads.dex.overlap import Ends, overlaps, standing


def audit(stands: int, *, at: str | None = None, number: int | None = None, board: str = "") -> Audit:
    return Audit(
        board=Identity(serial=board),
        reading=Reading(number=number, at=at),
        vends=Vends(paid=Meter(Tally(None, stands))),
    )


def day(number: int) -> str:
    return f"2026-11-{number:02d}T08:00:00"


SERIES = Ends(audit(100, at=day(10)), audit(200, at=day(20)))


def claim(first: tuple[int, int], last: tuple[int, int]) -> Ends:
    """Between (day, stand) and (day, stand)."""
    return Ends(*(audit(stands, at=day(on)) for on, stands in (first, last)))


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        # Their numbers meet, and the clock agrees with the numbers.
        ((9, 90), (15, 150), True),
        ((15, 150), (21, 210), True),
        ((9, 90), (21, 210), True),
        ((12, 120), (15, 150), True),
        # One ends where the other begins.
        ((1, 10), (10, 100), False),
        ((20, 200), (25, 250), False),
        ((1, 10), (9, 99), False),
        # Read later and lower, earlier and higher, or between and outside: another memory.
        ((21, 150), (22, 170), False),
        ((21, 200), (22, 250), False),
        ((1, 120), (2, 150), False),
        ((12, 90), (15, 150), False),
        ((15, 150), (19, 201), False),
        # At the very times of the ends nothing is proven, nor by the very numbers of them.
        ((10, 150), (15, 160), True),
        ((10, 90), (15, 160), True),
        ((15, 160), (20, 250), True),
        ((9, 100), (15, 150), True),
        ((15, 150), (21, 200), True),
        ((12, 100), (15, 200), True),
    ],
)
def test_by_clock(first: tuple[int, int], last: tuple[int, int], found: bool) -> None:
    assert overlaps(claim(first, last), SERIES) is found


def test_by_read_numbers_where_one_has_no_clock() -> None:
    series = Ends(audit(100, number=10), audit(200, number=20))
    later = Ends(audit(120, at=day(1), number=21), audit(150, number=22))
    assert not overlaps(later, series)
    assert overlaps(Ends(audit(120, number=12), audit(150, number=15)), series)
    # A clock at one end alone says nothing of the order.
    for clocks in ((day(10), None), (None, day(20))):
        half = Ends(audit(100, at=clocks[0], number=10), audit(200, at=clocks[1], number=20))
        assert not overlaps(later, half)
    timed = Ends(audit(100, at=day(10), number=10), audit(200, at=day(20), number=20))
    assert not overlaps(later, timed)


def test_without_any_order_what_meets_is_counted_once() -> None:
    series = Ends(audit(100), audit(200))
    for numbers in ((21, None), (None, 22), (21, 22)):
        first, last = (audit(stands, number=one) for stands, one in zip((120, 150), numbers, strict=True))
        assert overlaps(Ends(first, last), series)


def test_another_board_counts_for_itself() -> None:
    series = Ends(audit(100, board="ONE"), audit(200, board="ONE"))
    assert not overlaps(Ends(audit(120, board="TWO"), audit(150, board="TWO")), series)
    assert overlaps(Ends(audit(120), audit(150)), series)


def test_without_a_total_it_stands_where_its_selections_do() -> None:
    told = {name: Selection(name, paid=Meter(Tally(None, count))) for name, count in (("A", 3), ("B", 4))}
    silent = {"C": Selection("C"), **told}
    assert standing(Audit(selections=silent)) == 7
    assert standing(Audit(selections=told, vends=Vends(paid=Meter(Tally(9, 5))))) == 5
    assert standing(Audit()) == 0
