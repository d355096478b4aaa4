"""When a report is due, and that one claim at a time stands."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vending.documents.base import load
from vending.documents.daily_report import DailyReport
from vending.reports.sending import LEASE, claim, done, due, key, released

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
TO = "ops@example.org"
DAY = "2026-03-01"


@pytest.mark.parametrize(
    ("zone", "now", "day"),
    [
        ("Etc/UTC", "2026-03-02T05:59", None),
        ("Etc/UTC", "2026-03-02T06:00", "2026-03-01"),
        ("Etc/UTC", "2026-03-02T23:59", "2026-03-01"),
        ("Etc/UTC", "2026-03-03T00:00", None),
        ("Europe/Berlin", "2026-03-02T05:00", "2026-03-01"),
        ("Pacific/Auckland", "2026-03-01T17:00", "2026-03-01"),
        ("America/Los_Angeles", "2026-03-02T13:59", None),
        ("America/Los_Angeles", "2026-03-02T14:00", "2026-03-01"),
        # The nights in which the clock is changed.
        ("Europe/Berlin", "2026-03-29T03:59", None),
        ("Europe/Berlin", "2026-03-29T04:00", "2026-03-28"),
        ("Europe/Berlin", "2026-10-25T05:00", "2026-10-24"),
    ],
)
def test_it_is_due_when_it_is_morning_there(zone: str, now: str, day: str | None) -> None:
    moment = datetime.fromisoformat(f"{now}:00+00:00")
    assert due(zone, 6, moment) == day


def test_a_claim_is_one_instance_s_until_it_ends() -> None:
    first = claim(None, TO, DAY, NOW)
    assert first
    assert claim(first, TO, DAY, NOW + timedelta(minutes=10)) is None
    assert claim(first, TO, DAY, NOW + timedelta(milliseconds=LEASE)), "a crash may repeat it"
    assert claim(released(first), TO, DAY, NOW)
    after = done(first)
    assert claim(after, TO, DAY, NOW) is None
    assert claim(after, TO, "2026-02-28", NOW) is None, "an older one is not due any more"
    assert claim(after, TO, "2026-03-02", NOW)


def test_a_lease_that_a_wrong_clock_took_does_not_hold() -> None:
    held = claim(None, TO, DAY, NOW + timedelta(days=400))
    assert claim(held, TO, DAY, NOW)


def test_a_key_is_of_a_recipient_and_a_day_and_tells_no_address() -> None:
    claims = [claim(None, to, day, NOW) for to in (TO, "other@example.org") for day in (DAY, "2026-03-02")]
    keys = {key(one) for one in claims if one}
    assert len(keys) == 4
    assert not any("@" in one or "ops" in one for one in keys)
    first, again = claims[0], claim(None, TO, DAY, NOW + timedelta(hours=3))
    assert first
    assert again
    assert key(first) == key(again)


@given(st.lists(st.sampled_from(["claim", "done", "released", "crash", "tick", "restart"]), max_size=40))
def test_it_is_sent_once_unless_somebody_crashes(steps: list[str]) -> None:
    """Whatever happens in whatever order: two sendings of a day have a crash, or a failure, between them."""
    now, held, sending, sent, excused = NOW, None, None, 0, 1
    for step in steps:
        if step == "tick":
            now += timedelta(minutes=15)
        elif step == "claim" and sending is None and (claimed := claim(held, TO, DAY, now)):
            held = sending = claimed
            sent += 1
        elif sending and step == "done":
            held, sending = done(sending), None
        elif sending and step in ("released", "crash"):
            held = released(sending) if step == "released" else held
            sending, excused = None, excused + 1
        elif step == "restart" and held:
            held = load(held.dump(), DailyReport)
    assert sent <= excused
