"""A pytest plugin (``-p tests.breaks.plugin``): the break that BREAK names holds for the session."""

import os

import pytest

from tests.breaks import Swap, load

_patch = pytest.MonkeyPatch()


def pytest_configure() -> None:
    """Before any test module is imported, so that each takes what is broken."""
    if name := os.environ.get("BREAK"):
        load()[name].apply(Swap(_patch))


def pytest_unconfigure() -> None:
    """Put everything back."""
    _patch.undo()
