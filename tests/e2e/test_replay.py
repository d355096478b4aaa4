"""``vendctl replay`` on the real local stack: the sample agrees, again changes nothing, faults are named."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.cosmos import CosmosClient

from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.stack import end, wait_ready
from vendctl.replay import sales

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "sales.csv"
SHARED = ROOT.parent / "shared" / "data" / "vending_sales_2022.csv"
TIMEOUT = 600
MACHINE, DAY = "x2102", "2025-11-02"


def replay(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vendctl", "replay", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip


def figures(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


@contextmanager
def cosmos(data: Path) -> Iterator[CosmosClient]:
    """The Cosmos DB server alone, on a replay's data."""
    ready, log = data / "tamper.json", data / "tamper.log"
    words = ["--data", str(data / "cosmos"), "--port", "0", "--ready-file", str(ready)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "devstack", "cosmos", *words], cwd=ROOT, stdout=output, stderr=output
        )
    try:
        port = wait_ready("cosmos", server, ready, log)["port"]
        yield CosmosClient(f"http://localhost:{port}/", WELL_KNOWN_KEY)
    finally:
        end(server)


def tamper(data: Path) -> None:
    """25 cents more in one line of a stored ledger page."""
    with cosmos(data) as client:
        machines = client.get_database_client("vendstream").get_container_client("machines")
        query = "SELECT * FROM c WHERE c['type'] = 'page'"
        for page in machines.query_items(query, partition_key=MACHINE):
            for line in page["lines"]:
                # 2 November is a day of 25 hours; its sales lie from 04:00 UTC on.
                if 1_762_056_000_000 <= line["at"] < 1_762_056_000_000 + 25 * 3_600_000:
                    line["paidMinor"] += 25
                    machines.replace_item(page["id"], page)
                    return
    raise AssertionError(f"no vend of {MACHINE} on {DAY}")


@pytest.mark.timeout(900)
def test_the_sample_agrees_and_a_second_run_changes_nothing_and_a_wrong_sum_is_named(tmp_path: Path) -> None:
    words = (str(SAMPLE), "--json", "--data", str(tmp_path))
    sold = sales.read(SAMPLE).sales
    first = replay(*words, "--verify")
    assert first.returncode == 0, first.stderr
    found = figures(first)
    archive, rebuilt = found.pop("archive"), found.pop("rebuild")
    assert (archive["complete"], archive["findings"], archive["events"]) == (True, [], 147)
    assert (rebuilt["equal"], rebuilt["machines"], rebuilt["lines"]) == (True, 4, 147)
    assert min(rebuilt["days"], rebuilt["summaries"]) > 0
    assert found["revenueMinor"] == sum(sale.paid for sale in sold)
    assert found["units"] == sum(sale.quantity for sale in sold)
    assert (found["deadLettered"], found["archiveGaps"], found["lost"], found["mismatches"]) == (0, 0, 0, [])
    for name, sums in found["machines"].items():
        assert sums["revenueMinor"] == sum(sale.paid for sale in sold if sale.machine == name)
    assert "sent: 147 of 147" in first.stderr

    second = replay(*words)
    assert second.returncode == 0, second.stderr
    assert figures(second) == found
    assert "ingest done: 294 of 294" in second.stderr

    tamper(tmp_path)
    third = replay(*words, "--verify")
    assert third.returncode == 1
    assert f"replay: {MACHINE} {DAY}: the file has " in third.stderr
    assert {(one["where"], one["machine"], one["day"]) for one in figures(third)["mismatches"]} >= {
        ("ledger", MACHINE, DAY)
    }
    assert figures(third)["changed"]
    assert figures(third)["archive"]["complete"]
    apart, *above = figures(third)["rebuild"]["named"]
    assert all(DAY in one for one in above)
    assert apart.startswith(f"{MACHINE} ledger line ('replay-{MACHINE}', 1, ")
    assert f"replay: rebuild: {apart}" in third.stderr


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not there")
def test_a_year_of_five_real_machines_agrees_and_is_rebuilt_from_the_archive(tmp_path: Path) -> None:
    run = replay(str(SHARED), "--json", "--verify", "--data", str(tmp_path))
    assert run.returncode == 0, run.stderr
    found = figures(run)
    assert (found["revenueMinor"], found["units"]) == (1_256_550, 6_531)
    assert {name: sums["revenueMinor"] for name, sums in found["machines"].items()} == {
        "x1364": 136_225,
        "x1366": 117_525,
        "x1367": 488_425,
        "x1371": 119_350,
        "x1380": 395_025,
    }
    assert (found["archive"]["complete"], found["archive"]["events"]) == (True, 6_445)
    assert (found["rebuild"]["equal"], found["rebuild"]["lines"]) == (True, 6_445)


def test_a_file_that_cannot_be_used_stops_before_anything_starts(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(SAMPLE.read_text().replace(",1.25,", ",free of charge,", 1))
    run = replay(str(bad), "--data", str(tmp_path / "data"))
    assert run.returncode == 2
    assert "line 2: amount (column 'LineTotal'): 'free of charge' is no amount" in run.stderr
    assert not (tmp_path / "data").exists()
