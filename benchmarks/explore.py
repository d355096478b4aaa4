"""``python -m benchmarks.explore``: property tests at random for some minutes; ``benchmarks/explored.json``.

``make test`` draws the same examples each time, so that it decides and chance does not. This draws
others, with a large budget for each file, those that were explored least first. What falsified a
property stands in the results as an ``@example(…)`` line, ready to be put above its test once the fault is
mended; it is removed from the results by hand then. The exit code is 1 when this run found something.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "explored.json"
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.exploring"]
PROPERTIES: dict[str, int] = {
    "tests/unit/domain/test_business_day.py": 20,
    "tests/unit/domain/test_catalog.py": 20,
    "tests/unit/domain/test_clock.py": 20,
    "tests/unit/domain/test_conditions.py": 20,
    "tests/unit/domain/test_events.py": 20,
    "tests/unit/domain/test_intervals.py": 20,
    "tests/unit/domain/test_kpis.py": 20,
    "tests/unit/domain/test_layout.py": 20,
    "tests/unit/domain/test_records.py": 20,
    "tests/unit/domain/test_rollups.py": 20,
    "tests/unit/domain/test_slots.py": 20,
    "tests/unit/domain/test_waiting.py": 20,
    "tests/unit/usecases/test_archive.py": 10,
    "tests/unit/usecases/test_feed_rewritten.py": 10,
    "tests/unit/usecases/test_ingest_properties.py": 20,
    "tests/unit/usecases/test_one_alert.py": 10,
    "tests/unit/usecases/test_roll_up_property.py": 5,
    "tests/unit/adapters/test_decoding.py": 20,
    "tests/unit/adapters/test_packing.py": 5,
    "tests/unit/adapters/test_remembering.py": 20,
    "tests/unit/vendctl/test_replay_amounts.py": 20,
    "tests/unit/vendctl/test_replay_device_events.py": 10,
    "tests/unit/vendctl/test_replay_places.py": 20,
    "tests/unit/vendctl/test_replay_sales.py": 20,
    "tests/unit/vendctl/test_replay_two_readings.py": 10,
    "tests/unit/simulator/test_climate.py": 10,
    "tests/unit/simulator/test_load.py": 10,
    "tests/unit/simulator/test_models.py": 10,
    "tests/unit/simulator/test_timeline.py": 5,
    "tests/unit/simulator/test_truth.py": 5,
    "devstack/tests/cosmos/test_keys.py": 20,
    "devstack/tests/cosmos/test_model.py": 10,
    "devstack/tests/cosmos/test_oracle.py": 10,
    "devstack/tests/eventhubs/test_log.py": 10,
}
"""Each file with property tests, and how many times its own number of examples one visit gives it."""
Results = dict[str, Any]


def explore(file: str, results: Results) -> list[Any]:
    """One visit, noted in the results; what it found."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.jsonl"
        settings = {"EXPLORE_TIMES": str(PROPERTIES[file]), "EXPLORE_FOUND": str(found)}
        words = [*PYTEST, "--timeout=3600", file]
        done = subprocess.run(words, env=os.environ | settings, capture_output=True, text=True, check=False)  # noqa: S603 - our own command line
        findings = [json.loads(x) for x in found.read_text().splitlines()] if found.exists() else []
    if done.returncode and not findings:
        findings = [{"test": file, "error": "pytest could not run it", "notes": done.stdout[-2000:]}]
    note = results["explored"].setdefault(file, {"visits": 0, "seconds": 0})
    note["visits"] += 1
    note["seconds"] += round(time.monotonic() - begun)
    note["times"] = PROPERTIES[file]
    results["found"] += findings
    return findings


def main(argv: list[str]) -> int:
    """Files whose names contain the word, until the minutes are over."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explore", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="begin no further file after (default 30)")
    parser.add_argument("word", nargs="?", default="", help="only files whose names contain it")
    asked = parser.parse_args(argv)
    results: Results = {"explored": {}, "found": []}
    if RESULTS.exists():
        results = json.loads(RESULTS.read_text())
    files = [file for file in PROPERTIES if asked.word in file]
    end, count = time.monotonic() + asked.minutes * 60, 0
    while files and time.monotonic() < end:
        file = min(files, key=lambda file: results["explored"].get(file, {}).get("visits", 0))
        for finding in explore(file, results):
            print(finding["test"], finding["error"], finding.get("example", finding.get("notes")), sep="\n  ")
            count += 1
        print(f"{file}: {results['explored'][file]}", flush=True)
        results["explored"] = {x: results["explored"][x] for x in PROPERTIES if x in results["explored"]}
        RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{count} findings", flush=True)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
