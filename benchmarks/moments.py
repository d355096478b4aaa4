"""``python -m benchmarks.moments``: the whole suite at other moments and in other zones; ``moments.json``.

A test that passes on a Tuesday in November may fail on New Year's Eve, in the hour that the clocks go
forward, on a leap day, or a year later, when its fixed dates have grown old. Every process of a run, browser
and peers included, loads a wall clock that is shifted (``shifted_clock.c``; needs Linux and a C compiler).
libfaketime does this too, but it also takes over the waits of threads, by which CPython hands on its lock:
with it the suite took twice as long and browsers gave up. The exit code is 1 when a test failed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support import checkout
from vendctl import browser
from vendctl.progress import Progress

HERE = Path(__file__).parent
FILE = HERE / "moments.json"
MOMENTS = {
    "2027-12-31T23:53Z UTC": "a year on; a Friday ends, and the year with it",
    "2027-03-28T00:53Z Europe/Berlin": "a Sunday; the clocks go forward seven minutes later",
    "2028-02-29T03:23Z America/St_Johns": "a leap day, which begins seven minutes later for whoever looks",
}
FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


def clock(folder: Path) -> Path:
    """The shifted clock, compiled."""
    made = folder / "shifted_clock.so"
    command = ["cc", "-O2", "-shared", "-fPIC", "-o", str(made), str(HERE / "shifted_clock.c"), "-ldl"]
    subprocess.run(command, check=True)  # noqa: S603 - the compiler of this machine
    return made


def ahead_by(seconds: int, made: Path) -> dict[str, str]:
    """The variables of a process whose clock is so far ahead of this one's, which may be ahead itself."""
    return {"LD_PRELOAD": str(made), "CLOCK_SHIFT": str(seconds + int(os.environ.get("CLOCK_SHIFT", 0)))}


def suite(moment: str, made: Path, words: list[str]) -> dict[str, Any]:
    """How the tests end that begin at a moment (ISO 8601, a space, an IANA zone)."""
    at, zone = moment.split()
    ahead = (datetime.fromisoformat(at) - datetime.now(UTC)).total_seconds()
    shifted = ahead_by(round(ahead), made) | {"TZ": zone}
    # The tests start hundreds of processes: each would compile what it imports where no bytecode may be kept.
    told = {
        "PYTHONDONTWRITEBYTECODE": "",
        "REQUIRE_NODE_PEER": "1",
        "CHROMIUM": str(browser.find() or ""),
    }
    begun = time.monotonic()
    passed, said = checkout.passes(
        checkout.ROOT, ["-n", "4", "--dist", "loadfile", "--tb=short", *words], **told, **shifted
    )
    if not passed:
        print(said[-20_000:], flush=True)
    return {
        "passed": passed,
        "said": said.strip().rpartition("\n")[2].strip("= "),
        "failed": FAILED.findall(said),
        "seconds": round(time.monotonic() - begun),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def main(argv: list[str]) -> int:
    """All moments, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moments", description=__doc__)
    parser.add_argument("--at", action="append", metavar='"TIME ZONE"', help=f"default: {', '.join(MOMENTS)}")
    parser.add_argument("words", nargs="*", help="for pytest, after --; default: every test")
    asked = parser.parse_args(argv)
    moments = asked.at or list(MOMENTS)
    held: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    passed = True
    with tempfile.TemporaryDirectory() as folder, Progress() as progress:
        made = clock(Path(folder))
        for number, moment in enumerate(moments):
            progress.stage("moments", number, len(moments), f"the tests run at {moment}")
            found = suite(moment, made, asked.words)
            passed &= found["passed"]
            print(f"{moment}: {found['said']}", flush=True)
            if not asked.words:
                held[moment] = {"why": MOMENTS.get(moment, "")} | found
                FILE.write_text(json.dumps(held, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
