"""Dead letters of the running system: listed, shown, corrected, sent again, applied."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.devices import Device, send
from tests.elsewhere import RUN
from tests.waiting import finished
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System
from vending import wiring

MACHINE = f"letter{RUN}"
NAME = f"dev-{MACHINE}"


@pytest.fixture(autouse=True)
def environment(running: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """Place → body of the dead letters of this test's machine."""
    assert vendctl(["deadletters", "list", "--json", *words]) == 0
    rows = json.loads(capsys.readouterr().out)
    return {row["place"]: row["body"] for row in rows if NAME in row["body"]}


def test_a_refused_event_is_corrected_and_applied(
    running: System, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    device = Device(MACHINE)
    bad, good = device.vend(quantity=0), device.vend()
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, [bad, good, b"[" + NAME.encode()])])
    finished(running.environment)
    found = listed(capsys)
    assert sorted(found.values()) == [f"[{NAME}", bad.decode()]
    broken, wrong = sorted(found, key=lambda place: found[place] != f"[{NAME}")
    file = tmp_path / "body.json"
    assert vendctl(["deadletters", "show", wrong, "--body", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["reason"] == "wrong-schema"
    assert vendctl(["deadletters", "replay", wrong]) == 1
    assert "would be refused again, wrong-schema" in capsys.readouterr().err
    file.write_bytes(file.read_bytes().replace(b'"quantity":0', b'"quantity":1'))
    assert vendctl(["deadletters", "replay", wrong, "--body", str(file)]) == 0
    assert "sent again" in capsys.readouterr().out
    assert vendctl(["deadletters", "replay", wrong, "--body", str(file)]) == 0
    assert "was replayed with a corrected body at" in capsys.readouterr().out
    assert vendctl(["deadletters", "discard", broken, "--note", "a fuzzer"]) == 0
    capsys.readouterr()
    finished(running.environment)
    assert listed(capsys) == {}
    assert listed(capsys, "--settled").keys() == found.keys()
    assert applied() == [[1, 2]]


def applied() -> object:
    """The ledger numbers that the machine's stock counts."""

    async def read() -> object:
        try:
            stock = await wiring.machines().read(MACHINE, "stock")
            return stock.body["applied"][f"{NAME}/1"] if stock else None
        finally:
            await wiring.close()

    return asyncio.run(read())
