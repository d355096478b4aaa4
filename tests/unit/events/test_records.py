"""A record gives back the event that it was made of, byte for byte, on one line of JSON."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.archive import AWKWARD, hub_event
from vending.events.hub_event import HubEvent
from vending.events.records import bytes_of, decode_lines, encode, position, record, restore, text_or_base64

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
    amqp=st.none() | st.dictionaries(st.text(), st.text(), min_size=1, max_size=2),
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


TEXTS = st.text().map(str.encode)
CONTROLS = st.lists(st.sampled_from([*range(0x20), 0x22, 0x5C, 0x7F])).map(bytes)


@given(st.one_of(st.binary(max_size=400), TEXTS, CONTROLS, st.sampled_from(AWKWARD)))
def test_no_body_grows_beyond_two_and_a_half_times(body: bytes) -> None:
    """Quotation marks are two bytes, base64 is a third more; control characters, six each, never decide."""
    fields = text_or_base64("body", body)
    (written,) = fields.values()
    assert bytes_of(fields, "body") == body
    assert len(msgspec.json.encode(written)) <= 2.5 * len(body) + 6


@pytest.mark.parametrize("body", [b"\0" * 1_000, b"\x1b" * 1_000, b"{}" + b"\0" * 20, b"\xff" * 1_000])
def test_control_characters_and_other_bytes_are_base64(body: bytes) -> None:
    line = encode(record(hub_event(1, body)))
    assert b"\\u00" not in line
    assert len(line) < len(body) * 4 / 3 + 300


def test_a_text_that_a_control_character_ends_stays_readable() -> None:
    """A C string's end, a form feed: text that is a little longer is read by people."""
    body = b'{"machine": "m1", "note": "sent with its end"}\0'
    assert record(hub_event(1, body))["body"] == body.decode()


def test_one_control_character_in_fifteen_bytes_is_still_text() -> None:
    """From there on its six bytes are less than what base64 adds to all."""
    assert text_or_base64("body", b"\0" + b"x" * 14) == {"body": "\0" + "x" * 14}
    assert text_or_base64("body", b"\0" + b"x" * 13).keys() == {"body64"}


def test_an_ordinary_event_is_written_as_ever() -> None:
    line = (
        b'{"generation":"1","partition":"0","sequence":7,"offset":"700","enqueued":"2026-03-01T12:00:00.070000Z",'
        b'"key":"dev-0","properties":{"content-type":"application/json","n":7},"system":{"x-opt-trace":"2"},'
        b'"body":"{\\"a\\": 1.50,\\r\\n \\"b\\": \\"\xc3\xa9\\"}\\n"}\n'
    )
    assert encode(record(hub_event(7, AWKWARD[3]))) == line


@pytest.mark.parametrize("body", [b"\0" * 100, "\u2028\u2029\x85\x00".encode(), b"\x1b[31m"])
def test_lines_of_the_version_before_are_read(body: bytes) -> None:
    """It wrote all UTF-8 as text, whatever the control characters in it."""
    fields = record(hub_event(1, b"")) | {"body": body.decode()}
    assert restore(decode_lines(encode(fields))[0]) == hub_event(1, body)


def test_a_line_says_where_its_event_lies() -> None:
    assert position(record(hub_event(7))) == hub_event(7).position
