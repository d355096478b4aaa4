"""What a batch of the change feed asks of the store of alerts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.fakes import FakeDocuments, FakeQueue
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.watch_machines import watch_machines
from vending.documents.alerts import Alert
from vending.errors import Transient
from vending.ports import Put

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MACHINES = [f"m{number}" for number in range(60)]


class World:
    """Machines, and one process that watches them."""

    def __init__(self) -> None:
        self.machines, self.alerts = FakeDocuments("machineId"), FakeDocuments("machineId")
        self.stores = AlertStores(self.machines, FakeDocuments("id"), self.alerts, FakeQueue())

    async def watch(self, rev: int, now: datetime = NOW, **units: int) -> int:
        """A batch with the next stock of every machine; how many alerts changed."""
        return await watch_machines(
            [await self.stock(m, rev, units.get(m, 3)) for m in MACHINES], self.stores, now
        )

    async def stock(self, machine: str, rev: int, units: int) -> dict[str, Any]:
        """Stored, as the feed gives it."""
        held = await self.machines.read(machine, "stock")
        slots = {"21": [[1, rev, units], None, []]}
        body = {"id": "stock", "machineId": machine, "type": "stock", "schema": 1, "rev": rev, "slots": slots}
        await self.machines.write(machine, [Put(body | {"last": {}}, held.etag if held else None)])
        return body | {"last": {}}

    async def asked(self, rev: int, now: datetime = NOW) -> int:
        """How many requests the alerts take for a batch that changes none."""
        before = self.alerts.requests
        assert await self.watch(rev, now) == 0
        return self.alerts.requests - before


async def test_a_batch_that_changes_nothing_is_one_query_and_then_none() -> None:
    world = World()
    assert [await world.asked(rev) for rev in (1, 2, 3)] == [1, 0, 0]
    assert await world.asked(5) == 1, "a revision was skipped"
    assert await world.asked(5) == 1, "a batch was delivered again"
    assert await world.asked(6, NOW + timedelta(hours=1)) == 1


async def test_an_alert_that_changed_is_read_again_before_it_is_believed() -> None:
    world = World()
    assert await world.watch(1) == 0
    assert await world.watch(2, m7=0) == 1
    assert await world.watch(3) == 1
    assert await world.watch(4, m7=0) == 1
    assert await world.watch(5, m7=0) == 0
    assert await world.watch(6) == 1
    (alert,) = world.alerts.bodies("alert")
    assert (alert["machineId"], alert["state"], alert["episode"]) == ("m7", "closed", 2)


async def test_an_alert_that_cannot_be_read_costs_its_own_machine() -> None:
    world = World()
    assert await world.watch(1, m1=0) == 1
    (alert,) = world.alerts.bodies("alert")
    world.alerts.put(alert | {"schema": Alert.schema + 1})
    with pytest.raises(Transient, match=f"schema {Alert.schema + 1}"):
        await world.watch(3, m1=0, m2=0)
    assert {x["machineId"] for x in world.alerts.bodies("alert")} == {"m1", "m2"}
