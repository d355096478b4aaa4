"""A machine that shows what it never did is mended, and invented ones stay few, over real wires (P4)."""

import asyncio
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.eventhub import EventData, EventHubProducerClient

from tests.support.backends import RUN
from tests.support.devices import Device, send
from tests.support.events import vend
from tests.support.maintenance import rolled_up
from tests.support.waiting import finished
from vendctl.__main__ import main
from vendctl.local.system import System
from vending import wiring
from vending.ingest.stored_conditions import of_fleet
from vending.ports import beginning

pytestmark = pytest.mark.usefixtures("environment")

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""Before anything that other tests' machines say."""


def publish(running: System, publisher: str, bodies: Iterable[bytes]) -> None:
    """Send with a publisher's name, as a device's credential does."""
    where = f"telemetry/Publishers/{publisher}"
    client = EventHubProducerClient.from_connection_string(
        running.stack.eventhubs_connection, eventhub_name=where
    )
    with client:
        client.send_batch([EventData(body) for body in bodies])
    finished(running.environment)


def arrive(running: System, device: str, bodies: list[bytes]) -> None:
    """Send with the operator's own credential."""
    send(running.stack.eventhubs_connection, "telemetry", [(device, bodies)])
    finished(running.environment)


def stored(machine: str) -> tuple[dict[str, Any] | None, dict[str, dict[str, Any]]]:
    """The machine's stock, and the days that it has figures of."""

    async def read() -> Any:
        try:
            stock = await wiring.machines().read(machine, "stock")
            days = wiring.current_machines().select(machine, *beginning("day:"))
            held = {x.body["date"]: x.body["figures"] async for x in days if x.body["figures"]}
            return (stock.body if stock else None), held
        finally:
            await wiring.close()

    found: tuple[dict[str, Any] | None, dict[str, dict[str, Any]]] = asyncio.run(read())
    return found


def fleet() -> set[str]:
    """The machines that have readings."""

    async def read() -> set[str]:
        try:
            return set(await of_fleet(wiring.conditions()))
        finally:
            await wiring.close()

    return asyncio.run(read())


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_a_stolen_token_s_sales_are_forgotten_and_the_machine_goes_on(
    running: System, capsys: pytest.CaptureFixture[str]
) -> None:
    device, thief = Device(f"robbed{RUN}"), f"thief{RUN}"
    arrive(running, device.name, [device.vend(), device.vend(), device.temperature()])
    stolen = [
        vend(1, price=1_000_000_000, machine=device.machine, device=thief),
        vend(2, epoch=2, machine=device.machine, device=thief),
    ]
    arrive(running, thief, stolen)
    rolled_up()
    stock, days = stored(device.machine)
    assert stock is not None
    assert stock["totals"]["revenue"]["EUR"] > 1_000_000_000
    assert main(["machine", "quarantine", device.machine, "--reason", "a stolen token"]) == 0
    # It waits until the quarantine has begun.
    assert main(["machine", "forget", "--json", device.machine, "--device", thief]) == 0
    assert told(capsys)["events"] == 2
    arrive(running, device.name, [device.vend()])
    rolled_up()
    stock, days = stored(device.machine)
    assert stock is not None
    assert stock["totals"] == {"vends": 2, "units": 2, "revenue": {"EUR": 300}}
    assert [day["revenue"] for day in days.values()] == [{"EUR": 300}]
    assert main(["machine", "release", "--json", device.machine]) == 0
    assert told(capsys)["letters"] == 1
    assert main(["account", "--json"]) == 0
    assert told(capsys)["forgotten"] == 2
    words = ["--target", f"mended{RUN}", "--machine", device.machine, "--json"]
    assert main(["rebuild", *words]) == 0
    found = told(capsys)
    assert (found["equal"], found["forgotten"], found["named"]) == (True, 2, [])


def test_invented_machines_are_few(running: System, capsys: pytest.CaptureFixture[str]) -> None:
    """By a credential that says no machine, where such a one is let in at all."""
    liar = f"liar{RUN}"
    fakes = [Device(f"fake-{number}{RUN}", started=LONG_AGO) for number in range(30)]
    publish(running, liar, [x.temperature().replace(x.name.encode(), liar.encode()) for x in fakes])
    few = {device.machine for device in fakes} & fleet()
    accepted = running.environment.get("UNBOUND_DEVICES", "accept") == "accept"
    assert len(few) == (int(running.environment["NEW_MACHINES_PER_HOUR"]) if accepted else 0)
    reason = "too-many-machines" if accepted else "unbound-device"
    assert main(["deadletters", "list", "--reason", reason, "--device", liar, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 30 - len(few)


def test_unassigned_machines_are_forgotten_at_once(
    running: System, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    leftovers = [Device(f"leftover-{number}{RUN}", started=LONG_AGO) for number in range(30)]
    batches = [(device.name, [device.temperature()]) for device in leftovers]
    send(running.stack.eventhubs_connection, "telemetry", batches)
    finished(running.environment)
    unassigned = {device.machine for device in leftovers}
    assert unassigned <= fleet()
    path = tmp_path / "catalog.json"
    entry = {"id": f"placed{RUN}", "site": "somewhere"}
    path.write_text(json.dumps({"sites": [{"id": "somewhere", "timeZone": "Etc/UTC"}], "machines": [entry]}))
    assert main(["catalog", "import", str(path)]) == 0
    capsys.readouterr()
    assert main(["machine", "forget", "--json", "--unassigned", "--before", "2020-02-01"]) == 0
    assert told(capsys)["machines"] >= 30
    assert not unassigned & fleet()
