"""Each built-in scenario, short, through the running app; then ``verify`` finds no difference."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vendctl.local.system import ROOT, System

SHORT = {
    "reconnect-storm": ("--machines", "12", "--hours", "4", "--speed", "4000"),
    "site-power-cut": ("--machines", "12", "--hours", "3", "--speed", "3600"),
    "heat-wave": ("--machines", "4", "--hours", "24", "--speed", "20000"),
    "sold-out-weekend": ("--machines", "3", "--hours", "48", "--speed", "30000"),
}


def simulator(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulator", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", SHORT)
def test_the_app_knows_the_truth_of_a_scenario(name: str, running: System, tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    connection = running.stack.eventhubs_connection
    where = ("--connection", connection, "--hub", "telemetry", "--prefix", f"{name[:12]}-")
    run = simulator("scenario", name, *SHORT[name], *where, "--truth", str(truth), "--json-progress")
    assert run.returncode == 0, run.stderr
    last = json.loads(run.stdout.splitlines()[-1])
    assert (last["final"], last["unsent"], last["undeliverable"]) == (True, 0, 0)
    assert last["truth"]["vends"] > 0
    stores = ("--cosmos", running.stack.cosmos_connection, "--storage", running.stack.storage_connection)
    verified = simulator("verify", "--truth", str(truth), *stores, "--wait", "90", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    found = json.loads(verified.stdout.splitlines()[-1])
    assert (found["machines"], found["differences"]) == (int(SHORT[name][1]), 0)
    assert found["deadLetters"] == last["truth"]["deadLetters"]


def test_the_app_knows_the_truth_of_a_load(running: System, tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    connection = running.stack.eventhubs_connection
    amount = ("--devices", "40", "--seconds", "2", "--rate", "400", "--batch", "5")
    run = simulator("load", "--connection", connection, *amount, "--truth", str(truth), "--json")
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout)
    assert figures["events"] == json.loads(truth.read_text())["totals"]["events"] > 0
    assert 0 < figures["latencyMs"]["p50"] <= figures["latencyMs"]["p99"] <= figures["latencyMs"]["max"]
    stores = ("--cosmos", running.stack.cosmos_connection, "--storage", running.stack.storage_connection)
    verified = simulator("verify", "--truth", str(truth), *stores, "--wait", "90", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_verify_names_what_differs(running: System, tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    where = ("--connection", running.stack.eventhubs_connection, "--prefix", "short-", "--machines", "2")
    speed = ("--hours", "2", "--speed", "7200", "--truth", str(truth))
    assert simulator("scenario", "site-power-cut", *where, *speed).returncode == 0
    stores = ("--cosmos", running.stack.cosmos_connection, "--storage", running.stack.storage_connection)
    verify = ("verify", "--truth", str(truth), *stores, "--json")
    assert simulator(*verify, "--wait", "90").returncode == 0
    told = json.loads(truth.read_text())
    told["machines"]["short-vm-00001"]["units"] += 1
    truth.write_text(json.dumps(told))
    verified = simulator(*verify)
    assert verified.returncode == 1, verified.stdout + verified.stderr
    found = json.loads(verified.stdout.splitlines()[-1])
    assert [line.split(": truth")[0] for line in found["first"]] == [
        "short-vm-00001: units",
        "short-vm-00001: stock's units",
    ]
