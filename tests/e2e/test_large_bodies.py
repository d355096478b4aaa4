"""A backlog of the largest events of control characters, over real wires: a letter for each (P1, P6)."""

import asyncio
import json

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient

from tests.support.backends import RUN
from tests.support.devices import Device
from tests.support.maintenance import compacted
from tests.support.waiting import finished
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System
from vending import wiring
from vending.archive.read_archive import raw_events

pytestmark = pytest.mark.usefixtures("environment")

LARGEST, COUNT, PARTITION = bytes(1_040_000), 100, "2"
MACHINE = f"large{RUN}"


async def send(connection: str, device: Device) -> None:
    """One by one, with a sale before, among and behind them."""
    async with EventHubProducerClient.from_connection_string(
        connection, eventhub_name="telemetry"
    ) as producer:
        for number in range(COUNT):
            if number % (COUNT // 2) == 0:
                await producer.send_batch([EventData(device.vend())], partition_id=PARTITION)
            await producer.send_batch([EventData(LARGEST)], partition_id=PARTITION)
        await producer.send_batch([EventData(device.vend())], partition_id=PARTITION)


async def stored(places: set[str]) -> tuple[int, object]:
    """How many of the events at those places are archived byte for byte; what the machine's stock counts."""
    try:
        blobs, whole = wiring.archive_blobs(), 0
        async for name in blobs.names("raw/"):
            if f"-p={PARTITION}-" in name:
                async for _, event in raw_events(blobs, name):
                    whole += event.position in places and event.body == LARGEST
        stock = await wiring.machines().read(MACHINE, "stock")
        return whole, stock.body["applied"] if stock else None
    finally:
        await wiring.close()


def test_a_backlog_of_the_largest_events_is_refused_archived_and_passed(
    running: System, capsys: pytest.CaptureFixture[str]
) -> None:
    device = Device(MACHINE)
    asyncio.run(send(running.stack.eventhubs_connection, device))
    finished(running.environment, 300)
    capsys.readouterr()
    assert vendctl(["deadletters", "list", "--json", "--reason", "oversize"]) == 0
    rows = json.loads(capsys.readouterr().out)
    letters = {row["place"]: row for row in rows if row["oversize"]["bytes"] == len(LARGEST)}
    assert len(letters) == COUNT
    assert all(len(json.dumps(row)) < 8_192 for row in letters.values())
    whole, applied = asyncio.run(stored(set(letters)))
    assert (whole, applied) == (COUNT, {f"{device.name}/1": [[1, 3]]})
    compacted()  # another test of this system may have compacted the hour before
    assert vendctl(["archive", "audit", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["complete"] is True
    assert vendctl(["account", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["lost"] == 0
