"""One server for the session; a container of its own for each test."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.cosmos import ContainerProxy, CosmosClient, DatabaseProxy, PartitionKey

from devstack.tests.cosmos.serving import Serving, start

type MakeContainer = Callable[..., ContainerProxy]
NAMES = itertools.count()


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with the control API."""
    found = start(tmp_path_factory.mktemp("cosmos"), "--control")
    yield found
    assert found.stop() == 0


@pytest.fixture(scope="session")
def client(serving: Serving) -> Iterator[CosmosClient]:
    with serving.client() as found:
        yield found


@pytest.fixture(scope="session")
def database(client: CosmosClient) -> DatabaseProxy:
    return client.create_database("tests")


@pytest.fixture
def make(database: DatabaseProxy) -> MakeContainer:
    """Makes a new container, partitioned by /pk unless told otherwise."""

    def one(path: str = "/pk", **options: Any) -> ContainerProxy:
        made: ContainerProxy = database.create_container(f"c{next(NAMES)}", PartitionKey(path), **options)
        return made

    return one


@pytest.fixture
def container(make: MakeContainer) -> ContainerProxy:
    return make()
