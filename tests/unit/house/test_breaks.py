"""The breaks fit the code: each finds what it replaces, and its test is there (`make breaks` runs them)."""

import re

import pytest

from tests.breaks.base import APP, BREAKS, Break, Swap
from tests.breaks.every import load
from tests.support.checkout import ROOT

PROMISES = {*(f"P{number}" for number in range(1, 9)), "identity", "commands"}
"""Those of docs/architecture.md, that each speaks for itself, and that a machine obeys once."""


def test_every_promise_has_a_break() -> None:
    assert {one.promise for one in load().values()} == PROMISES


@pytest.mark.parametrize("one", load().values(), ids=lambda one: one.name)
def test_the_break_fits_and_its_test_is_there(one: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        one.apply(Swap(patch))
    file, _, function = one.test.partition("::")
    function, _, _ = function.partition("[")  # of a case
    assert re.search(rf"def {function}\(", (ROOT / file).read_text()), f"{file} has no {function}"


def test_what_is_gone_cannot_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupError, match="named in no module of the app"):
        Swap(monkeypatch)(object(), None)
    assert "tests" not in APP
    assert BREAKS
