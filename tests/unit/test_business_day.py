"""Days of sites whose clocks change."""

from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rollup_world import ms
from vending import business_day
from vending.catalog.assignments import Assignment, Edition, Site
from vending.time import millis

HOUR = 3_600_000
USUAL = [f"{hour:02d}" for hour in range(24)]
ODD = (
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Beirut",
    "Pacific/Apia",
    "Africa/Cairo",
)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-06-01", 24),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("America/Havana", "2026-11-01", 25),
        ("Pacific/Apia", "2011-12-30", 0),
    ],
)
def test_a_day_is_as_long_as_its_clock_makes_it(zone: str, day: str, hours: float) -> None:
    start, end = business_day.window(day, zone)
    assert end - start == hours * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", [*USUAL[:2], *USUAL[3:]]),
        ("Europe/Berlin", "2026-10-25", [*USUAL[:3], "02b", *USUAL[3:]]),
        ("America/New_York", "2026-03-08", [*USUAL[:2], *USUAL[3:]]),
        ("America/New_York", "2026-11-01", [*USUAL[:2], "01b", *USUAL[2:]]),
        ("Australia/Lord_Howe", "2026-04-05", [*USUAL[:2], "01b", *USUAL[2:]]),
        ("Australia/Lord_Howe", "2026-10-04", USUAL),
    ],
)
def test_a_day_has_the_hours_that_its_clock_shows(zone: str, day: str, hours: list[str]) -> None:
    assert business_day.hours_of(day, zone) == hours


@pytest.mark.parametrize(
    ("zone", "utc", "day", "hour"),
    [
        ("Europe/Berlin", "2026-10-25T00:30", "2026-10-25", "02"),
        ("Europe/Berlin", "2026-10-25T01:30", "2026-10-25", "02b"),
        ("America/New_York", "2026-11-01T05:30", "2026-11-01", "01"),
        ("America/New_York", "2026-11-01T06:30", "2026-11-01", "01b"),
        ("Australia/Lord_Howe", "2026-04-04T14:45", "2026-04-05", "01"),
        ("Australia/Lord_Howe", "2026-04-04T15:15", "2026-04-05", "01b"),
        ("Australia/Lord_Howe", "2026-04-04T15:45", "2026-04-05", "02"),
        ("Pacific/Kiritimati", "2026-11-24T10:00", "2026-11-25", "00"),
    ],
)
def test_an_instant_has_its_local_day_and_hour(zone: str, utc: str, day: str, hour: str) -> None:
    at = ms(utc)
    assert (business_day.day_of(at, zone), business_day.hour_of(at, zone)) == (day, hour)


zones = st.sampled_from(sorted(available_timezones() - {"localtime"})) | st.sampled_from(ODD)
instants = st.integers(ms("1990-01-01"), ms("2037-01-01"))


@given(zones, instants)
def test_the_window_of_a_day_holds_all_its_instants(zone: str, at: int) -> None:
    start, end = business_day.window(business_day.day_of(at, zone), zone)
    assert start <= at < end


@given(zones, instants)
def test_a_day_of_any_zone_is_in_all_that_its_date_can_be(zone: str, at: int) -> None:
    day = business_day.day_of(at, zone)
    (start, end), (first, last) = business_day.window(day, zone), business_day.anywhere(day)
    assert first < start <= end < last


@pytest.mark.parametrize("day", [business_day.FIRST, business_day.LAST])
def test_the_first_and_the_last_day_have_surroundings(day: str) -> None:
    (start, end), (first, last) = business_day.window(day, "Etc/UTC"), business_day.anywhere(day)
    assert first <= start < end <= last


everything = st.datetimes(timezones=st.just(UTC)).map(millis)


def check_day(zone: str, at: int) -> None:
    day = business_day.day_of(at, zone)
    home = Assignment("m1", 1, (("", Site("s", "s", zone)),), (Edition("", {}),))
    start, end = home.window(day)
    assert start <= at < end
    assert home.day_of(at) == day
    assert home.sku({"at": at}) == "unknown"


@given(zones, everything)
def test_every_time_that_can_be_written_has_a_day(zone: str, at: int) -> None:
    """An import may claim any time of the calendar. Losing a time is allowed, losing a sale is not."""
    check_day(zone, at)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
def test_the_ends_of_the_calendar_have_a_day(zone: str, moment: str) -> None:
    check_day(zone, millis(datetime.fromisoformat(moment)))


@given(st.sampled_from(("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")), instants)
def test_windows_follow_one_another(zone: str, at: int) -> None:
    day = business_day.day_of(at, zone)
    start, end = business_day.window(day, zone)
    assert business_day.window(business_day.shift(day, 1), zone)[0] == end
    assert {business_day.day_of(start, zone), business_day.day_of(end - 1, zone)} == {day}


@pytest.mark.parametrize(
    ("zone", "before", "hours"),
    [
        # At 00:01 the clock went back to 23:01: the day goes on until midnight comes again.
        ("America/St_Johns", "2006-10-28", 25),
        # The clock went from 23:59 to 01:00: the day ends where the next one begins.
        ("America/Sao_Paulo", "2018-11-03", 24),
        ("Europe/Berlin", "2026-11-03", 24),
    ],
)
def test_a_day_ends_when_its_clock_shows_it_for_the_last_time(zone: str, before: str, hours: int) -> None:
    start, end = business_day.window(before, zone)
    assert end - start == hours * HOUR
    assert business_day.day_of(end - 1, zone) == before
    assert business_day.day_of(end, zone) == business_day.shift(before, 1)


def test_a_day_begins_when_its_clock_shows_it_first() -> None:
    """The minute before the clock went back over midnight is the next day's, and lies in its window."""
    start, _ = business_day.window("2006-10-29", "America/St_Johns")
    assert business_day.day_of(start - 1, "America/St_Johns") == "2006-10-28"
    assert business_day.day_of(start, "America/St_Johns") == "2006-10-29"
    assert start < business_day.window("2006-10-28", "America/St_Johns")[1]


@pytest.mark.parametrize(
    "name", ["localtime", "posixrules", "Factory", "right/Europe/Berlin", "posix/Europe/Berlin"]
)
def test_a_zone_that_is_another_one_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is this computer's; use a name such as Europe/Berlin"):
        business_day.named(name)


def test_operators_may_name_any_zone_of_the_database() -> None:
    assert business_day.named("America/St_Johns") == "America/St_Johns"


@pytest.mark.parametrize("moment", ["2026-02-29", "2026-11-24T24:61", "tomorrow", ""])
def test_a_day_that_the_calendar_does_not_have_is_refused(moment: str) -> None:
    with pytest.raises(ValueError, match="is no day YYYY-MM-DD or local time YYYY-MM-DDTHH:MM"):
        business_day.checked(moment)


@pytest.mark.parametrize("moment", ["2028-02-29", "2026-11-24T06:30"])
def test_a_day_or_minute_stays_as_it_was_written(moment: str) -> None:
    assert business_day.checked(moment) == moment


def test_an_instant_is_written_in_utc_to_the_millisecond() -> None:
    assert business_day.instant(ms("2026-11-24T08:15:30.250")) == "2026-11-24T08:15:30.250Z"
    assert business_day.instant(ms("2026-11-24T08:15")) == "2026-11-24T08:15:00.000Z"


def test_a_zone_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="'Europe/Atlantis' is not in the IANA database"):
        business_day.day_of(0, "Europe/Atlantis")


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "Europe"])
def test_a_name_that_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        business_day.zone(name)
