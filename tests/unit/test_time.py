"""Instants are whole milliseconds, on both sides of 1970."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from vending.time import EPOCH, millis


@pytest.mark.parametrize(
    ("since", "ms"),
    [
        (timedelta(), 0),
        (timedelta(microseconds=250_999), 250),
        (timedelta(days=1, seconds=2, milliseconds=3), 86_402_003),
        (timedelta(milliseconds=-1), -1),
        (timedelta(microseconds=-1), -1),
    ],
)
def test_an_instant_is_its_milliseconds_since_1970_rounded_down(since: timedelta, ms: int) -> None:
    assert millis(EPOCH + since) == ms


def test_an_instant_is_the_same_on_every_clock() -> None:
    there = timezone(timedelta(hours=5, minutes=45))
    moment = datetime(2026, 11, 24, 8, 15, 30, 250_000, tzinfo=UTC)
    assert millis(moment.astimezone(there)) == millis(moment) == 1_795_508_130_250
