"""One server for the tests that do not restart or break it; each uses a hub of its own name."""

import itertools
import os
from collections.abc import Iterator

import pytest

from devstack.tests.eventhubs.serving import Served, serving

STACK = os.environ.get("STACK", "devstack")
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Hubs are created on first use, with four partitions."""
    with serving(tmp_path_factory.mktemp("eventhubs")) as server:
        yield server


@pytest.fixture(scope="session")
def cs(request: pytest.FixtureRequest) -> str:
    """A connection string: this server's, or EVENTHUBS_CONNECTION_STRING when STACK names another stack."""
    if STACK == "devstack":
        served: Served = request.getfixturevalue("served")
        return served.connection_string
    return os.environ["EVENTHUBS_CONNECTION_STRING"]


@pytest.fixture
def hub() -> str:
    """A name no other test uses; elsewhere the next of EVENTHUBS_HUBS, all new, with four partitions."""
    number = next(_NUMBERS)
    if STACK == "devstack":
        return f"hub{number}"
    names = os.environ["EVENTHUBS_HUBS"].split(",")
    if number >= len(names):
        pytest.fail(f"EVENTHUBS_HUBS names {len(names)} hubs, more are needed")
    return names[number]
