"""Data of others, beside the checkout and never in it: where they are missing, a test is skipped by name."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("BESIDE", Path(__file__).parents[3] / "shared"))


def beside(name: str) -> Path:
    """A file or folder below :data:`FOLDER`; skips the test, by name, where it is not."""
    found = FOLDER / name
    if not found.exists():
        pytest.skip(f"{name} is not beside this checkout (BESIDE=FOLDER names another place)")
    return found
