"""Dates and times: an instant with a zone is that instant; what may be two days is an error with its cure."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from vendctl.replay.errors import Unreadable
from vendctl.replay.times import when

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NAMED = "%Y-%m-%d %H:%M:%S %Z"


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "form", "instant"),
    [
        ("2025-05-02 23:30:00 UTC", NAMED, at(2025, 5, 2, 23, 30)),
        ("2025-05-02 23:30:00 GMT", NAMED, at(2025, 5, 2, 23, 30)),
        ("2025-05-02 23:30:00 CEST", NAMED, at(2025, 5, 2, 21, 30)),
        ("2025-05-02 23:30:00 America/New_York", NAMED, at(2025, 5, 3, 3, 30)),
        ("2025-05-02 23:30:00 +0200", "%Y-%m-%d %H:%M:%S %z", at(2025, 5, 2, 21, 30)),
        ("02 May 2025 11:30 PM UTC", "%d %b %Y %I:%M %p %Z", at(2025, 5, 2, 23, 30)),
        ("UTC 02.05.2025 23:30", "%Z %d.%m.%Y %H:%M", at(2025, 5, 2, 23, 30)),
        ("2025-05-02 23:30:00 UTC", None, at(2025, 5, 2, 23, 30)),
        ("2025-05-02T23:30:00Z", None, at(2025, 5, 2, 23, 30)),
        ("2025-05-02 23:30-04:00", None, at(2025, 5, 3, 3, 30)),
        ("5/31/2025 11:30 PM -0400", None, at(2025, 6, 1, 3, 30)),
        # The hour that comes twice: the name tells which one it is.
        ("2025-10-26 02:30:00 CEST", NAMED, at(2025, 10, 26, 0, 30)),
        ("2025-10-26 02:30:00 CET", NAMED, at(2025, 10, 26, 1, 30)),
    ],
)
def test_an_instant_with_a_zone_is_that_instant(text: str, form: str | None, instant: datetime) -> None:
    day, found = when(text, BERLIN, form)
    assert found == instant
    assert day == instant.astimezone(BERLIN).date()


@pytest.mark.parametrize("name", ["EST", "PDT", "CET", "IST", "Europe/Nowhere", "Berlin", "X"])
def test_a_zone_that_is_not_understood_is_an_error(name: str) -> None:
    """CET in May is one of them: the clocks of Berlin show CEST then, so somebody is wrong by an hour."""
    for form in (NAMED, None):
        with pytest.raises(
            Unreadable, match=f"has a zone '{name}' that is not understood: .*, or CEST, as Eur"
        ):
            when(f"2025-05-02 23:30:00 {name}", BERLIN, form)


@pytest.mark.parametrize(
    ("text", "day", "instant"),
    [
        ("2024/3/1", date(2024, 3, 1), None),
        ("2024/3/1 10:15", date(2024, 3, 1), at(2024, 3, 1, 15, 15)),
        ("2024.03.01 10:15:30", date(2024, 3, 1), at(2024, 3, 1, 15, 15, 30)),
        ("31.1.2024", date(2024, 1, 31), None),
        ("31/01/2024 10:15", date(2024, 1, 31), at(2024, 1, 31, 15, 15)),
        ("1/31/2024 3:05 PM", date(2024, 1, 31), at(2024, 1, 31, 20, 5)),
        ("1/31/2024 12:05 a.m.", date(2024, 1, 31), at(2024, 1, 31, 5, 5)),
        ("1/31/2024 12:05 PM", date(2024, 1, 31), at(2024, 1, 31, 17, 5)),
        ("3/3/2024 10:15", date(2024, 3, 3), at(2024, 3, 3, 15, 15)),
        ("1 Mar 2024", date(2024, 3, 1), None),
        ("01-Mar-2024 10:15", date(2024, 3, 1), at(2024, 3, 1, 15, 15)),
        ("March 1, 2024, 10:15", date(2024, 3, 1), at(2024, 3, 1, 15, 15)),
        ("Saturday, January 1, 2022", date(2022, 1, 1), None),
        ("Saturday, January 1, 2022 10:15", date(2022, 1, 1), at(2022, 1, 1, 15, 15)),
        ("20240301", date(2024, 3, 1), None),
        ("2024-03-01T10", date(2024, 3, 1), at(2024, 3, 1, 15)),
    ],
)
def test_usual_forms_are_understood(text: str, day: date, instant: datetime | None) -> None:
    assert when(text, NEW_YORK, None) == (day, instant)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("3/4/2024", '"%d/%m/%Y" or "%m/%d/%Y"'),
        ("3.4.2024 10:15", '"%d.%m.%Y %H:%M" or "%m.%d.%Y %H:%M"'),
        ("3-4-2024 1:15:30 PM", '"%d-%m-%Y %I:%M:%S %p" or "%m-%d-%Y %I:%M:%S %p"'),
        ("31.1.24", '"%d.%m.%y" or "%m.%d.%y"'),
    ],
)
def test_what_may_be_two_days_says_which_time_format_to_set(text: str, forms: str) -> None:
    with pytest.raises(Unreadable, match="may be two days: set time_format = ") as told:
        when(text, NEW_YORK, None)
    assert f"time_format = {forms} in the mapping" in str(told.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("yesterday", "is no date that is known .*: set time_format"),
        ("45678", "is no date that is known"),
        ("31.2.2024", "is no date that there is"),
        ("32 Mar 2024", "is no date that there is"),
        ("1 Mai 2024", "is no date that there is"),
        ("2024/3/1 25:00", "has no time of day that there is"),
        ("2024/3/1 13:00 PM", "has an hour beyond 12"),
    ],
)
def test_no_dates(text: str, complaint: str) -> None:
    with pytest.raises(Unreadable, match=complaint):
        when(text, NEW_YORK, None)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("1999-12-31 10:00", BERLIN), ("1999-12-31", NEW_YORK), ("2100-01-01", BERLIN),
        ("0001-01-01 00:00", BERLIN),
        ("9999-12-31T23:59", NEW_YORK), ("2000-01-01 00:30", BERLIN), ("2000-01-01", BERLIN),
        ("2099-12-31", NEW_YORK), ("2099-12-31 23:30", NEW_YORK),
    ],
)  # fmt: skip
def test_years_that_ingest_does_not_take_are_refused_before(text: str, zone: ZoneInfo) -> None:
    """Ingest judges the year in UTC, so that New Year's night and a day spread over it count, too."""
    with pytest.raises(Unreadable, match=r"is not in the years 2000 to 2099 \(UTC\)"):
        when(text, zone, None)


@pytest.mark.parametrize(
    ("text", "zone"),
    [("2000-01-01", NEW_YORK), ("2000-01-02", BERLIN), ("2099-12-31", BERLIN), ("2000-01-01 01:00", BERLIN)],
)
def test_the_first_and_the_last_years_are_taken(text: str, zone: ZoneInfo) -> None:
    assert when(text, zone, None)[0].isoformat() == text[:10]
