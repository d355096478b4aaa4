"""What each failure of a store means for the use cases."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.ports import free_port
from devstack.tests.cosmos.serving import Serving
from tests.contract.conftest import DATABASE, Metered
from vending.adapters import metering
from vending.adapters.blobs import BlobContainer
from vending.adapters.clients import blob_service, cosmos_client, queue_service
from vending.adapters.cosmos import CosmosDocuments
from vending.adapters.queues import StorageQueue
from vending.errors import Conflict, Transient
from vending.ports import Put

Use = Callable[[CosmosDocuments], Awaitable[object]]


def doc(id: str) -> dict[str, Any]:  # noqa: A002
    return {"id": id, "machineId": "m1", "type": "page"}


async def read(documents: CosmosDocuments) -> object:
    return await documents.read("m1", "a")


async def create(documents: CosmosDocuments) -> None:
    await documents.write("m1", [Put(doc("b"))])


async def batch(documents: CosmosDocuments) -> None:
    await documents.write("m1", [Put(doc("b")), Put(doc("c"))])


async def select(documents: CosmosDocuments) -> object:
    return [x async for x in documents.select("m1", ("type", "=", "page"))]


async def changes(documents: CosmosDocuments) -> object:
    return [await documents.changes(one, None, 10) for one in await documents.ranges()]


@pytest.fixture
async def documents(metered: Metered) -> CosmosDocuments:
    await metered.documents.write("m1", [Put(doc("a"))])
    return metered.documents


THROTTLED = {"status": 429, "substatus": 3200, "retry_after_ms": 20}
PASSING: list[tuple[dict[str, Any], Use]] = [
    *((THROTTLED, use) for use in (read, create, batch, select, changes)),
    *(({"disconnect": "before"}, use) for use in (read, create, batch, select, changes)),
    *(({"status": 503}, use) for use in (create, select)),
    *(({"status": status}, create) for status in (401, 403, 408, 449, 500)),
    ({"status": 410, "substatus": 1002}, create),
    ({"status": 404, "substatus": 1002}, read),
]


@pytest.mark.parametrize(
    ("fault", "use"), PASSING, ids=[f"{x.get('status', 'disconnect')}-{y.__name__}" for x, y in PASSING]
)
async def test_what_passes_by_itself_is_transient(
    account: Serving, documents: CosmosDocuments, fault: dict[str, Any], use: Use
) -> None:
    account.control(faults=[fault | {"path": "/docs", "times": 0}])
    with pytest.raises(Transient) as caught:
        await use(documents)
    if "retry_after_ms" in fault:
        assert caught.value.retry_after == fault["retry_after_ms"] / 1000
    account.control(faults=[])
    await use(documents)


async def test_a_lost_answer_is_no_lost_write(account: Serving, documents: CosmosDocuments) -> None:
    account.control(faults=[{"disconnect": "after", "verb": "POST", "path": "/docs", "times": 1}])
    with pytest.raises((Conflict, Transient)):
        await batch(documents)
    assert sorted([x.body["id"] async for x in documents.select("m1")]) == ["a", "b", "c"]


@pytest.mark.parametrize("use", [read, create, batch, select, changes])
async def test_a_container_that_is_missing_may_be_created_yet(client: CosmosClient, use: Use) -> None:
    database = client.get_database_client(DATABASE)
    documents = CosmosDocuments(database.get_container_client("later"), "machineId")
    with pytest.raises(Transient, match="later"):
        await use(documents)
    container = await database.create_container("later", PartitionKey("/machineId"))
    await use(documents)
    await database.delete_container(container)
    with pytest.raises(Transient):
        await use(documents)


async def test_a_database_that_is_missing_may_be_created_yet(client: CosmosClient) -> None:
    container = client.get_database_client("later").get_container_client("x")
    with pytest.raises(Transient):
        await read(CosmosDocuments(container, "machineId"))


@pytest.mark.parametrize("puts", [1, 2])
async def test_what_will_never_be_taken_is_a_defect_that_names_its_place(
    documents: CosmosDocuments, puts: int
) -> None:
    bodies = [doc("no/slashes"), doc("fine")][:puts]
    with pytest.raises((HttpResponseError, ValueError)) as caught:
        await documents.write("m1", [Put(body) for body in bodies])
    said = str(caught.value) + str(getattr(caught.value, "__notes__", ""))
    assert documents.container.id in said
    assert "m1/no/slashes" in said


async def test_a_full_partition_does_not_pass_by_itself(account: Serving, documents: CosmosDocuments) -> None:
    account.control(faults=[{"status": 403, "substatus": 1014, "path": "/docs", "times": 0}])
    with pytest.raises(HttpResponseError):
        await create(documents)


async def test_nobody_there_may_pass() -> None:
    client = cosmos_client(
        {"COSMOS": f"AccountEndpoint=http://127.0.0.1:{free_port()}/;AccountKey={WELL_KNOWN_KEY}"}, "COSMOS"
    )
    container = client.get_database_client("d").get_container_client("c")
    with pytest.raises(Transient):
        await read(CosmosDocuments(container, "machineId"))
    await client.close()


async def test_storage_that_does_not_answer_may_pass() -> None:
    gone = f"http://127.0.0.1:{free_port()}/a"
    text = f"AccountName=a;AccountKey={WELL_KNOWN_KEY};BlobEndpoint={gone};QueueEndpoint={gone};"
    blobs, queues = blob_service({"S": text}, "S"), queue_service({"S": text}, "S")
    said = await asyncio.gather(
        StorageQueue(queues.get_queue_client("queue")).send({}),
        BlobContainer(blobs.get_container_client("container")).create("x", b""),
        return_exceptions=True,
    )
    assert [type(one) for one in said] == [Transient, Transient]
    await blobs.close()
    await queues.close()


async def test_storage_containers_that_are_missing_may_be_created_yet(storage: dict[str, str]) -> None:
    blobs, queues = blob_service(storage, "DATA"), queue_service(storage, "DATA")
    container = BlobContainer(blobs.get_container_client("missing"))
    for operation in (
        container.create("x", b""),
        container.read("x"),
        container.blocks("x"),
        container.commit("x", ["MDE="], {"MDE=": b"x"}, None),
        StorageQueue(queues.get_queue_client("missing")).send({}),
    ):
        with pytest.raises(Transient):
            await operation
    with pytest.raises(Transient):
        assert [name async for name in container.names()] == []
    await blobs.close()
    await queues.close()


async def test_every_access_is_charged(metered: Metered) -> None:
    name = metered.documents.container.id
    assert await read(metered.documents) is None
    await create(metered.documents)
    with pytest.raises(Conflict):
        await create(metered.documents)
    with pytest.raises(Conflict):
        await batch(metered.documents)
    await select(metered.documents)
    await changes(metered.documents)
    charged = [operation.removesuffix(f" {name}") for operation, units in metered.charges if units > 0]
    assert charged[:4] == ["read", "write", "write", "write"]
    assert {"query", "changes"} <= set(charged[4:])


async def test_a_stored_feed_range_outlives_a_split(
    account: Serving, documents: CosmosDocuments, metered: Metered
) -> None:
    positions = {one: (await documents.changes(one, None, 10))[1] for one in await documents.ranges()}
    for number in range(8):
        machine = f"n{number}"
        await documents.write(machine, [Put(doc("x") | {"machineId": machine})])
    for physical in ("0", "1"):
        target = {"database": DATABASE, "container": documents.container.id, "range": physical}
        account.control(split=target)
    found: list[str] = []
    for feed_range, position in positions.items():
        page, position = await documents.changes(feed_range, position, 10)
        while page:
            found += [x["machineId"] for x in page]
            page, position = await documents.changes(feed_range, position, 10)
    assert sorted(set(found)) == [f"n{number}" for number in range(8)]


async def test_refusals_that_the_sdk_deals_with_itself_are_counted(
    account: Serving, documents: CosmosDocuments
) -> None:
    account.control(faults=[THROTTLED | {"path": "/docs", "times": 2}])
    with metering.metered() as cost:
        assert await documents.read("m1", "a")
    assert cost.throttles == 2
