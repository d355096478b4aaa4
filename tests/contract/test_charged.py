"""What an access is charged in memory, it is charged by the Cosmos DB server, within a tenth."""

import pytest

from tests.contract.conftest import Metered
from tests.support.charged import Charged
from tests.support.fakes import FakeDocuments
from vending.adapters.metering import metered as counted
from vending.ports import Documents, Put

RANGES = 2
"""Of the server of these tests."""
FEW = ("id", "machineId")
MACHINES = 450
"""More than a page of each range."""


async def fill(documents: Documents) -> None:
    for number in range(MACHINES):
        name = f"vm-{number:04d}"
        slots = {f"A{slot}": [[3, 90_000, 10], None, [[3, 90_300, 301]]] for slot in range(number % 60)}
        await documents.write(name, [Put({"id": "stock", "machineId": name, "slots": slots})])


async def rows(documents: Documents, key: str | None, fields: tuple[str, ...]) -> int:
    return len([row async for row in documents.select(key, ("id", "=", "stock"), fields=fields)])


async def test_in_memory_as_on_the_server(metered: Metered) -> None:
    memory = FakeDocuments("machineId")
    for documents in (memory, metered.documents):
        await fill(documents)
    charged = Charged(memory, "machines", RANGES)
    for key, fields, count in ((None, (), MACHINES), (None, FEW, MACHINES), ("vm-0059", (), 1)):
        metered.charges.clear()
        with counted() as cost:
            assert await rows(charged, key, fields) == count
        assert await rows(metered.documents, key, fields) == count
        assert cost.units == pytest.approx(sum(units for _, units in metered.charges), rel=0.1)
    for key in ("vm-0059", "vm-0000", "vm-none"):
        metered.charges.clear()
        with counted() as cost:
            await charged.read(key, "stock")
        await metered.documents.read(key, "stock")
        assert cost.units == pytest.approx(sum(units for _, units in metered.charges), rel=0.1)
