"""The page of alerts says of the rules what their files say."""

import pytest

from vendctl import alerts_page


def test_the_page_is_current() -> None:
    command = ".venv/bin/python -m vendctl.alerts_page"
    assert alerts_page.page() == alerts_page.PAGE.read_text(), f"{command} writes it anew"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "number", "minimum": 0, "maximum": 1440}, "0 to 1,440"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 100}, "above 0 to 100"),
        ({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 1, "maximum": 9}]}, "1 to 9"),
        ({"anyOf": [{"type": "string", "minLength": 1, "maxLength": 64}, {"type": "null"}]},
         "text of 1 to 64 characters"),
        ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, "a time with a zone"),
        ({"enum": ["MN", "NV"]}, "`MN`, `NV`"),
    ],
)  # fmt: skip
def test_what_a_threshold_takes_is_said_in_words(schema: alerts_page.JsonSchema, words: str) -> None:
    assert alerts_page._takes(schema) == words


def test_a_threshold_that_nobody_can_describe_is_told() -> None:
    with pytest.raises(TypeError, match="boolean"):
        alerts_page._takes({"type": "boolean"})
