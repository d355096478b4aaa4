"""Who wants what, and at which hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.mailed_world import recipient
from vending.alerts.rules.base import Severity
from vending.notifications.recipients import WEEKDAYS, Place, fallback, takes_now, wants, within

NORTH = Place("north", "North", "Europe/Berlin", "r1")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 24 * 60


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@pytest.mark.parametrize(
    ("least", "wanted"),
    [("critical", 1), ("warning", 2), ("info", 3), ("none", 0), ("of a newer version", 3)],
)
def test_by_severity(least: str, wanted: int) -> None:
    levels: tuple[Severity, ...] = ("critical", "warning", "info")
    assert [wants(recipient("a", severity=least), one, None) for one in levels].count(True) == wanted


@pytest.mark.parametrize(
    ("limits", "place", "wanted"),
    [
        ({}, NORTH, True),
        ({}, None, True),
        ({"sites": ["north", "south"]}, NORTH, True),
        ({"sites": ["south"]}, NORTH, False),
        ({"routes": ["r1"]}, NORTH, True),
        ({"routes": ["r2"]}, NORTH, False),
        ({"sites": ["south"], "routes": ["r1"]}, NORTH, True),
        ({"sites": ["north"]}, None, False),
        ({"sites": [], "routes": []}, None, True),
    ],
)
def test_by_site_or_route(limits: dict[str, list[str]], place: Place | None, wanted: bool) -> None:
    assert wants(recipient("a", **limits), "info", place) is wanted


@pytest.mark.parametrize(
    ("hours", "weekday", "time", "open_then"),
    [
        ({"mon": ["08:00-18:00"]}, 0, "07:59", False),
        ({"mon": ["08:00-18:00"]}, 0, "08:00", True),
        ({"mon": ["08:00-18:00"]}, 0, "17:59", True),
        ({"mon": ["08:00-18:00"]}, 0, "18:00", False),
        ({"mon": ["08:00-18:00"]}, 1, "12:00", False),
        ({"fri": ["22:00-06:00"]}, 4, "21:59", False),
        ({"fri": ["22:00-06:00"]}, 4, "23:00", True),
        ({"fri": ["22:00-06:00"]}, 4, "03:00", False),
        ({"fri": ["22:00-06:00"]}, 5, "05:59", True),
        ({"fri": ["22:00-06:00"]}, 5, "06:00", False),
        ({"sun": ["22:00-06:00"]}, 0, "03:00", True),
        ({"mon": ["00:00-24:00"]}, 0, "23:59", True),
        ({"mon": ["06:00-06:00"]}, 1, "05:00", True),
        ({"mon": ["06:00-09:00", "20:00-22:00"]}, 0, "21:00", True),
        ({"mon": ["06:00-09:00", "20:00-22:00"]}, 0, "12:00", False),
    ],
)
def test_spans(hours: dict[str, list[str]], weekday: int, time: str, open_then: bool) -> None:
    hour, minute = map(int, time.split(":"))
    assert within(hours, MONDAY + timedelta(days=weekday, hours=hour, minutes=minute)) is open_then


SPANS = st.dictionaries(
    st.integers(0, 6), st.lists(st.tuples(st.integers(0, DAY - 1), st.integers(0, DAY)), max_size=3)
)


@given(SPANS, st.integers(0, 7 * DAY - 1))
def test_a_week_minute_by_minute_is_what_its_spans_cover(
    spans: dict[int, list[tuple[int, int]]], minute: int
) -> None:
    """The oracle walks each span from its begin; a week is a ring."""
    covered = {
        (weekday * DAY + begin + step) % (7 * DAY)
        for weekday, found in spans.items()
        for begin, end in found
        for step in range(end - begin if end > begin else end - begin + DAY)
    }
    hours = {WEEKDAYS[day]: [f"{clock(x)}-{clock(y)}" for x, y in found] for day, found in spans.items()}
    assert within(hours, MONDAY + timedelta(minutes=minute)) is (minute in covered)


@given(st.integers(0, 2 * 366 * DAY))
def test_the_wall_clock_decides_also_when_it_changes(minutes: int) -> None:
    """Nine in the morning is by the wall, whatever the offset: on 29 March it comes an hour earlier."""
    local = (MONDAY + timedelta(minutes=minutes)).astimezone(ZoneInfo("Europe/Berlin"))
    hours = {day: ["09:00-17:30"] for day in WEEKDAYS}
    assert within(hours, local) is ("09:00" <= f"{local:%H:%M}" < "17:30")


def test_critical_ones_go_out_at_any_hour_to_those_who_say_so() -> None:
    night = MONDAY + timedelta(hours=3)
    hours = {"mon": ["08:00-18:00"]}
    assert not takes_now(recipient("a", hours=hours), "critical", night)
    assert takes_now(recipient("a", hours=hours, critical_always=True), "critical", night)
    assert not takes_now(recipient("a", hours=hours, critical_always=True), "warning", night)
    assert takes_now(recipient("a"), "info", night)
    assert takes_now(recipient("a", hours={}), "info", night), "no hours are all hours"


def test_addresses_of_the_settings_get_everything() -> None:
    (one,) = fallback(["ops@ops.example"])
    assert wants(one, "info", None)
    assert takes_now(one, "info", MONDAY)
