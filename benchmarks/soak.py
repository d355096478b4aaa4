"""``python -m benchmarks.soak``: the long sizes, one after another; results in ``benchmarks/soak.json``.

Each step is a command that fails when its promise does not hold. It says what it ran, for how long and how it
ended; ``make test`` runs a reduced, seeded size of the same tests.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vendctl.progress import Progress

HERE = Path(__file__).parent
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=1800"]
STEPS: dict[str, tuple[dict[str, str], list[str]]] = {
    "eventhubs: a million random frames": (
        {"EVENTHUBS_FUZZ_FRAMES": "1000000"},
        [*PYTEST, "devstack/tests/eventhubs/test_fuzz.py"],
    ),
    "eventhubs: coverage-guided fuzzing, a million runs": (
        {},
        [sys.executable, "-m", "devstack.tests.eventhubs.coverage_fuzz", "-runs=1000000"],
    ),
    "cosmos: ten thousand queries against an oracle, three thousand histories against a model": (
        {"COSMOS_ORACLE_EXAMPLES": "10000", "COSMOS_MODEL_EXAMPLES": "3000"},
        [*PYTEST, "devstack/tests/cosmos"],
    ),
    "dex: a million mutated audits": (
        {"DEX_FUZZ_AUDITS": "1000000"},
        [*PYTEST, "tests/unit/uploads/dex/test_any_bytes.py"],
    ),
    "api: five thousand requests of the OpenAPI document, by schemathesis": (
        {"API_EXAMPLES": "230", "API_CASES": "5000"},
        [*PYTEST, "tests/e2e/test_openapi.py", "-k", "schemathesis"],
    ),
    "rollups: two workers on an open day, stopped at every pair of their accesses": (
        {"TWO_WORKERS_STRIDE": "1"},
        [*PYTEST, "tests/unit/rollups/test_two_workers.py"],
    ),
    "every test: on New Year's Eve, as the clocks go forward, on a leap day, in three time zones": (
        {},
        [sys.executable, "-m", "benchmarks.moments"],
    ),
    "rollups: two hundred thousand long histories of a small fleet": (
        {},
        [sys.executable, "-m", "benchmarks.histories"],
    ),
    "properties: half an hour of examples drawn at random": (
        {},
        [sys.executable, "-m", "benchmarks.explore", "--minutes", "30"],
    ),
    "archive: an hour of ten million events, appended and compacted within 2 GB": (
        {},
        [sys.executable, "-m", "benchmarks.archive", "--soak"],
    ),
    "simulator: 5,000 events a second of a hundred thousand devices within 300 MB": (
        {},
        [sys.executable, "-m", "benchmarks.load"],
    ),
    "the whole: two hours of 300 events a second, memory at its plateau, the API below a second": (
        {},
        [sys.executable, "-m", "benchmarks.endurance", "--minutes", "120", "--rate", "300"],
    ),
    "mutants: 85 % of the changes to pure modules are noticed": (
        {},
        [sys.executable, "-m", "benchmarks.mutants"],
    ),
    "the whole: ten minutes of chaos, three seeds": (
        {},
        [sys.executable, "-m", "tests.chaos", "--minutes", "10", "--seeds", "1", "2", "3"],
    ),
    "ingest: a storm of two hundred thousand events": (
        {},
        [*PYTEST, "-m", "soak", "tests/unit/notifications/test_storm.py"],
    ),
    "memory: 500 events of 1 MB of control characters pass in a worker of 512 MB": (
        {},
        [sys.executable, "-m", "benchmarks.hostile"],
    ),
    "memory: the same with a host for each function": (
        {},
        [sys.executable, "-m", "benchmarks.hostile", "--apart"],
    ),
    "everything else marked soak": (
        {},
        [*PYTEST, "-m", "soak", "--ignore", "tests/unit/notifications/test_storm.py"],
    ),
}


def run(name: str) -> dict[str, Any]:
    """One step: what ran, how it ended, its last lines."""
    settings, command = STEPS[name]
    begun = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own command line
        command,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    last = [line for line in done.stdout.splitlines() if line.strip()][-1:]
    return {
        "name": name,
        "command": " ".join(["python", *command[1:]]),
        "settings": settings,
        "passed": done.returncode == 0,
        "seconds": round(time.monotonic() - begun),
        "said": last[0].strip() if last else "",
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def main(argv: list[str]) -> int:
    """The steps whose names contain a word of ``argv``, or all."""
    file = HERE / "soak.json"
    results = {x["name"]: x for x in json.loads(file.read_text())} if file.exists() else {}
    chosen = [name for name in STEPS if not argv or any(word in name for word in argv)]
    with Progress() as progress:
        for number, name in enumerate(chosen):
            progress.stage("steps", number, len(chosen), f"{name} runs")
            results[name] = run(name)
            print(f"# {name}\n{results[name]['said']} ({results[name]['seconds']} s)", flush=True)
            file.write_text(json.dumps([results[x] for x in STEPS if x in results], indent=2) + "\n")
    return 0 if all(results[name]["passed"] for name in chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
