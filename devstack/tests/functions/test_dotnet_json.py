"""JSON that went through .NET, without a process.

Rules: Newtonsoft.Json JsonTextWriter, DateTimeParser, JsonConvert (numbers); measured on the platform's host:
a text that holds JSON arrives indented, dates and floats rewritten.
"""

import pytest

from devstack.functions import dotnet_json


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("2026-11-26T02:15:56.000Z", "2026-11-26T02:15:56Z"),
        ("2026-11-26T02:15:56.120000Z", "2026-11-26T02:15:56.12Z"),
        ("2026-11-26T02:15:56.1234567Z", "2026-11-26T02:15:56.1234567Z"),
        ("2026-11-26T02:15:56z", "2026-11-26T02:15:56Z"),
        ("2026-11-26T24:00:00Z", "2026-11-27T00:00:00Z"),
        ("2026-11-26T02:15:56.500", "2026-11-26T02:15:56.5"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
        # No dates for Newtonsoft, so untouched.
        ("2026-01-31", "2026-01-31"),
        ("2026-11-26T02:15Z", "2026-11-26T02:15Z"),
        ("2026-11-26T25:00:00Z", "2026-11-26T25:00:00Z"),
        ("2026-02-30T02:15:56Z", "2026-02-30T02:15:56Z"),
        ("2026-11-26T02:15:56.12345678Z", "2026-11-26T02:15:56.12345678Z"),
        ("at 2026-11-26T02:15:56Z", "at 2026-11-26T02:15:56Z"),
    ],
)
def test_texts_that_look_like_dates_are_written_anew(given: str, written: str) -> None:
    """DateTimeParser takes them, JsonTextWriter writes them."""
    assert dotnet_json.date(given) == written


def test_an_offset_becomes_that_of_the_hosts_zone(berlin: None) -> None:
    """DateTimeKind.Local; UTC stays UTC."""
    assert dotnet_json.date("2026-11-26T02:15:56.250-05:00") == "2026-11-26T08:15:56.25+01:00"
    assert dotnet_json.date("2026-07-01T02:00:00+0000") == "2026-07-01T04:00:00+02:00"
    assert dotnet_json.date("2026-11-26T02:15:56Z") == "2026-11-26T02:15:56Z"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (1.1, "1.1"), (-0.0, "-0"), (0.0001, "0.0001"), (0.00001, "1E-05"), (1e-7, "1E-07"),
        (1e20, "1E+20"), (1e15, "1E+15"), (123456789012345.0, "123456789012345"),
        (1234567890123456.0, "1.234567890123456E+15"), (1.5e300, "1.5E+300"),
        (0.30000000000000004, "0.30000000000000004"),
        (float("inf"), "Infinity"),
    ],
)  # fmt: skip
def test_doubles_in_dotnets_form(value: float, text: str) -> None:
    """double.ToString("R")."""
    assert dotnet_json.number(value) == text


def test_json_is_indented_and_keeps_what_is_no_date_and_no_float() -> None:
    """JToken.ToString(): two spaces, a decimal place for doubles, nothing but controls and quotes escaped."""
    text = (
        '{"a":1.10,"b":[1,1.0,true,null,{}],"c":"ü/\\u0001\\"\\u2028","d":[],"e":12345678901234567890,'
        '"f":"2026-11-26T02:15:56.000Z"}'
    )
    assert dotnet_json.indented(dotnet_json.parse(text), dates=True) == (
        '{\n  "a": 1.1,\n  "b": [\n    1,\n    1.0,\n    true,\n    null,\n    {}\n  ],\n'
        '  "c": "ü/\\u0001\\"\\u2028",\n  "d": [],\n  "e": 12345678901234567890,\n'
        '  "f": "2026-11-26T02:15:56Z"\n}'
    )
    assert '"2026-11-26T02:15:56.000Z"' in dotnet_json.indented(dotnet_json.parse(text), dates=False)


def test_values_that_stand_alone_have_no_quotes() -> None:
    """JValue.ToString()."""
    values = [None, True, "a b", 1, 1.0, "2026-11-26T02:15:56Z"]
    said = ["", "True", "a b", "1", "1", "11/26/2026 02:15:56"]
    assert [dotnet_json.bare(one, dates=True) for one in values] == said
    assert dotnet_json.bare("2026-11-26T02:15:56.000Z", dates=False) == "2026-11-26T02:15:56.000Z"


def test_what_looks_like_json() -> None:
    """Utility.IsJson: the first and the last character."""
    assert dotnet_json.looks_like(' {"a": 1}\n')
    assert dotnet_json.looks_like("{no json}")
    assert not any(map(dotnet_json.looks_like, ["", "{", "1", '"a"', "[}", "done {plain}"]))
    with pytest.raises(ValueError, match="NaN"):
        dotnet_json.parse('{"a": NaN}')
