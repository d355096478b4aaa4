"""The services, once for all contract tests, and each port as its fake and as its adapter.

``STACK=devstack|emulators|azure`` says which (tests/support/backends.py). Faults are ordered from our own
server.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from azure.cosmos import CosmosClient as BlockingClient
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

from devstack import azurite
from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.ports import free_port
from devstack.tests.cosmos.serving import Serving, start
from tests.support.backends import LOCAL, RUN, settings
from tests.support.fakes import FakeBlobs, FakeDocuments, FakeQueue
from vending.adapters.blobs import BlobContainer
from vending.adapters.clients import blob_service, cosmos_client, queue_service
from vending.adapters.cosmos import CosmosDocuments
from vending.adapters.queues import StorageQueue

DATABASE = f"contract{RUN}"
NAMES = itertools.count()


@pytest.fixture(scope="session")
def cosmos_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A Cosmos DB server that takes orders for faults."""
    if not LOCAL:
        pytest.skip("faults and splits are ordered from the local stack's own server")
    server = start(tmp_path_factory.mktemp("cosmos"), "--control", "--ranges", "2")
    with server.client() as client:
        client.create_database(DATABASE)
    yield server
    assert server.stop() == 0


@pytest.fixture
def account(cosmos_server: Serving) -> Iterator[Serving]:
    """The server, without faults before and after."""
    cosmos_server.control(faults=[])
    yield cosmos_server
    cosmos_server.control(faults=[])


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[dict[str, str]]:
    """App settings of services that are there already; the database is deleted afterwards."""
    found = settings()
    with BlockingClient.from_connection_string(found["COSMOS"]) as client:
        client.create_database(DATABASE)
        yield found
        client.delete_database(DATABASE)


@pytest.fixture
async def client(request: pytest.FixtureRequest) -> AsyncIterator[CosmosClient]:
    """A client with the app's own options."""
    if LOCAL:
        account: Serving = request.getfixturevalue("account")
        environment = {"COSMOS": f"AccountEndpoint={account.url};AccountKey={WELL_KNOWN_KEY}"}
    else:
        environment = request.getfixturevalue("elsewhere")
    client = cosmos_client(environment, "COSMOS")
    yield client
    await client.close()


@dataclass
class Metered:
    """An adapter on a container of its own, and what it was charged."""

    documents: CosmosDocuments
    charges: list[tuple[str, float]]


@pytest.fixture
async def metered(client: CosmosClient) -> Metered:
    """A new container, keyed by /machineId."""
    database = client.get_database_client(DATABASE)
    container = await database.create_container(f"c{next(NAMES)}", PartitionKey("/machineId"))
    charges: list[tuple[str, float]] = []
    documents = CosmosDocuments(container, "machineId", lambda name, units: charges.append((name, units)))
    return Metered(documents, charges)


@pytest.fixture(params=["fake", "cosmos"])
def documents(request: pytest.FixtureRequest) -> FakeDocuments | CosmosDocuments:
    """Documents and Feed, keyed by machineId."""
    if request.param == "fake":
        return FakeDocuments("machineId")
    found: Metered = request.getfixturevalue("metered")
    return found.documents


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """App settings with a connection string to an Azurite of these tests' own, or to the storage named."""
    if not LOCAL:
        yield settings()
        return
    ports = azurite.Ports(free_port(), free_port())
    processes = azurite.start(ports, tmp_path_factory.mktemp("azurite"))
    yield {"DATA": azurite.connection_string(ports)}
    azurite.stop(processes)


@pytest.fixture
async def blob_container(storage: dict[str, str]) -> AsyncIterator[BlobContainer]:
    """A new blob container."""
    service = blob_service(storage, "DATA")
    yield BlobContainer(await service.create_container(f"container-{next(NAMES)}{RUN}"))
    await service.close()


@pytest.fixture(params=["fake", "azurite"])
def blobs(request: pytest.FixtureRequest) -> FakeBlobs | BlobContainer:
    """Blobs."""
    if request.param == "fake":
        return FakeBlobs()
    found: BlobContainer = request.getfixturevalue("blob_container")
    return found


@pytest.fixture
async def storage_queue(storage: dict[str, str]) -> AsyncIterator[StorageQueue]:
    """A new queue."""
    service = queue_service(storage, "DATA")
    yield StorageQueue(await service.create_queue(f"queue-{next(NAMES)}{RUN}"))
    await service.close()


@pytest.fixture(params=["fake", "azurite"])
def queue(request: pytest.FixtureRequest) -> FakeQueue | StorageQueue:
    """A queue."""
    if request.param == "fake":
        return FakeQueue()
    found: StorageQueue = request.getfixturevalue("storage_queue")
    return found
