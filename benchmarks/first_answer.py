"""From a cold worker to its first answer: our app beside an empty one, and what the package weighs.

``python -m benchmarks.first_answer [--json]``. A host starts each app on the same local stack, and is asked
until it answers: our health, which asks every store, and our page, which needs none of them. The HTTP
functions of an app on Flex Consumption have instances of their own, so nothing else runs; the empty app has
one HTTP function and one Event Hubs function. CPU and memory are those of the worker process, which runs the
official worker library; best of several starts. The package is weighed as installed from requirements.txt,
all that Azure would unpack.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.meter import Beside, Figure, figure, tell
from devstack.stack import Ports, Stack
from vendctl.local.system import HUBS, ROOT, environment
from vendctl.provision import provision

STARTS = 3
INSTALLED = ROOT / ".tools" / "deployed" / "requirements"
"""``make setup-test`` makes it: an environment of requirements.txt and nothing else."""
TARGET_CPU, TARGET_MB = 1.5, 120.0
EMPTY = """
from typing import List

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route("api/health", methods=["GET"])
async def health(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("ok")


@app.event_hub_message_trigger(
    arg_name="events", event_hub_name="%EVENTHUB_NAME%", connection="EVENTHUB", cardinality="many"
)
async def telemetry(events: List[func.EventHubEvent]) -> None:
    pass
"""


class Asked(NamedTuple):
    """What is asked of which app; ``only``: the function of it that runs, or all."""

    app: Path
    path: str
    only: str = ""


class Cost(NamedTuple):
    """What a worker had used when it first answered."""

    cpu_ms: float
    memory_mb: float


@contextmanager
def stack_with(folder: Path) -> Iterator[tuple[Stack, dict[str, str]]]:
    """The local stack, and the settings of an app on it."""
    with Stack.start(folder / "data", ports=Ports.free(), hubs_config=HUBS, progress=lambda _: None) as stack:
        settings = environment(stack, {}, apart=True)
        asyncio.run(provision(settings))
        yield stack, settings


def empty_app(folder: Path) -> Path:
    """An app that does nothing, with our host.json."""
    folder.mkdir()
    (folder / "function_app.py").write_text(EMPTY)
    (folder / "host.json").write_text((ROOT / "host.json").read_text())
    return folder


def first_answer(stack: Stack, asked: Asked, settings: Mapping[str, str]) -> Cost:
    """Start the app, ask it, and look at its worker."""
    words = ["--python", str(INSTALLED / "bin" / "python"), *(["--only", asked.only] if asked.only else [])]
    host = stack.start_functions(asked.app, settings=settings, arguments=["--quiet", *words])
    try:
        with urllib.request.urlopen(f"{host.url}/{asked.path}", timeout=60) as answer:  # noqa: S310 - our own host
            answer.read()
        return _used(_worker_of(host.pid))
    finally:
        host.kill()


def _worker_of(host: int) -> int:
    """The worker among the host's children: the one that has used most."""
    children = Path(f"/proc/{host}/task/{host}/children").read_text().split()
    return max(map(int, children), key=lambda pid: _used(pid).cpu_ms)


def _used(pid: int) -> Cost:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Cost(cpu * 1000, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6)


def weight(packages: Path) -> float:
    """MB of all files below a folder."""
    return sum(path.lstat().st_size for path in packages.rglob("*") if not path.is_dir()) / 1e6


def figures() -> list[Figure]:
    """Our app beside the empty one."""
    with tempfile.TemporaryDirectory() as name, stack_with(Path(name)) as (stack, settings):
        empty = empty_app(Path(name) / "empty")
        all_asked = {
            "empty": Asked(empty, "api/health"),
            "health": Asked(ROOT, "api/health", "get_health"),
            "page": Asked(ROOT, "dashboard", "get_dashboard"),
        }
        costs: dict[str, list[Cost]] = {what: [] for what in all_asked}
        for _ in range(STARTS):
            for what, asked in all_asked.items():
                costs[what].append(first_answer(stack, asked, settings))
    best = {what: Cost(*map(min, zip(*found, strict=True))) for what, found in costs.items()}
    least = best.pop("empty")
    package = figure(
        "first_answer.package", weight(INSTALLED / "lib"), "MB", Beside("the goal", TARGET_MB), target=1.0
    )
    return [package] + [
        found
        for what, cost in best.items()
        for found in (
            figure(f"first_answer.{what}.worker_cpu", cost.cpu_ms, "ms CPU",
                   Beside("an empty app", least.cpu_ms), TARGET_CPU),
            figure(f"first_answer.{what}.worker_memory", cost.memory_mb, "MB",
                   Beside("an empty app", least.memory_mb)),
        )
    ]  # fmt: skip


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not INSTALLED.exists():
        sys.exit("no environment of requirements.txt alone: `make setup-test` makes it")
    tell(figures(), as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
