"""The clock of ``benchmarks.moments``: what the processes of a run see of it."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.moments import FAILED, MOMENTS, ahead_by, clock, suite

TWO_CLOCKS = "import time; print(time.time(), time.monotonic())"
HOUR = 3600
compiled = pytest.mark.skipif(
    not shutil.which("cc") or sys.platform != "linux", reason="needs Linux and a C compiler"
)


@compiled
def test_the_wall_clock_is_ahead_and_the_monotonic_one_is_not(tmp_path: Path) -> None:
    shifted = ahead_by(400 * 24 * HOUR, clock(tmp_path))
    command = [sys.executable, "-c", TWO_CLOCKS]
    before, begun = time.time(), time.monotonic()
    said = subprocess.run(
        command, env=os.environ | shifted, capture_output=True, text=True, check=True
    ).stdout
    wall, monotonic = map(float, said.split())
    assert wall - 400 * 24 * HOUR == pytest.approx(before, abs=HOUR)
    assert monotonic == pytest.approx(begun, abs=HOUR)


@compiled
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_begins_at_its_moment_in_its_zone(tmp_path: Path, moment: str) -> None:
    at, zone = moment.split()
    looked = tmp_path / "test_now.py"
    looked.write_text(
        f"""
import datetime, os

def test_now():
    late = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat({at!r})
    assert abs(late) < datetime.timedelta(hours=1)
    assert os.environ["TZ"] == {zone!r}
"""
    )
    found = suite(moment, clock(tmp_path), ["-n", "0", str(looked)])
    assert (found["passed"], found["failed"]) == (True, []), found


def test_what_failed_is_named() -> None:
    said = "FAILED tests/a.py::test_b[1 2] - assert 2\nERROR tests/c.py::test_d\n1 failed, 1 error in 2.0s"
    assert FAILED.findall(said) == ["tests/a.py::test_b[1 2]", "tests/c.py::test_d"]
