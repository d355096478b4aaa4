"""A record gives back the event that it was made of, byte for byte, on one line of JSON."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.archived import AWKWARD, hub_event
from vending.domain.events import HubEvent
from vending.domain.records import decode_lines, encode, record, restore

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
properties = st.dictionaries(st.text(), scalars, max_size=4)
hub_events = st.builds(
    HubEvent,
    generation=st.text(min_size=1),
    partition=st.text(min_size=1),
    sequence=st.integers(0, 2**53),
    offset=st.text(min_size=1),
    enqueued=st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    key=st.none() | st.text(),
    properties=properties,
    system=properties,
    body=st.binary() | st.text().map(str.encode) | st.sampled_from(AWKWARD),
)


@given(st.lists(hub_events, max_size=4))
def test_lines_give_back_the_events(events: list[HubEvent]) -> None:
    lines = [encode(record(event)) for event in events]
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") and b"\r" not in line for line in lines)
    assert [restore(fields) for fields in decode_lines(b"".join(lines))] == events


@pytest.mark.parametrize("body", AWKWARD)
def test_awkward_bodies_survive(body: bytes) -> None:
    (fields,) = decode_lines(encode(record(hub_event(1, body))))
    assert restore(fields).body == body


def test_text_stays_readable_and_other_bytes_are_base64() -> None:
    assert record(hub_event(1, "é".encode()))["body"] == "é"
    assert record(hub_event(1, b"\xff"))["body64"] == "/w=="
    assert "body" not in record(hub_event(1, b"\xff"))


def test_times_are_told_in_utc() -> None:
    there = timezone(timedelta(hours=2))
    event = hub_event(0, at=datetime(2026, 3, 1, 14, 0, 0, 120_000, there))
    assert record(event)["enqueued"] == "2026-03-01T12:00:00.120000Z"
    assert restore(record(event)).enqueued == event.enqueued
