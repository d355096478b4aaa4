"""``python -m benchmarks.histories``: long random histories of the rollups; ``benchmarks/histories.json``.

Each run takes the numbers that follow those that were played before, so that the runs of many hours add up.
The histories are those of ``tests/support/rollup_histories.py``; each has a number, and what is found is told
as an ``@example(…)`` line of the property. The exit code is 1 when one of this run ended wrong.
"""

import argparse
import json
import logging
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.unit.rollups.test_roll_up_property import play
from vendctl.progress import Progress

FILE = Path(__file__).parent / "histories.json"
FIRST = 1_000
"""Those before are played by ``make test``."""
PART = 500


def part(first: int) -> list[str]:
    """What was found in the histories from that number on."""
    logging.disable(logging.CRITICAL)
    found = []
    for number in range(first, first + PART):
        try:
            play(number)
        except AssertionError as fault:
            found.append(str(fault))
    return found


def main(argv: list[str]) -> int:
    """So many histories more."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.histories", description=__doc__)
    parser.add_argument("--count", type=int, default=200_000, help="at least so many (default 200,000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    asked = parser.parse_args(argv)
    held: dict[str, Any] = {"played": 0, "seconds": 0, "found": []}
    if FILE.exists():
        held = json.loads(FILE.read_text())
    before, begun, count = held["seconds"], time.monotonic(), 0
    first = FIRST + held["played"]
    with ProcessPoolExecutor(asked.processes) as pool, Progress() as progress:
        for found in pool.map(part, range(first, first + asked.count, PART)):
            count += len(found)
            held["played"] += PART
            held["found"] += found
            held["seconds"] = before + round(time.monotonic() - begun)
            held["ended"] = datetime.now(UTC).isoformat(timespec="seconds")
            FILE.write_text(json.dumps(held, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            told = f"{held['played']:,} played in all, {len(held['found'])} found"
            progress.stage("histories", held["played"] + FIRST - first, asked.count, told)
            for one in found:
                print(one, flush=True)
    print(f"{held['played']:,} played in all, {count} of this run ended wrong", flush=True)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
