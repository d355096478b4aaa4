"""``python -m benchmarks [NAME …]``: every figure beside its baseline, in one run.

Prints a table and writes ``benchmarks/latest.json``. Ratios are of two figures of the same run; bare figures
say something about this machine only.
"""

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.meter import row
from vendctl.progress import Progress

HERE = Path(__file__).parent
SOAKS = ("soak", "load", "explore", "histories", "hostile", "endurance", "moments", "mutants")
"""Too long for here, or no figures."""
NAMES = sorted(
    path.stem for path in HERE.glob("[a-z]*.py") if path.stem not in SOAKS and "def main(" in path.read_text()
)
PACKAGES = (
    "azure-functions",
    "azure-functions-runtime",
    "azure-cosmos",
    "azure-eventhub",
    "azure-storage-blob",
)


def measured(name: str) -> list[dict[str, Any]]:
    """The figures of one benchmark, which runs in a process of its own; code 1 is a target missed."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    begin = done.stdout.find("{")
    if done.returncode not in (0, 1) or begin < 0:
        raise SystemExit(f"benchmarks.{name} ended with code {done.returncode}")
    figures: list[dict[str, Any]] = json.loads(done.stdout[begin:])["figures"]
    return figures


def main(argv: list[str]) -> int:
    """All benchmarks, or those named."""
    figures: list[dict[str, Any]] = []
    names = argv or NAMES
    with Progress() as progress:
        for number, name in enumerate(names):
            progress.stage("benchmarks", number, len(names), f"{name} runs")
            found = measured(name)
            print(f"# {name}", *map(row, found), sep="\n", flush=True)
            figures += found
    report = {
        "machine": {"system": f"{platform.system()} {platform.machine()}", "processors": os.cpu_count()},
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in PACKAGES},
        "figures": figures,
    }
    if not argv:
        (HERE / "latest.json").write_text(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
