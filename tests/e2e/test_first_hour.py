"""docs/first-hour.md, command by command, on the running system."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.devices import Device, send
from tests.support.maintenance import compacted, rolled_up
from tests.support.metadata import ROOT
from tests.support.waiting import finished
from vendctl.commands.program import wired
from vendctl.local.catalog import describe_fleet, import_fleet
from vendctl.local.system import System

PAGE = (ROOT / "docs" / "first-hour.md").read_text()
LINES = [line for block in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
INSTALLED = Path(sys.executable).parent
"""The folder that the page puts on the path."""
ASKED = [line for line in LINES if line.startswith("vendctl ")]


@pytest.fixture(scope="module")
def fleet(running: System, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The first machine of the fleet that `make run` sends for, its route, and some sales."""
    os.environ.update(running.environment)
    wired(import_fleet(describe_fleet(1, 1, tmp_path_factory.mktemp("fleet") / "fleet.json")))
    device = Device("vm-00001")
    device.level(9)
    for _ in range(5):
        device.vend()
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, device.sent)])
    finished(running.environment)
    rolled_up()
    compacted()  # another file may have compacted this hour before, and then its audit is not complete


def test_the_page_names_commands_of_both_kinds() -> None:
    targets = {line.split()[1] for line in LINES if line.startswith("make ")}
    assert targets == {"run", "replay"}  # test_run.py and test_replay.py run them
    assert len(ASKED) >= 8
    assert {line.split()[0] for line in LINES} == {"make", "vendctl", "export"}


@pytest.mark.parametrize("line", ASKED)
@pytest.mark.usefixtures("fleet")
def test_every_command_does_what_the_page_says(line: str, running: System, tmp_path: Path) -> None:
    words = [str(tmp_path) if word == ".data/archive" else word for word in shlex.split(line)]
    done = subprocess.run(
        words,
        env=os.environ | running.environment | {"PATH": f"{INSTALLED}:{os.environ['PATH']}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() or "list" in words
