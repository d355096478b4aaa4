"""From what a machine says to a mail, and to the mail that it is over, by a real SMTP server (P8)."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.devices import Device, send
from tests.support.mailbox import mails
from tests.support.waiting import until
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System
from vending import wiring

pytestmark = pytest.mark.usefixtures("environment")
SYSTEM = "mailed"
SETTINGS = {"NOTIFY_MAIL_TO": "ops@localhost", "SWEEP_SCHEDULE": "*/5 * * * * *"}
MACHINES = 40


def alerts(machines: list[str], rule: str) -> list[str]:
    """The state of each machine's alert of that rule."""

    async def read() -> list[str]:
        try:
            found = [stored.body async for stored in wiring.alerts().select(None, ("rule", "=", rule))]
        finally:
            await wiring.close()
        return [one["state"] for one in found if one["type"] == "alert" and one["machineId"] in machines]

    return asyncio.run(read())


def place(machines: list[str], site: str, folder: Path) -> None:
    """Import a catalog of one site."""
    placed = {
        "sites": [{"id": site, "timeZone": "Europe/Berlin"}],
        "machines": [{"id": machine, "site": site} for machine in machines],
    }
    (folder / "catalog.json").write_text(json.dumps(placed))
    assert vendctl(["catalog", "import", str(folder / "catalog.json")]) == 0


def test_a_machine_warms_up_is_locked_and_recovers(mailed: System, tmp_path: Path) -> None:
    device = Device("warm-1", started=datetime.now(UTC) - timedelta(minutes=12))
    place([device.machine], "canteen", tmp_path)
    lockout = {"zone": "main", "celsius": 8.5, "lockedSelections": ["C1", "C2"], "cause": "door-closed-warm"}
    warm = [device.temperature(4.0), device.temperature(8.5), device.event("health.lockout", lockout)]
    hub = mailed.stack.eventhubs_connection, mailed.environment["TELEMETRY_HUB"]
    send(*hub, [(device.name, warm)])
    [opened] = until(lambda: mails(mailed.stack, "warm-1"), "a mail says that it is locked")
    assert opened.startswith("[critical] ")
    assert "the machine locked 2 selections" in opened
    assert alerts([device.machine], "locked-out") == ["open"]
    visit = {"visitId": "visit-7", "reason": "fill"}
    served = [
        device.event("visit.started", visit),
        device.event("visit.ended", visit),
        device.temperature(3.9),
    ]
    send(*hub, [(device.name, [*warm, *served])])
    told = until(lambda: mails(mailed.stack, "warm-1")[1:], "a mail says that it is over")
    assert len(told) == 1, "what was warm already was told once"
    assert "zone main is no longer locked" in told[0]
    assert alerts([device.machine], "locked-out") == ["closed"]
    assert "open" not in alerts([device.machine], "cold-chain")


def test_a_sites_power_cut_is_one_mail_and_an_alert_for_each_machine(mailed: System, tmp_path: Path) -> None:
    started = datetime.now(UTC) - timedelta(minutes=8)
    devices = [Device(f"mall-{number:02}", started=started) for number in range(MACHINES)]
    machines = [device.machine for device in devices]
    place(machines, "mall", tmp_path)
    hub = mailed.stack.eventhubs_connection, mailed.environment["TELEMETRY_HUB"]
    send(*hub, [(device.name, [device.event("power", {"state": "off"})]) for device in devices])
    [opened] = until(lambda: mails(mailed.stack, "mall"), "a mail tells of the power cut")
    assert f"{MACHINES} notifications of {MACHINES} machines at mall: {MACHINES} power-lost opened" in opened
    assert alerts(machines, "power-lost") == ["open"] * MACHINES
    send(*hub, [(device.name, [device.event("power", {"state": "on"})]) for device in devices])
    over = until(lambda: mails(mailed.stack, "mall")[1:], "a mail tells that it is over")
    assert len(over) == 1
    assert f"{MACHINES} power-lost closed" in over[0]
    assert alerts(machines, "power-lost") == ["closed"] * MACHINES
