"""``python -m benchmarks.explore``: property tests at random for some minutes; ``benchmarks/explored.json``.

``make test`` draws the same examples each time, so that it decides and chance does not. This draws
others, with a large budget for each file, those that were explored least first. What falsified a
property stands in the results as an ``@example(…)`` line, ready to be put above its test once the fault is
mended; it is removed from the results by hand then. A file that has no properties any more is forgotten; one
that moved takes its name in the results along. The exit code is 1 when this run found something.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from vendctl.progress import Progress

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = HERE / "explored.json"
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.exploring"]
USUAL = 10
TIMES = {
    "tests/unit/events": 20,
    "tests/unit/state": 20,
    "tests/unit/ingest/test_ingest_properties.py": 20,
    "tests/unit/rollups/test_roll_up_property.py": 5,
    "tests/unit/adapters/test_decoding.py": 20,
    "tests/unit/uploads": 20,
    "tests/unit/adapters/test_packing.py": 5,
    "tests/unit/adapters/test_remembering.py": 20,
    "tests/unit/simulator/test_timeline.py": 5,
    "tests/unit/simulator/test_truth.py": 5,
}
"""How many times its own number of examples one visit gives a file or folder; others :data:`USUAL` times."""
PROPERTY = re.compile(r"^@given\(|\(RuleBasedStateMachine\)", re.MULTILINE)
Results = dict[str, Any]


def properties() -> dict[str, int]:
    """Each file with property tests, and how many times its own number of examples it gets."""
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("tests", "devstack/tests")
        for path in (ROOT / folder).rglob("test_*.py")
        if "node_modules" not in path.parts and PROPERTY.search(path.read_text(encoding="utf-8"))
    }
    return {
        file: next((times for place, times in TIMES.items() if file.startswith(place)), USUAL)
        for file in sorted(found)
    }


def explore(file: str, times: int, results: Results) -> list[Any]:
    """One visit, noted in the results; what it found."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.jsonl"
        count = Path(folder) / "count"
        settings = {"EXPLORE_TIMES": str(times), "EXPLORE_FOUND": str(found), "EXPLORE_COUNT": str(count)}
        words = [*PYTEST, "--timeout=3600", file]
        done = subprocess.run(words, env=os.environ | settings, capture_output=True, text=True, check=False)  # noqa: S603 - our own command line
        findings = [json.loads(x) for x in found.read_text().splitlines()] if found.exists() else []
        ran = int(count.read_text()) if count.exists() else 0
    if done.returncode and not findings:
        findings = [{"test": file, "error": "pytest could not run it", "notes": done.stdout[-2000:]}]
    note = results["explored"].setdefault(file, {"visits": 0, "seconds": 0})
    note["visits"] += 1
    note["seconds"] += round(time.monotonic() - begun)
    note["times"] = times
    note["examples"] = note.get("examples", 0) + ran
    results["found"] += findings
    return findings


def earlier() -> Results:
    """What runs before have noted, of files that have properties still."""
    if not RESULTS.exists():
        return {"explored": {}, "found": []}
    results: Results = json.loads(RESULTS.read_text())
    results["explored"] = {
        file: results["explored"][file] for file in properties() if file in results["explored"]
    }
    return results


def main(argv: list[str]) -> int:
    """Files whose names contain the word, until the minutes are over."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explore", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="begin no further file after (default 30)")
    parser.add_argument("--times", type=int, help="so many times the own number of examples of each file")
    parser.add_argument("word", nargs="?", default="", help="only files whose names contain it")
    asked = parser.parse_args(argv)
    results = earlier()
    files = {file: times for file, times in properties().items() if asked.word in file}
    begun, count = time.monotonic(), 0
    with Progress() as progress:
        while files and (passed := (time.monotonic() - begun) / 60) < asked.minutes:
            file = min(files, key=lambda file: results["explored"].get(file, {}).get("visits", 0))
            progress.stage("minutes", passed, asked.minutes, f"{file} is explored")
            for finding in explore(file, asked.times or files[file], results):
                more = finding.get("example", finding.get("notes"))
                print(finding["test"], finding["error"], more, sep="\n  ")
                count += 1
            print(f"{file}: {results['explored'][file]}", flush=True)
            results["explored"] = dict(sorted(results["explored"].items()))
            RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{count} findings", flush=True)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
