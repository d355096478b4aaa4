"""``python -m tests.chaos --seeds 1 2 --minutes 10``: courses of chaos, for benchmarks/chaos.json."""

import argparse
import json
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.course import Plan, run
from vendctl.local.system import ROOT

FILE = ROOT / "benchmarks" / "chaos.json"


def main(argv: list[str]) -> int:
    """0 when every promise held, 1 when one did not: then the data stay where the last line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args(argv)
    return max(course(seed, asked.minutes) for seed in asked.seeds)


def course(seed: int, minutes: float) -> int:
    """One seed: its exit code."""
    data = Path(tempfile.mkdtemp(prefix="chaos-"))
    begun = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - begun:6.1f}] {what}", flush=True)

    try:
        found = run(Plan(seed, 60 * minutes), data, say)
    except (AssertionError, RuntimeError) as fault:
        print(f"chaos, seed {seed}: {fault}\nthe data are in {data}", file=sys.stderr)
        return 1
    told = {"minutes": minutes, "ended": datetime.now(UTC).isoformat(timespec="seconds")}
    held = json.loads(FILE.read_text()) if FILE.exists() else {}
    held[str(seed)] = found.figures() | told
    FILE.write_text(json.dumps(dict(sorted(held.items())), indent=1) + "\n")
    print(json.dumps(held[str(seed)]))
    shutil.rmtree(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
