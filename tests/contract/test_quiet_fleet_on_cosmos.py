"""A sweep over machines that send nothing, on Cosmos DB: what it asks for does not grow with the fleet."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

from tests.contract.conftest import DATABASE, NAMES
from tests.support.fakes import FakeQueue
from tests.support.watched import Call, watched
from vending.adapters.cosmos import CosmosDocuments
from vending.adapters.metering import metered
from vending.adapters.packing import PackedDocuments
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.sweep import evaluate_conditions
from vending.documents.conditions import Entry
from vending.ports import Put, Stored
from vending.state import conditions
from vending.time import millis

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PARTITIONS = 32
ROW = 20
QUERIES = 3
"""The documents; the alerts that are open, and those that were resolved by hand."""
"""Bytes, beside its version, that the list of documents has for each of them."""


class Cost(NamedTuple):
    """Of a sweep."""

    requests: int
    units: float
    bytes: int
    """Of the documents and rows that came back, as JSON."""


def entry(number: int, at: int) -> Entry:
    """As a machine with two zones and a fault in its past has it."""
    return {
        "seen": [3, 91_000 + number, at - number % 280_000, "ntp"],
        "temp:main": [3, 90_990 + number, at - 61_000, 3.5 + number % 7 / 10],
        "good:main": [3, 90_990 + number, at - 61_000, 3.5 + number % 7 / 10],
        "door": [3, 90_100 + number, at - 7_000_000 - number, 0],
        "fault:coin-mech~EAR": [3, 80_100 + number, at - 9_000_000 - number, False],
        "firmware": [3, 12, at - 90_000_000, "4.2.1"],
    }


class Fleet:
    """Containers with so many machines, and a process that sweeps."""

    def __init__(self, registers: CosmosDocuments, alerts: CosmosDocuments) -> None:
        self.bytes = 0
        seen = watched(registers, self._weighed)
        self.stores = AlertStores(alerts, PackedDocuments(seen, "machines"), alerts, FakeQueue())

    async def _weighed(self, operation: str, call: Call, *arguments: Any) -> Any:
        found = await call(*arguments)
        rows = found if isinstance(found, list) else [found]
        self.bytes += sum(len(msgspec.json.encode(one.body)) for one in rows if isinstance(one, Stored))
        return found

    async def fill(self, machines: int) -> int:
        """The documents of a fleet; how many they are."""
        share, count = -(-machines // PARTITIONS), 0
        for partition in range(PARTITIONS):
            for shard in range(-(-share // conditions.MACHINES_PER_DOCUMENT)):
                document = conditions.empty(str(partition), shard)
                first = shard * conditions.MACHINES_PER_DOCUMENT
                for number in range(first, min(share, first + conditions.MACHINES_PER_DOCUMENT)):
                    document.machines[f"vm-{partition:02d}-{number:05d}"] = entry(number, millis(NOON))
                await self.stores.conditions.write(document.id, [Put(document.dump())])
                count += 1
        return count

    async def sweep(self, now: datetime) -> Cost:
        self.bytes = 0
        with metered() as cost:
            assert await evaluate_conditions(self.stores, now, HOUR) == 0
        return Cost(cost.requests, cost.units, self.bytes)


async def test_requests_are_the_same_for_a_thousand_and_a_hundred_thousand_machines(
    client: CosmosClient,
) -> None:
    database = client.get_database_client(DATABASE)
    quiet: dict[int, Cost] = {}
    for machines in (1_000, 100_000):
        registers = await database.create_container(f"c{next(NAMES)}", PartitionKey("/id"))
        alerts = await database.create_container(f"c{next(NAMES)}", PartitionKey("/machineId"))
        fleet = Fleet(CosmosDocuments(registers, "id"), CosmosDocuments(alerts, "machineId"))
        documents = await fleet.fill(machines)
        everything = await fleet.sweep(NOON)
        assert everything.requests == documents + QUERIES
        quiet[machines] = await fleet.sweep(NOON + MINUTE)
        assert quiet[machines].bytes < documents * ROW
        assert quiet[machines].units < everything.units / 3
    assert quiet[1_000].requests == quiet[100_000].requests == QUERIES
