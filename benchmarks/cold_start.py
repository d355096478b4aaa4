"""Cold start: importing the app, beside importing the bare SDKs that it uses.

``python -m benchmarks.cold_start [--json]``. Each figure is the best of several fresh interpreters: what the
import costs, without the noise of the machine.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ROUNDS = 7
TIMED = "import time; begun = time.process_time(); {}; print(time.process_time() - begun)"
SDKS = "import azure.functions, azure.cosmos.aio, azure.storage.blob.aio, azure.identity.aio"


def best(code: str) -> float:
    """CPU milliseconds of the statements, best of the rounds."""
    times = []
    for _ in range(ROUNDS):
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", TIMED.format(code)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        times.append(float(done.stdout))
    return min(times) * 1000


def figures() -> list[dict[str, Any]]:
    """Importing the programming model, the SDKs, and the app."""
    sdks, app, library = best(SDKS), best("import function_app"), best("import azure.functions")
    name = "cold_start.import_function_app"
    target = 0.6
    return [
        {"name": "cold_start.import_azure_functions", "value": round(library, 1), "unit": "ms CPU"},
        {"name": "cold_start.import_sdks", "value": round(sdks, 1), "unit": "ms CPU"},
        {
            "name": name, "value": round(app, 1), "unit": "ms CPU", "baseline": "bare SDKs",
            "baseline_value": round(sdks, 1), "ratio": round(app / sdks, 3), "target": target,
            "met": app / sdks <= target,
        },
    ]  # fmt: skip


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures()
    if asked.json:
        print(json.dumps({"figures": found}))
    else:
        for figure in found:
            print(f"{figure['name']:<40} {figure['value']:>8} {figure['unit']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
