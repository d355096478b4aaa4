"""``python -m benchmarks.endurance``: hours of steady traffic, and what every process holds meanwhile.

Devices send at a fixed rate; HTTP functions and triggers are two hosts, as Flex Consumption scales them
apart; somebody asks the API once a second. Every 15 seconds the resident memory and the open descriptors of
each process are noted. A process has reached its plateau when its highest memory of the last quarter of the
time is no more than 5 % (or 8 MB) above that of the quarter before.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.beside import repeatedly
from devstack.stack import FunctionsHost, Ports, Stack
from tests.support.waiting import finished
from vendctl.hub import behind
from vendctl.local.system import HUBS, ROOT, environment
from vendctl.progress import Progress
from vendctl.provision import provision

FILE = Path(__file__).parent / "endurance.json"
DEVICES = 3_000
EVERY, PATIENCE = 15.0, 600.0
PATHS = (
    "/api/v1/fleet/summary",
    "/api/v1/machines?limit=100",
    "/api/v1/alerts",
    "/api/health",
)
SLACK, MEGABYTES = 1.05, 8


@dataclass
class Watch:
    """What was seen. Memory is MB by process, latencies are seconds by path."""

    memory: dict[str, list[float]] = field(default_factory=dict)
    descriptors: dict[str, list[int]] = field(default_factory=dict)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    failed: int = 0
    """Requests without a 200."""
    most_behind: int = 0

    def sample(self, processes: Mapping[str, int]) -> None:
        """One look at every process."""
        for name, pid in processes.items():
            status = Path(f"/proc/{pid}/status").read_text()
            kilobytes = next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]
            self.memory.setdefault(name, []).append(int(kilobytes) / 1024)
            self.descriptors.setdefault(name, []).append(len(list(Path(f"/proc/{pid}/fd").iterdir())))

    def __str__(self) -> str:
        """The newest look, for somebody who waits."""
        memory = " ".join(f"{name} {own[-1]:.0f}" for name, own in self.memory.items())
        slowest = max((percentile(own, 0.99) for own in self.latencies.values()), default=0.0)
        return f"MB {memory}; slowest p99 {slowest:.2f} s; failed {self.failed}; behind {self.most_behind}"

    def ask(self, address: str, path: str) -> None:
        """One request, as a page would make it."""
        begun = time.monotonic()
        try:
            with urllib.request.urlopen(address + path, timeout=60) as answer:  # noqa: S310 - our own host
                answer.read()
        except (urllib.error.URLError, TimeoutError):
            self.failed += 1
            return
        self.latencies.setdefault(path, []).append(time.monotonic() - begun)


def plateau(samples: Sequence[float]) -> bool:
    """Whether memory has stopped growing."""
    quarter = len(samples) // 4
    before, last = max(samples[2 * quarter : 3 * quarter]), max(samples[3 * quarter :])
    return last <= max(SLACK * before, before + MEGABYTES)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies."""
    found = sorted(values)
    return found[min(len(found) - 1, int(share * len(found)))]


def functions() -> tuple[list[str], list[str]]:
    """The app's HTTP functions, and all others."""
    from function_app import app

    http: list[str] = []
    rest: list[str] = []
    for one in app.get_functions():
        kind = http if one.is_http_function() else rest
        kind.append(str(one.get_function_name()))
    return http, rest


def run(minutes: float, rate: float, data: Path) -> dict[str, Any]:
    """All of it. Raises RuntimeError when the sender ends with an error."""
    with (
        Progress() as progress,
        Stack.start(data, ports=Ports.free(), hubs_config=HUBS, progress=progress.say) as stack,
    ):
        settings = environment(stack, {}, apart=True)
        asyncio.run(provision(settings))
        hosts = {}
        for name, only in zip(("http", "triggers"), functions(), strict=True):
            log = data / f"functions-{name}.log"
            words = ["--only", *only]
            hosts[name] = stack.start_functions(ROOT, settings=settings, log=log, arguments=words)
        watch = Watch()
        paths = cycle(PATHS)

        def look(passed: float) -> None:
            _look(stack, hosts, settings, watch)
            progress.stage("minutes", passed, minutes, str(watch))

        with repeatedly(lambda: watch.ask(hosts["http"].url, next(paths)), 1.0):
            _send(stack, minutes, rate, look)
        settled = finished(settings, PATIENCE)
        account = _account(settings)
    return _figures(minutes, rate, watch, settled, account)


def _send(stack: Stack, minutes: float, rate: float, look: Callable[[float], None]) -> None:
    """``look`` is given the minutes that have passed."""
    words = ["--connection", stack.eventhubs_connection, "--devices", str(DEVICES)]
    words += ["--seconds", str(int(60 * minutes)), "--rate", str(rate), "--batch", "1"]
    command = [sys.executable, "-m", "simulator", "load", *words]
    with (stack.data / "load.log").open("wb") as log:
        sender = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)  # noqa: S603 - our own
        stack.guard.note(sender.pid)
        begun = time.monotonic()
        while sender.poll() is None:
            look((time.monotonic() - begun) / 60)
            time.sleep(EVERY)
    if sender.returncode:
        raise RuntimeError(f"the sender ended with {sender.returncode}; see {stack.data}/load.log")


def _look(
    stack: Stack, hosts: Mapping[str, FunctionsHost], settings: Mapping[str, str], watch: Watch
) -> None:
    processes = {name: part.pid for name, part in stack.parts.items()}
    processes |= {f"azurite-{number}": part.pid for number, part in enumerate(stack.storage)}
    for name, host in hosts.items():
        children = Path(f"/proc/{host.pid}/task/{host.pid}/children").read_text().split()
        processes |= {f"host-{name}": host.pid}
        processes |= {f"worker-{name}-{number}": int(pid) for number, pid in enumerate(children)}
    watch.sample(processes)
    late = max(asyncio.run(behind(settings)).values(), default=0)
    watch.most_behind = max(watch.most_behind, late)


def _account(settings: Mapping[str, str]) -> dict[str, Any]:
    words = [sys.executable, "-m", "vendctl", "account", "--json"]
    done = subprocess.run(  # noqa: S603 - our own command line
        words, cwd=ROOT, env=os.environ | dict(settings), capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"no account: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _figures(
    minutes: float, rate: float, watch: Watch, settled: float, account: Mapping[str, Any]
) -> dict[str, Any]:
    memory = {
        name: {
            "mb": [round(own[at * (len(own) - 1) // 4]) for at in range(5)],
            "most": round(max(own)),
            "plateau": plateau(own),
            "descriptors": max(watch.descriptors[name]),
        }
        for name, own in watch.memory.items()
    }
    api = {
        path: {
            "p50": round(percentile(own, 0.5), 3),
            "p99": round(percentile(own, 0.99), 3),
            "count": len(own),
        }
        for path, own in watch.latencies.items()
    }
    return {
        "minutes": minutes, "eventsPerSecond": rate, "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "account": {name: account[name] for name in ("distinct", "applied", "archived", "lost", "doubled")},
        "mostBehind": watch.most_behind, "settledInSeconds": round(settled, 1), "memory": memory,
        "api": api, "apiFailed": watch.failed,
    }  # fmt: skip


def faults(found: Mapping[str, Any]) -> list[str]:
    """What does not hold."""
    told = [
        f"{name} of events: {found['account'][name]}"
        for name in ("lost", "doubled")
        if found["account"][name]
    ]
    told += [
        f"{name} still grows: {own['mb']} MB" for name, own in found["memory"].items() if not own["plateau"]
    ]
    told += [f"{path}: p99 {own['p99']} s" for path, own in found["api"].items() if own["p99"] >= 1]
    return told + ([f"{found['apiFailed']} requests failed"] if found["apiFailed"] else [])


def main(argv: list[str]) -> int:
    """0 when nothing was lost, every process reached its plateau and the API answered in time."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--rate", type=float, default=300, help="events a second; default 300")
    asked = parser.parse_args(argv)
    if asked.minutes < 2:
        parser.error("--minutes 2 at the least: each quarter of the time needs looks at the processes")
    with tempfile.TemporaryDirectory(prefix="endurance-") as folder:
        found = run(asked.minutes, asked.rate, Path(folder))
    FILE.write_text(json.dumps(found, indent=1) + "\n")
    for fault in (told := faults(found)):
        print(fault)
    print(json.dumps(found["account"] | {"seconds": round(60 * asked.minutes)}))
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
