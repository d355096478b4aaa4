"""Names that people state beside a key: bounded, on one line, and told apart from what is proved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vending.access.stated_names import LONGEST, named


def test_a_key_has_no_name_and_may_be_given_one() -> None:
    assert named("") == "key"
    assert named("ada") == "key (says ada)"
    assert named("Ada L. <ada@vend.example>") is None
    assert named("a" * LONGEST) == f"key (says {'a' * LONGEST})"
    assert named("a" * (LONGEST + 1)) is None


@pytest.mark.parametrize("stated", [" ada", "ada\n", "ada\r\nx", "key)", "ädä", "\x00", "a\u202eb"])
def test_what_is_no_name_is_refused(stated: str) -> None:
    assert named(stated) is None


@given(st.text())
def test_no_stated_name_ends_the_bracket_or_the_line(stated: str) -> None:
    found = named(stated)
    if found is not None and stated:
        assert found == f"key (says {stated})"
        assert found.count(")") == 1
        assert found.isprintable()
