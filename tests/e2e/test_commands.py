"""A selection is locked by the API: the machine's device fetches that, and the next vend of it is denied."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from simulator.fleet import Fleet
from tests.support.backends import RUN
from tests.support.waiting import until
from vendctl.__main__ import main as vendctl
from vendctl.local.system import ROOT, System

SEED = 4
"""Of a machine in a gym, where somebody buys on any day: in an office its best product rests from Friday to
Monday, longer than the test waits."""
FLEET = Fleet(SEED, 1, f"cmd{RUN}-".lower())
MACHINE = FLEET.machine(0)
LOCKED = MACHINE.slots[0].selection
"""What sells best."""


@pytest.fixture
def device(running: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine is in the catalog, and its device sends and asks; half an hour passes in a second."""
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "fleet.json"
    file.write_text(json.dumps(FLEET.describe()))
    assert vendctl(["catalog", "import", str(file)]) == 0
    log = (tmp_path / "simulator.log").open("wb")
    command = [
        sys.executable, "-m", "simulator", "run",
        "--machines", "1", "--seed", str(SEED), "--prefix", FLEET.prefix,
        "--connection", running.stack.eventhubs_connection, "--hub", running.environment["TELEMETRY_HUB"],
        "--speed", "1800", "--faults", "none", "--commands", running.host.url,
    ]  # fmt: skip
    with log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
        yield
        process.terminate()


def ask(running: System, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {} if data is None else {"Content-Type": "application/json"}
    with urlopen(Request(f"{running.host.url}{path}", data, headers), timeout=60) as answer:
        return json.loads(answer.read())


def command(running: System, action: dict[str, Any]) -> str:
    """The path of a command that was sent, and sent again, because its answer might have been lost."""
    order = {"action": action, "commandId": f"{action['kind']}{RUN}", "expiresInSeconds": 3600}
    path = f"/api/v1/machines/{MACHINE.id}/commands"
    first, second = (ask(running, path, order) for _ in range(2))
    assert first["commandId"] == second["commandId"]
    return f"{path}/{first['commandId']}"


def sales(running: System) -> list[dict[str, Any]]:
    """Of the selection, the newest first."""
    found = ask(running, f"/api/v1/machines/{MACHINE.id}/sales")["sales"]
    return [sale for sale in found if sale["selection"] == LOCKED]


def denied(running: System) -> bool:
    return any(sale.get("reason") == "denied" for sale in sales(running))


@pytest.mark.usefixtures("device")
def test_a_locked_selection_denies_the_next_vend(running: System) -> None:
    until(lambda: ask(running, "/api/v1/machines?limit=500")["machines"], "machines are there")
    path = command(running, {"kind": "lock", "selections": [LOCKED]})
    until(lambda: ask(running, path)["state"] == "succeeded", lambda: str(ask(running, path)), 120)
    until(lambda: denied(running), lambda: f"sales: {sales(running)}", 120)
    found = ask(running, path)
    assert (found["deviceId"], found["deliveries"], found["error"]) == (MACHINE.device, 1, None)
    whole = sales(running)
    first = max(number for number, sale in enumerate(whole) if sale.get("reason") == "denied")
    assert not [sale for sale in whole[: first + 1] if sale["kind"] == "vend"], "nothing was sold after it"
    path = command(running, {"kind": "unlock"})
    until(lambda: ask(running, path)["state"] == "succeeded", lambda: str(ask(running, path)), 120)
