"""A board with what ``vendctl device`` issues: its events count, and those in another's name do not."""

import asyncio
import json
from typing import Any

import pytest
from azure.core.credentials import AzureSasCredential
from azure.eventhub import EventData, EventHubProducerClient

from tests.devices import Device
from tests.waiting import finished
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System
from vending import wiring


@pytest.fixture(autouse=True)
def environment(running: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DEVICES", f"{running.stack.eventhubs_connection}EntityPath=telemetry")


def issued(capsys: pytest.CaptureFixture[str], device: Device) -> dict[str, Any]:
    assert vendctl(["device", device.name, "--machine", device.machine]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def send(credentials: dict[str, Any], *bodies: bytes) -> None:
    client = EventHubProducerClient(
        credentials["host"], credentials["target"], AzureSasCredential(credentials["token"]), use_tls=False
    )
    with client:
        client.send_batch([EventData(body) for body in bodies])


def read(machine: str) -> Any:
    async def stock() -> Any:
        try:
            return await wiring.machines().read(machine, "stock")
        finally:
            await wiring.close()

    return asyncio.run(stock())


def test_a_boards_events_count_and_the_next_board_gets_the_next_epoch(
    running: System, capsys: pytest.CaptureFixture[str]
) -> None:
    device, victim = Device("issued"), Device("victim")
    credentials = issued(capsys, device)
    assert credentials["deviceepoch"] == 1
    send(credentials, device.vend(), device.temperature(), device.vend(), victim.vend())
    finished(running.environment)
    assert read(device.machine).body["totals"]["vends"] == 2
    assert read(victim.machine) is None
    assert issued(capsys, device)["deviceepoch"] == 2
