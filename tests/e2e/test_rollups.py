"""A catalog, sales, a tick of the timer, its queue, and what the operator then reads (P7)."""

import asyncio
import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient

from tests.support.backends import RUN
from tests.support.devices import Device, send
from tests.support.waiting import finished, until
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System
from vending import wiring
from vending.documents.base import load
from vending.documents.days import SiteDay
from vending.rollups import tree

pytestmark = pytest.mark.usefixtures("environment")

SITE, ROUTE, MACHINE = (f"{name}{RUN}" for name in ("e2e-harbour", "e2e-north", "rolled-1"))
FILE = f"""
[[sites]]
id = "{SITE}"
timeZone = "Europe/Berlin"
route = "{ROUTE}"

[[machines]]
id = "{MACHINE}"
site = "{SITE}"

[[products]]
sku = "cola"
category = "cold drinks"
caseSize = 6

[[planograms]]
machine = "{MACHINE}"
[planograms.slots]
A1 = {{sku = "cola", par = 20, capacity = 24}}
"""


def day(key: tree.Key) -> SiteDay | None:
    """As readers find it, open or closed."""

    async def read() -> SiteDay | None:
        try:
            stored = await wiring.current_fleet().read(*key)
            return load(stored.body, SiteDay) if stored else None
        finally:
            await wiring.close()

    return asyncio.run(read())


def tick(running: System) -> None:
    """The timer fires, where the work of its last time is done: a poll's hundred ticks would be a flood."""
    with QueueClient.from_connection_string(running.environment["DATA"], "rollup-shards") as queue:
        if queue.get_queue_properties().approximate_message_count:
            return
    request = urllib.request.Request(
        f"{running.host.url}/admin/functions/roll_up",
        b'{"input": ""}',
        {"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 202


def units(running: System, key: tree.Key) -> int:
    """After one more tick's work, or not yet."""
    tick(running)
    found: int = tree.total(day(key)).get("units", 0)
    return found


def test_sales_become_days_and_a_pick_list(
    running: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = Device(MACHINE, started=datetime.now(UTC) - timedelta(days=2))
    sold = [device.level(20), *(device.vend() for _ in range(6))]
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, sold)])
    finished(running.environment)
    # The catalog comes late: the machine's days move from nowhere to the site.
    path = tmp_path / "fleet.toml"
    path.write_text(FILE)
    assert vendctl(["catalog", "import", str(path)]) == 0
    date = device.started.date()
    keys = [tree.site_day_key(SITE, (date + timedelta(days=n)).isoformat()) for n in range(2)]
    until(lambda: sum(units(running, key) for key in keys) == 6, "the site has its days")
    site = day(keys[0]) or day(keys[1])
    assert site
    assert site.routes == [ROUTE]
    assert set(tree.total(site)["skus"]) == {"cola"}
    capsys.readouterr()
    assert vendctl(["picklist", ROUTE, "--in-days", "0", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["load"] == {"cola": 6}
    assert found["stops"][0]["picks"][0]["on_hand"] == 14


def test_commands_say_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("id,site,since\nm1,nowhere-at-all,\n")
    assert vendctl(["catalog", "import", str(path)]) == 2
    assert "site nowhere-at-all" in capsys.readouterr().err
    assert vendctl(["picklist", "no-such-route"]) == 2
    assert "no-such-route" in capsys.readouterr().err
