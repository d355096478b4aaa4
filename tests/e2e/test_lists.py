"""Lists through the real host: from a catalog and sales to the board, the pick list and a file."""

import csv
import io
import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.support.backends import RUN
from tests.support.devices import Device, send
from tests.support.waiting import finished, until
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System

SITE, ROUTE, *MACHINES = (f"{name}{RUN}" for name in ("e2e-hall", "e2e-east", "listed-1", "listed-2"))
FILE = f"""
[[sites]]
id = "{SITE}"
name = "Größe {RUN}"
timeZone = "Europe/Berlin"
route = "{ROUTE}"

[[products]]
sku = "listed-cola"
name = "Cola 0.33 l"
"""
MACHINE = """
[[machines]]
id = "{0}"
site = "{1}"

[[planograms]]
machine = "{0}"
[planograms.slots]
A1 = {{sku = "listed-cola", par = 8, capacity = 10, priceMinor = 200, currency = "EUR"}}
"""


def ask(url: str, accept: str = "application/json") -> tuple[Any, bytes]:
    """Headers and body of an answer."""
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers, answer.read()


def test_from_a_catalog_to_lists(running: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "fleet.toml"
    path.write_text(FILE + "".join(MACHINE.format(machine, SITE) for machine in MACHINES))
    assert vendctl(["catalog", "import", str(path)]) == 0
    device = Device(MACHINES[0], started=datetime.now(UTC) - timedelta(hours=1))
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, [device.level(1), device.vend()])])
    finished(running.environment)
    base = f"{running.host.url}/api/v1"

    def board() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(ask(f"{base}/stockouts?route={ROUTE}")[1])["stockouts"]
        return rows

    until(board, "the board has it")
    [row] = board()
    shown = {name: row[name] for name in ("machineId", "selection", "siteName", "product", "priceMinor")}
    assert shown == {
        "machineId": MACHINES[0], "selection": "A1", "siteName": f"Größe {RUN}", "product": "Cola 0.33 l",
        "priceMinor": 200,
    }  # fmt: skip
    pages, url = [], f"{base}/machines?route={ROUTE}&q=gr%C3%B6sse&sort=-soldOut&limit=1"
    while url:
        headers, body = ask(url)
        pages.append([one["machineId"] for one in json.loads(body)["machines"]])
        link = headers["Link"]
        url = urljoin(url, link[1 : link.index(">")]) if link else ""
    assert pages == [[machine] for machine in MACHINES]
    headers, body = ask(f"{base}/routes/{ROUTE}/picklist?inDays=0", "text/csv")
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == f'attachment; filename="picklist-{ROUTE}.csv"'
    assert "Accept" in headers["Vary"].split(", ")
    [pick] = csv.DictReader(io.StringIO(body.decode(), newline=""))
    assert (pick["machineId"], pick["siteName"], pick["take"]) == (MACHINES[0], f"Größe {RUN}", "8")
