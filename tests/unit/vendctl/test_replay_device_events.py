"""The events of a sales file: valid, numbered without holes, on the right local day, the same every time."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import delivered
from vendctl.replay import sales
from vendctl.replay.device_events import DeviceEvents, device_events
from vendctl.replay.sale import Sale
from vendctl.replay.times import first_instant, spread, when
from vending.events.event import Event, parse
from vending.events.vends import VendCompleted

SAMPLE = Path(__file__).parents[3] / "examples" / "sales.csv"
NEW_YORK = ZoneInfo("America/New_York")
ZONES = [
    "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "America/Sao_Paulo",
    "Pacific/Apia", "Asia/Kathmandu", "Etc/UTC", "Africa/Cairo", "Atlantic/Azores",
]  # fmt: skip


def sale(**changes: object) -> Sale:
    usual = Sale(
        line=2, machine="x1", name="Hall x1", location=None, day=date(2025, 3, 9), at=None, selection="A1",
        product=None, category=None, paid=100, quantity=1, currency="USD", payment="cash", transaction=None,
    )  # fmt: skip
    return replace(usual, **changes)  # type: ignore[arg-type]


def parsed(device: DeviceEvents) -> list[Event]:
    return [parse(hub_event) for hub_event in delivered(device.bodies)]


def vends(found: list[DeviceEvents]) -> list[tuple[Event, VendCompleted]]:
    pairs = [(event, event.data) for device in found for event in parsed(device)]
    return [(event, data) for event, data in pairs if isinstance(data, VendCompleted)]


def test_the_sample_becomes_valid_events() -> None:
    file = sales.read(SAMPLE)
    found = device_events(file.sales, file.mapping.zone)
    assert [device.device for device in found] == [
        "replay-library-cafe", "replay-x2101", "replay-x2102", "replay-x2103",
    ]  # fmt: skip
    expected = Counter((s.machine, s.day, s.product, s.payment, s.selection, s.paid) for s in file.sales)
    counted: Counter[object] = Counter()
    for event, data in vends(found):
        time = event.envelope.time
        assert isinstance(time, datetime)
        product = data.product if isinstance(data.product, str) else None
        day = time.astimezone(NEW_YORK).date()
        counted[event.machine, day, product, data.payment_method, data.selection, data.paid_minor] += 1
        assert (event.device, event.envelope.clocksync) == (f"replay-{event.machine}", "import")
    assert counted == expected


def test_numbers_have_no_holes_and_times_never_go_back() -> None:
    file = sales.read(SAMPLE)
    for device in device_events(file.sales, file.mapping.zone):
        events = parsed(device)
        assert [event.ledger for event in events] == list(range(1, len(events) + 1))
        assert [event.order for event in events] == [(1, number) for number in range(1, len(events) + 1)]
        times = [event.envelope.time for event in events if isinstance(event.envelope.time, datetime)]
        assert len(times) == len(events)
        assert times == sorted(times)


def test_the_same_file_gives_the_same_bytes_whatever_the_order_of_its_machines() -> None:
    file = sales.read(SAMPLE)
    shuffled = list(file.sales)
    random.Random(7).shuffle(shuffled)
    regrouped = sorted(shuffled, key=lambda sale: (sale.machine[::-1], sale.line))
    zone = file.mapping.zone
    assert device_events(regrouped, zone) == device_events(file.sales, zone)


def test_a_transaction_happens_at_once_and_others_after_one_another() -> None:
    rows = [sale(line=2, transaction="7"), sale(line=3, transaction="7"), sale(line=4), sale(line=5)]
    times = [event.envelope.time for event, _ in vends(device_events(rows, NEW_YORK))]
    assert times[0] == times[1]
    assert len(set(times)) == 3


@given(st.integers(1, 950), st.integers(0, 100_000))
def test_large_sales_are_split_and_lose_nothing(quantity: int, paid: int) -> None:
    found = vends(device_events([sale(quantity=quantity, paid=paid)], NEW_YORK))
    assert len(found) == -(-quantity // 100)
    assert sum(data.quantity for _, data in found) == quantity
    assert sum(data.paid_minor for _, data in found) == paid


@given(st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2037, 12, 1)), st.integers(1, 300))
def test_spread_times_stay_on_their_local_day(name: str, day: date, count: int) -> None:
    zone = ZoneInfo(name)
    if (name, day) == ("Pacific/Apia", date(2011, 12, 30)):
        return  # the day that Samoa left out
    times = spread(day, count, zone)
    assert len(set(times)) == count
    assert times == sorted(times)
    assert {time.astimezone(zone).date() for time in times} == {day}


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2025, 3, 9), 23),
        ("America/New_York", date(2025, 11, 2), 25),
        ("Australia/Lord_Howe", date(2025, 4, 6), 24.5),
        ("America/Havana", date(2025, 3, 9), 23),  # midnight itself does not exist
        ("America/Havana", date(2025, 11, 2), 25),  # midnight comes twice
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
    ],
)
def test_days_are_as_long_as_the_clocks_made_them(zone: str, day: date, hours: float) -> None:
    start = first_instant(day, ZoneInfo(zone))
    assert first_instant(day + timedelta(days=1), ZoneInfo(zone)) - start == timedelta(hours=hours)
    before = start - timedelta(milliseconds=1)
    assert start.astimezone(ZoneInfo(zone)).date() == day
    assert before.astimezone(ZoneInfo(zone)).date() == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "time_format", "day", "at"),
    [
        ("2025-03-09", None, date(2025, 3, 9), None),
        ("Sunday, March 9, 2025", None, date(2025, 3, 9), None),
        ("09/03/2025", "%d/%m/%Y", date(2025, 3, 9), None),
        ("2025-03-09T01:30", None, date(2025, 3, 9), datetime(2025, 3, 9, 6, 30, tzinfo=UTC)),
        ("2025-03-09 02:30", None, date(2025, 3, 9), datetime(2025, 3, 9, 7, 30, tzinfo=UTC)),
        ("2025-11-02 01:30", None, date(2025, 11, 2), datetime(2025, 11, 2, 5, 30, tzinfo=UTC)),
        ("2025-03-10T03:30:00Z", None, date(2025, 3, 9), datetime(2025, 3, 10, 3, 30, tzinfo=UTC)),
        ("9.3.25 23.59", "%d.%m.%y %H.%M", date(2025, 3, 9), datetime(2025, 3, 10, 3, 59, tzinfo=UTC)),
    ],
)
def test_when(text: str, time_format: str | None, day: date, at: datetime | None) -> None:
    assert when(text, NEW_YORK, time_format) == (day, at)
