"""One server for the tests that do not restart or break it; each uses a hub of its own name."""

import itertools
from collections.abc import Iterator

import pytest

from devstack.tests.eventhubs.serving import Served, serving

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Hubs are created on first use, with four partitions."""
    with serving(tmp_path_factory.mktemp("eventhubs")) as server:
        yield server


@pytest.fixture
def hub() -> str:
    """A name no other test uses."""
    return f"hub{next(_NUMBERS)}"
