"""When an event happened: every rule, and the bounds that keep a mad clock from making a mad day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import hub_event, vend
from vending.events.event import parse
from vending.events.hub_event import HubEvent
from vending.events.uptimes import dated
from vending.time import EPOCH, Moment, millis

ENQUEUED = hub_event(0, b"").enqueued


def moment(**envelope: Any) -> tuple[timedelta, str]:
    """Of an event enqueued at ENQUEUED: how long before that it happened, and how that is known."""
    event = parse(hub_event(0, vend(1, **envelope)))
    return timedelta(milliseconds=millis(ENQUEUED) - event.at.ms), event.at.quality


def before(**ago: float) -> str:
    return (ENQUEUED - timedelta(**ago)).isoformat()


@pytest.mark.parametrize(
    ("sync", "ago", "expected"),
    [
        ("ntp", timedelta(seconds=3), "device"),
        ("ntp", timedelta(minutes=-4), "device"),
        ("ntp", timedelta(minutes=-5), "device"),
        ("ntp", timedelta(hours=1), "device"),
        ("ntp", timedelta(hours=2), "late"),
        ("ntp", timedelta(days=400), "late"),
        ("ntp", timedelta(minutes=-6), "estimated"),
        ("ntp", timedelta(days=365 * 30), "estimated"),
        ("rtc", timedelta(seconds=3), "device"),
        ("rtc", timedelta(days=89), "late"),
        ("rtc", timedelta(days=90), "late"),
        ("rtc", timedelta(days=91), "estimated"),
        ("rtc", timedelta(minutes=-6), "estimated"),
        ("none", timedelta(seconds=3), "estimated"),
        ("import", timedelta(days=4000), "imported"),
        ("import", timedelta(days=-4), "imported"),
    ],
)
def test_a_clock_is_believed_as_far_as_it_can_be_right(sync: str, ago: timedelta, expected: str) -> None:
    found, quality = moment(clocksync=sync, time=(ENQUEUED - ago).isoformat())
    assert quality == expected
    assert found == (timedelta() if expected == "estimated" else ago)


def test_without_a_time_the_hub_says_when() -> None:
    assert moment(time=None, clocksync="ntp") == (timedelta(), "estimated")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("sync", ["ntp", "rtc"])
def test_calendars_ends_are_not_believed(time: str, sync: str) -> None:
    assert moment(time=time, clocksync=sync) == (timedelta(), "estimated")


def booted(number: int, uptime: int, enqueued: float, boot: str = "b1") -> HubEvent:
    content = vend(number, time=None, clocksync="none", bootid=boot, uptime=uptime)
    return hub_event(number, content, enqueued=ENQUEUED + timedelta(seconds=enqueued))


def found(*events: HubEvent) -> list[Moment]:
    return [event.at for event in dated([parse(event) for event in events])]


def test_uptime_tells_how_long_before_the_newest_event_of_the_boot() -> None:
    old, new = found(booted(1, 1000, 60), booted(2, 4600, 60))
    assert old == Moment(millis(ENQUEUED) + 60_000 - 3_600_000, "uptime")
    assert new == Moment(millis(ENQUEUED) + 60_000, "estimated")


def test_another_boot_says_nothing() -> None:
    old, _ = found(booted(1, 1000, 60), booted(2, 4600, 60, boot="b2"))
    assert old.quality == "estimated"


def test_the_newest_event_of_the_boot_may_come_in_any_order() -> None:
    first, _, last = found(booted(1, 1000, 60), booted(3, 9000, 60), booted(2, 4600, 60))
    assert first == Moment(millis(ENQUEUED) + 60_000 - 8_000_000, "uptime")
    assert last == Moment(millis(ENQUEUED) + 60_000 - 4_400_000, "uptime")


def test_a_clock_that_is_believed_goes_before_the_uptime() -> None:
    said = millis(ENQUEUED) - 1000
    believed = hub_event(0, vend(1, clocksync="ntp", time=before(seconds=1), bootid="b1", uptime=1000))
    assert found(believed, booted(2, 4600, 60))[0] == Moment(said, "device")


@pytest.mark.parametrize("unsaid", ["bootid", "uptime"])
def test_an_uptime_tells_nothing_without_its_boot_nor_a_boot_without_an_uptime(unsaid: str) -> None:
    said: dict[str, Any] = {
        "time": None, "clocksync": "none", "bootid": "b1", "uptime": 1000, unsaid: None
    }  # fmt: skip
    old, _ = found(hub_event(0, vend(1, **said)), booted(2, 4600, 60))
    assert old == Moment(millis(ENQUEUED), "estimated")


def test_an_uptime_is_believed_for_a_leap_year() -> None:
    year = 366 * 86_400
    assert found(booted(1, 0, 60), booted(2, year, 60))[0].quality == "uptime"
    assert found(booted(1, 0, 60), booted(2, year + 1, 60))[0].quality == "estimated"


def test_a_mad_uptime_is_not_believed() -> None:
    old, _ = found(booted(1, 0, 60), booted(2, 2**40, 60))
    assert old == Moment(millis(ENQUEUED) + 60_000, "estimated")


@given(st.datetimes(timezones=st.just(UTC)))
def test_milliseconds_are_whole_and_rounded_down(moment: datetime) -> None:
    assert millis(moment) == (moment - EPOCH) // timedelta(milliseconds=1)
