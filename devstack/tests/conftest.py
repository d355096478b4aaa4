"""One Azurite for the session, on free ports, for every test of the local stack."""

from collections.abc import Iterator

import pytest

from devstack import azurite
from devstack.ports import free_port
from devstack.tests.examples import same_each_time

same_each_time()


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A connection string to an Azurite of this session's own."""
    ports = azurite.Ports(free_port(), free_port())
    processes = azurite.start(ports, tmp_path_factory.mktemp("azurite"))
    yield azurite.connection_string(ports)
    azurite.stop(processes)
