"""``vendctl run`` as a person meets it: the account at the end, and nothing left behind however it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until
from vendctl.local.system import ROOT

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> "subprocess.Popen[str]":
        command = [
            sys.executable,
            "-m",
            "vendctl",
            "run",
            "--data",
            str(tmp_path),
            "--machines",
            "12",
            *words,
        ]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def left(folder: Path) -> list[str]:
    """Processes of this run that still live: they name its folder, or stand in a ready file."""
    listed = subprocess.run(["ps", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True)
    found = [line for line in listed.stdout.splitlines() if line.split()[1][0] != "Z"]
    ready = [json.loads(file.read_text())["pid"] for file in folder.glob("*.ready.json")]
    return [line for line in found if str(folder) in line or int(line.split()[0]) in ready]


def account(said: str) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(said.splitlines()[-1])
    return figures


def test_the_last_line_is_the_account_and_the_next_run_goes_on(run: Run, tmp_path: Path) -> None:
    first = run("--duration", "6", "--json")
    said, _ = first.communicate(timeout=150)
    assert first.returncode == 0, said
    assert "/dashboard" in said
    figures = account(said)
    assert figures["lost"] == figures["doubled"] == 0
    assert figures["distinct"] == figures["applied"] + figures["deadLettered"] > 0
    assert figures["sent"] >= figures["distinct"]
    assert figures["archived"] >= figures["distinct"]
    assert left(tmp_path) == []
    second = run("--duration", "2", "--json")
    said, _ = second.communicate(timeout=150)
    assert second.returncode == 0, said
    assert account(said)["distinct"] > figures["distinct"]
    assert account(said)["lost"] == account(said)["doubled"] == 0


@pytest.mark.parametrize("moment", ["starting cosmos", "starting the functions", "sent,"])
def test_ctrl_c_leaves_nothing(run: Run, tmp_path: Path, moment: str) -> None:
    process = run("--json")
    assert process.stdout
    for line in process.stdout:
        if moment in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    said = process.stdout.read()
    assert process.wait(60) == 0, said
    assert left(tmp_path) == []


def test_even_sigkill_leaves_nothing(run: Run, tmp_path: Path) -> None:
    process = run("--json")
    assert process.stdout
    for line in process.stdout:
        if "sent," in line:
            break
    process.kill()
    process.wait()
    until(lambda: not left(tmp_path), f"all of the run's processes have ended: {left(tmp_path)}")
