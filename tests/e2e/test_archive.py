"""The archive through the real host: complete by audit, compacted, rebuilt from and equal (P1, P4)."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from tests.support.backends import RUN
from tests.support.devices import Device, send
from tests.support.maintenance import compacted, rolled_up
from tests.support.waiting import finished, until
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System
from vending import wiring
from vending.archive.layout import CLOSING

pytestmark = pytest.mark.usefixtures("environment")

POISON = [b"no json", b"\xff\xfe", b""]


@pytest.fixture
def sent(running: System, request: pytest.FixtureRequest) -> list[Device]:
    """Some machines' events, each sent twice, and poison; all of it through the functions."""
    name = request.node.name.replace("_", "-")[-30:].strip("-") + RUN
    fleet = [Device(f"{name}-{number}") for number in range(3)]
    for device in fleet:
        device.level(40)
        for _ in range(10):
            device.vend()
            device.temperature()
    batches = [(device.name, device.sent) for device in fleet]
    again = [(device.name, device.sent[::-1]) for device in fleet]
    send(running.stack.eventhubs_connection, "telemetry", [*batches, (name, POISON), *again])
    finished(running.environment)
    return fleet


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_compacted_audited_and_rebuilt(
    sent: list[Device], running: System, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    done = compacted()
    assert done.damaged == done.contended == []
    assert done.events >= 3 * 21 * 2 + len(POISON)
    assert vendctl(["archive", "audit", "--json"]) == 0
    audit = told(capsys)
    assert (audit["complete"], audit["findings"]) == (True, [])
    assert audit["events"] >= done.events
    assert audit["compactedHours"] >= 1

    assert vendctl(["archive", "get", str(tmp_path)]) == 0
    rows = pq.read_table(tmp_path / "parquet", columns=["machine"]).num_rows
    assert done.events <= rows <= audit["events"]

    rolled_up()
    assert vendctl(["rebuild", "--target", f"rebuilt{RUN}", "--json"]) == 0
    found = told(capsys)
    assert (found["equal"], found["named"]) == (True, [])
    assert found["events"] == audit["events"]
    assert found["deadLettered"] >= len(POISON)
    assert min(found["lines"], found["days"], found["summaries"]) > 0
    assert vendctl(["rebuild", "--target", f"rebuilt{RUN}", "--json"]) == 2  # it is not empty
    assert vendctl(["rebuild", "--target", running.environment["COSMOS_DATABASE"]]) == 2

    assert vendctl(["rebuild", "--target", f"alone{RUN}", "--machine", sent[0].machine, "--json"]) == 0
    assert told(capsys)["machines"] == 1


async def state(forget: bool) -> bytes | None:
    """What compaction remembers, before it is forgotten."""
    try:
        found = await wiring.remembered().find(CLOSING)
        if forget:
            await wiring.remembered().delete(CLOSING)
        return found[0] if found else None
    finally:
        await wiring.close()


def test_the_timer_function_runs(sent: list[Device], running: System) -> None:
    """Nothing of the current hour may be closed, and the run says so by writing its state."""
    asyncio.run(state(forget=True))
    request = Request(
        f"{running.host.url}/admin/functions/compact_archive",
        data=b'{"input": ""}',
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as answer:
        assert answer.status == 202
    found = until(lambda: asyncio.run(state(forget=False)), "compact_archive has written its state")
    assert found is not None
    partitions = json.loads(found)["partitions"]
    assert set(partitions) == {"1/0", "1/1", "1/2", "1/3"}
    assert max(partition["held"] for partition in partitions.values()) >= 0
