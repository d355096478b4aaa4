"""JSON that the platform's host parses and writes anew, without a process.

Rules: change feed documents as they came from the real host; Newtonsoft.Json DateTimeUtils for the edges.
"""

import json

import pytest

from devstack.functions import dotnet_json


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:34:56.000Z", "2026-01-31T12:34:56Z"),
        ("2026-01-31T12:34:56.120000Z", "2026-01-31T12:34:56.12Z"),
        ("2026-01-31T12:34:56.1234567Z", "2026-01-31T12:34:56.1234567Z"),
        ("2026-01-31T12:34:56z", "2026-01-31T12:34:56Z"),
        ("2026-01-31T24:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-01-31T12:34:56.120", "2026-01-31T12:34:56.12"),
    ],
)
def test_date_like_texts_are_rewritten(text: str, expected: str) -> None:
    """Zeros of a fraction fall away, ``z`` becomes ``Z``, 24 o'clock the next day."""
    nested = ({"a": [{"b": text}]}, {"a": [{"b": expected}]})
    for value, written in (nested, ([text], [expected]), (text, expected)):
        assert json.loads(dotnet_json.compact(value)) == written
        assert json.loads(dotnet_json.indented(value, dates=True)) == written


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        "2026-01-31T12:34:56",
        "2026-01-31 12:34:56.000Z",
        "2026-02-30T12:34:56.000Z",
        "2026-01-31T24:00:01.000Z",
        "2026-01-31T12:34:56.12345678Z",
        "2026-01-31T12:34Z and some more",
        "9999-12-31T24:00:00Z",
        " 2026-01-31T12:34:56.0Z",
        "",
    ],
)
def test_other_texts_stay(text: str) -> None:
    """Dates without a time, times without zone and fraction, and what is no time."""
    assert dotnet_json.date(text) == text


def test_an_offset_becomes_the_hosts_own_zone(berlin: None) -> None:
    """``+02:00`` in winter in Berlin is ``+01:00``; the moment is the same."""
    assert dotnet_json.date("2026-01-31T14:34:56.100+02:00") == "2026-01-31T13:34:56.1+01:00"
    assert dotnet_json.date("2026-07-31T14:34:56-0300") == "2026-07-31T19:34:56+02:00"
    assert dotnet_json.date("2026-01-31T12:34:56.000Z") == "2026-01-31T12:34:56Z"


def test_dates_in_names_and_within_texts_stay() -> None:
    """Only a whole value is a date; a text that quotes JSON is one text."""
    at = "2026-01-31T12:34:56.000Z"
    value = {at: 1, "quoted": f'{{"a":"{at}","b":["{at}"]}}', "more": f"{at} ", "end\\": "\\", "at": at}
    assert json.loads(dotnet_json.compact(value)) == value | {"at": "2026-01-31T12:34:56Z"}
