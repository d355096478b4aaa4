"""The edges of the core's bounds, and what is written into every document: a step to either side is noticed.

Each number is told here a second time, as a literal: what is stored or documented depends on it, so whoever
changes it must see what else changes.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.support.events import body, delivered, hub_event, level, temperature, vend
from vending.documents.conditions import Entry
from vending.documents.stock import MachineStock
from vending.errors import Rejected
from vending.events.event import MAX_BODY, MAX_DEPTH, Event, content_digest, parse
from vending.events.uptimes import dated
from vending.state import books, conditions, ledger, slots, stock
from vending.state.conditions import covers, merge
from vending.time import EPOCH, Moment, millis

SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)


LOCKED = {"zone": "{}", "celsius": 9.0, "lockedSelections": ["A1"], "cause": "EJH"}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(content: bytes) -> Event:
    return parse(hub_event(1, content, enqueued=NOW))


def folded(held: MachineStock, *bodies: bytes) -> stock.Folded:
    found = [parse(hub) for hub in delivered(bodies)]
    return stock.fold(held, dated(found))


# --- what is written ----------------------------------------------------------------------------------------
def test_the_digest_of_a_content_never_changes() -> None:
    """It stands in every ledger line: another one would make a conflict of each old sale that comes again."""
    assert content_digest('{"b": [1, 2.5, null, true], "a": "é"}'.encode()) == "1fcdddce78b5bcd5"
    assert event(vend(1)).digest == "161d90857a371861"


def test_what_is_written_says_its_schema() -> None:
    """Readers wait where they know none so high: a lower number would have them misread it."""
    result = folded(stock.empty("m1"), vend(1))
    (page,) = ledger.pages("m1", result.lines)
    assert (page.dump()["schema"], result.stock.dump()["schema"]) == (1, 4)
    assert conditions.empty("0", 0).dump()["schema"] == 2


# --- how much -----------------------------------------------------------------------------------------------
def test_a_machine_has_120_slots() -> None:
    """As many as an event may name (the catalogue's bound); a stock's size rests on it."""
    assert stock.MAX_SLOTS == 120
    full = folded(stock.empty("m1"), *(vend(n, f"s{n}") for n in range(1, 121)))
    assert (len(full.stock.slots), full.rejected) == (120, [])
    more = folded(full.stock, vend(121, "s121"), vend(122, "s120"))
    assert [fault.reason for _, fault in more.rejected] == ["wrong-schema"]
    assert stock.missing(more.stock) == {"dev-1/1": [[121, 121]]}


def test_a_machine_takes_16_currencies_and_goes_on_taking_them() -> None:
    assert stock.MAX_CURRENCIES == 16
    codes = [f"AA{letter}" for letter in "ABCDEFGHIJKLMNOPQ"]
    sold = [vend(n, data={"currency": code}) for n, code in enumerate(codes, 1)]
    result = folded(stock.empty("m1"), *sold, vend(20, data={"currency": codes[0]}))
    assert [fault.detail for _, fault in result.rejected] == ["the machine has taken 16 currencies already"]
    assert list(result.stock.totals["revenue"]) == codes[:16]
    assert result.stock.totals["revenue"][codes[0]] == 300


def test_a_ledger_keeps_a_thousand_holes_and_ten_books() -> None:
    assert (books.MAX_HOLES, books.MAX_BOOKS) == (1_000, 10)
    full = folded(stock.empty("m1"), *(vend(n, ledger=2 * n) for n in range(1, 1_001)))
    assert (stock.missing_numbers(full.stock), full.closings, full.stock.closed) == (1_000, 0, {})
    assert folded(full.stock, vend(2_000, ledger=2_002)).closings == 1
    many = folded(stock.empty("m1"), *(vend(1, epoch=epoch) for epoch in range(1, 11)))
    assert many.stock.closed == {}
    assert folded(many.stock, vend(1, epoch=11)).stock.closed["epochs"] == 1


def test_a_document_of_conditions_takes_2000_machines_and_a_million_bytes() -> None:
    document = conditions.empty("0", 0)
    for number in range(1_999):
        conditions.put_entry(document, f"m{number}", {})
    assert not conditions.full(document)
    conditions.put_entry(document, "m1999", {})
    assert conditions.full(document)
    document.bytes = 1_000_000
    assert not conditions.overgrown(document)
    document.bytes = 1_000_001
    assert conditions.overgrown(document)


@pytest.mark.parametrize(
    ("family", "most", "name", "data"),
    [
        ("temp", 8, "temperature", {"zone": "{}", "celsius": 9.0}),
        ("good", 8, "temperature", {"zone": "{}", "celsius": 4.0}),
        ("fair", 8, "temperature", {"zone": "{}", "celsius": 5.0}),
        ("mild", 8, "temperature", {"zone": "{}", "celsius": 6.0}),
        ("hot", 8, "temperature", {"zone": "{}", "celsius": 60.0}),
        ("defrost", 8, "temperature", {"zone": "{}", "celsius": 4.0, "defrost": True}),
        ("locked", 8, "health.lockout", LOCKED),
        ("fault", 32, "fault.raised", {"component": "c", "code": "{}"}),
    ],
)
def test_a_family_keeps_so_many_registers_and_covers_what_they_push_out(
    family: str, most: int, name: str, data: dict[str, Any]
) -> None:
    """The edge of `covers`: as many newer ones as there is room for, and not one fewer."""

    def told(number: int) -> Event:
        words = {key: f"x{number}" if value == "{}" else value for key, value in data.items()}
        return event(body(name, words, number))

    entry: Entry = {}
    for number in range(2, most + 2):
        entry = merge(entry, told(number))
        assert covers(entry, told(1)) == (number == most + 1)
    assert sum(key.startswith(f"{family}:") for key in entry) == most
    assert merge(entry, told(1)) == entry
    assert covers(entry, told(2))
    assert not covers(entry, told(most + 2))


def test_a_register_covers_its_own_event_and_none_after_it() -> None:
    entry = merge({}, event(temperature(5)))
    assert [covers(entry, event(temperature(number))) for number in (4, 5, 6)] == [True, True, False]


def test_the_registers_of_a_machine_take_13_kilobytes_at_most() -> None:
    """Its longest names and orders, in all the families."""
    name, order = "x" * 64, [2**31 - 1, 2**53, 1_772_366_400_000]
    families = conditions.FAMILIES
    assert families == {
        "temp": 8,
        "good": 8,
        "fair": 8,
        "mild": 8,
        "hot": 8,
        "defrost": 8,
        "locked": 8,
        "fault": 32,
        "cashbox": 2,
    }
    entry = {
        f"{family}:{name}{f':{name}' if family == 'fault' else ''}"[:-2] + f"{number:02}": [*order, -17.25]
        for family, most in families.items()
        for number in range(most)
    }
    assert len(entry) == sum(families.values())
    assert len(msgspec.json.encode(entry)) < 13_312


def test_a_slot_remembers_250_units_above_its_level() -> None:
    """A level is at most 250: so many, and no more, can have left it."""
    assert (slots.KEPT, slots.BUDGET, slots.GROUP, slots.CERTAIN) == (250, 530, 27, 19)
    slot = slots.Slot()
    slot.vend((1, 1), 249)
    slot.vend((1, 1), 2)
    assert len(slot.kept) == 250


def test_an_event_has_64_kib_and_nests_32_deep() -> None:
    assert (MAX_BODY, MAX_DEPTH) == (65_536, 32)
    padded = vend(1)
    exact = padded[:-1] + b" " * (65_536 - len(padded)) + b"}"
    assert event(exact)
    with pytest.raises(Rejected, match="oversize"):
        event(exact[:-1] + b" }")
    for depth, fine in ((30, True), (31, True), (32, False)):  # in the envelope, which is one more
        nested = vend(1).replace(b'"data":{', b'"extra":' + b"[" * depth + b"]" * depth + b',"data":{')
        if fine:
            assert event(nested)
        else:
            with pytest.raises(Rejected, match="nested deeper than 32"):
                event(nested)


# --- when ---------------------------------------------------------------------------------------------------
def quality(sync: str, said: datetime) -> str:
    found = event(vend(1, clocksync=sync, time=said.isoformat()))
    return found.at.quality


def test_a_synchronised_clock_is_believed_from_2000_on_and_up_to_five_minutes_ahead() -> None:
    first = datetime(2000, 1, 1, tzinfo=UTC)
    assert [quality("ntp", at) for at in (first - TICK, first, first + TICK)] == ["estimated", "late", "late"]
    ahead = NOW + timedelta(minutes=5)
    assert [quality("ntp", at) for at in (ahead, ahead + TICK)] == ["device", "estimated"]


def test_a_real_time_clock_is_believed_for_90_days_and_up_to_five_minutes_ahead() -> None:
    oldest, ahead = NOW - timedelta(days=90), NOW + timedelta(minutes=5)
    assert [quality("rtc", at) for at in (oldest - TICK, oldest)] == ["estimated", "late"]
    assert [quality("rtc", at) for at in (ahead, ahead + TICK)] == ["device", "estimated"]


@pytest.mark.parametrize("sync", ["ntp", "rtc"])
def test_an_event_is_late_after_an_hour(sync: str) -> None:
    hour = NOW - timedelta(hours=1)
    assert [quality(sync, at) for at in (hour - TICK, hour)] == ["late", "device"]


def test_an_uptime_tells_a_time_back_to_366_days() -> None:
    def booted(number: int, uptime: int) -> Event:
        content = vend(number, time=None, clocksync="none", bootid="b", uptime=uptime)
        return parse(hub_event(number, content, enqueued=NOW))

    year = 366 * 86_400
    for age, expected in ((0, "estimated"), (1, "uptime"), (year, "uptime"), (year + 1, "estimated")):
        old, new = booted(1, 5), booted(2, 5 + age)
        assert dated([old, new])[0].at.quality == expected


def test_an_import_is_of_the_years_2000_to_2099() -> None:
    def imported(said: datetime) -> Event:
        return event(vend(1, clocksync="import", time=said.isoformat()))

    for fine in (datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)):
        assert imported(fine).at == Moment(millis(fine), "imported")
    for wrong, year in ((datetime(1999, 12, 31, tzinfo=UTC), 1999), (datetime(2100, 1, 1, tzinfo=UTC), 2100)):
        with pytest.raises(Rejected, match=f"year {year}, not 2000 to 2099"):
            imported(wrong)


def test_milliseconds_count_from_1970() -> None:
    assert millis(EPOCH + SECOND) == 1_000
    assert folded(stock.empty("m1"), level(1, 3)).stock.slots == {"A1": [[1, 1, 3], None, []]}
