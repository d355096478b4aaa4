"""Headers of writes."""

import pytest

from vending.writes.refusals import Stale, Unconditional, WrongWrite
from vending.writes.request import digest, idempotency_key, if_match


@pytest.mark.parametrize(
    ("header", "version", "matches"),
    [
        ("*", "1", True),
        ('"1"', "1", True),
        ('"1"', '"1"', True),
        ('"0", "1"', "1", True),
        ('"0"', "1", False),
        ('W/"1"', "1", False),
        ('"a,b"', "1", False),
        ('""', "1", False),
        ('""', "", True),
    ],
)
def test_a_version_is_matched_strongly(header: str, version: str, matches: bool) -> None:
    if matches:
        if_match(header).check(version)
        return
    with pytest.raises(Stale, match='"1"'):
        if_match(header).check(version)


@pytest.mark.parametrize("header", [None, "", "  "])
def test_a_change_needs_a_condition(header: str | None) -> None:
    with pytest.raises(Unconditional, match="If-Match which version"):
        if_match(header)


@pytest.mark.parametrize("header", ["1", '"1', "*, *", '"1" "2"', '"1";'])
def test_what_is_no_entity_tag_is_told(header: str) -> None:
    with pytest.raises(WrongWrite, match=r"^If-Match is"):
        if_match(header)


def test_a_key_comes_with_and_without_its_quotes() -> None:
    assert idempotency_key('"8e03978e"') == idempotency_key(" 8e03978e ") == "8e03978e"
    assert idempotency_key(None) is None


@pytest.mark.parametrize("header", ["", '""', "a b", "é", "k" * 129, "a\tb"])
def test_a_key_is_bounded(header: str) -> None:
    with pytest.raises(WrongWrite, match="1 to 128 visible ASCII"):
        idempotency_key(header)


def test_a_digest_knows_where_its_parts_end() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("ab") == digest(b"ab")
