"""``vendctl run`` as a person meets it: the account at the end, and nothing left behind however it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import until
from vendctl.local.system import ROOT

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started: list[subprocess.Popen[str]] = []

    def start(*words: str, data: Path = tmp_path) -> "subprocess.Popen[str]":
        vendctl = [sys.executable, "-m", "vendctl", "run"]
        command = [
            *vendctl,
            "--free-ports",
            "--data",
            str(data),
            "--machines",
            "12",
            "--history",
            "0",
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
    assert re.search(r"^mails: http://localhost:\d+$", said, re.MULTILINE)
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


def heard(process: "subprocess.Popen[str]", moment: str) -> str:
    """What the run said until it said that."""
    said = ""
    assert process.stdout
    for line in process.stdout:
        said += line
        if moment in line:
            return said
    raise AssertionError(f"it ended without {moment!r}: {said}")


def listening(said: str) -> list[int]:
    """The ports that the run named and that still take connections."""
    named = {int(port) for line in said.splitlines() if line.startswith(("starting ", "dashboard:"))
             for port in re.findall(r"(?<=[ (:])\d{4,5}(?=[,)/])", line)}  # fmt: skip
    found = []
    for port in sorted(named):
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                found.append(port)
    return found


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one run after another is stopped, each going on from the one before."""
    return tmp_path_factory.mktemp("interrupted")


MOMENTS = (
    "starting Azurite", "starting eventhubs", "starting cosmos", "provisioning", "starting the functions",
    "dashboard:", "sent;",
)  # fmt: skip


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_leaves_nothing(run: Run, interrupted: Path, moment: str) -> None:
    process = run("--json", data=interrupted)
    said = heard(process, moment)
    assert moment == MOMENTS[0] or listening(said)
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout
    said += process.stdout.read()
    assert process.wait(60) == 0, said
    assert "Traceback" not in said
    assert (left(interrupted), listening(said)) == ([], [])


def test_ctrl_c_twice_does_not_wait_for_the_app(run: Run, interrupted: Path) -> None:
    process = run("--json", data=interrupted)
    said = heard(process, "sent;")
    os.killpg(process.pid, signal.SIGINT)
    said += heard(process, "Ctrl-C again stops at once")
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout
    said += process.stdout.read()
    assert process.wait(60) == 0, said
    assert "the next run goes on" in said
    until(lambda: not (left(interrupted) or listening(said)), lambda: f"all has ended: {left(interrupted)}")


def test_after_all_these_the_next_run_goes_on(run: Run, interrupted: Path) -> None:
    said, _ = run("--duration", "2", "--json", data=interrupted).communicate(timeout=150)
    figures = account(said)
    assert figures["lost"] == figures["doubled"] == 0
    assert figures["distinct"] == figures["applied"] + figures["deadLettered"] > 0
    assert figures["archived"] >= figures["distinct"]


def asked(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return json.load(answer)


def test_it_begins_with_some_days_and_with_true_alerts_only(run: Run, tmp_path: Path) -> None:
    """While the history comes in every machine's newest event is old; nobody is told that all are silent."""
    process = run("--json", "--history", "1.5")
    host = re.findall(r"dashboard: (http://localhost:\d+)", heard(process, "dashboard:"))[0]
    reader = threading.Thread(target=process.communicate)
    reader.start()

    def sold() -> bool:
        days = asked(f"{host}/api/v1/fleet/summary")["days"]
        silent = [x for x in asked(f"{host}/api/v1/alerts?limit=500")["alerts"] if x["rule"] == "silent"]
        assert len(silent) <= 2, silent
        return bool(days[-2]["vends"] > 20)

    until(sold, "yesterday has its sales", 150)
    os.killpg(process.pid, signal.SIGINT)
    reader.join(120)
    assert process.returncode == 0


def test_a_host_that_dies_ends_the_run_with_the_end_of_its_log(run: Run, tmp_path: Path) -> None:
    process = run("--json")
    said = heard(process, "sent;")
    os.kill(json.loads((tmp_path / "functions.ready.json").read_text())["pid"], signal.SIGKILL)
    assert process.stdout
    said += process.stdout.read()
    assert process.wait(60) == 2, said
    assert f"vendctl run: functions ended with code -9; the end of {tmp_path}/functions.log:" in said
    assert "Traceback" not in said.partition("vendctl run:")[2]
    assert left(tmp_path) == []


@pytest.mark.parametrize("machines", ["0", "-5", "many"])
def test_a_fleet_has_at_least_one_machine(run: Run, machines: str) -> None:
    said, _ = run("--machines", machines).communicate(timeout=60)
    assert "vendctl run: Invalid value for '--machines': " in said
    assert "Traceback" not in said


def test_even_sigkill_leaves_nothing(run: Run, tmp_path: Path) -> None:
    process = run("--json")
    assert process.stdout
    for line in process.stdout:
        if "sent;" in line:
            break
    process.kill()
    process.wait()
    until(lambda: not left(tmp_path), lambda: f"all of the run's processes have ended: {left(tmp_path)}")
