"""What some work took: CPU of this process, requests, request units (the local server's estimate)."""

import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from vending.events.hub_event import HubEvent

Figure = dict[str, Any]
Take = Callable[[Sequence[HubEvent]], Awaitable[Any]]
UNITS = {
    "cpu_us_per_event": "us CPU",
    "requests_per_event": "requests",
    "ru_per_event": "RU (estimated)",
    "events_per_second": "events/s",
}


class Meter:
    """Responses, and what they were charged."""

    def __init__(self) -> None:
        self.requests = 0
        self.units = 0.0
        self.by: dict[str, float] = {}

    def charge(self, operation: str, units: float) -> None:
        """Count one response of an adapter."""
        self.requests += 1
        self.units += units
        self.by[operation] = self.by.get(operation, 0.0) + units

    def hook(self, headers: Mapping[str, Any], _: Any) -> None:
        """Count one response of the SDK."""
        self.charge("sdk", float(headers["x-ms-request-charge"]))


@dataclass
class Part:
    """What one part of some work took so far."""

    cpu_us: float = 0.0
    requests: float = 0.0
    units: float = 0.0


class Parts:
    """What each part of some work took, on one meter; they run one after the other."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.by: defaultdict[str, Part] = defaultdict(Part)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """The block is of that part."""
        meter, cpu = self._meter, time.process_time()
        requests, units = meter.requests, meter.units
        yield
        found = self.by[name]
        found.cpu_us += (time.process_time() - cpu) * 1e6
        found.requests += meter.requests - requests
        found.units += meter.units - units


async def measured(take: Take, batches: Iterable[Sequence[HubEvent]], meter: Meter) -> dict[str, float]:
    """The four figures of taking some batches, one after the other, as a partition's trigger does."""
    meter.requests, meter.units, meter.by = 0, 0.0, {}
    count, cpu, wall = 0, time.process_time(), time.perf_counter()
    for batch in batches:
        await take(batch)
        count += len(batch)
    return {
        "cpu_us_per_event": (time.process_time() - cpu) * 1e6 / count,
        "requests_per_event": meter.requests / count,
        "ru_per_event": meter.units / count,
        "events_per_second": count / (time.perf_counter() - wall),
    }


def compared(
    name: str, ours: Mapping[str, float], baseline: str, theirs: Mapping[str, float],
    targets: Mapping[str, float],
) -> list[Figure]:  # fmt: skip
    """Figures of ours beside a baseline's; ``targets`` are ratios that must not be exceeded."""
    return [
        figure(f"{name}.{what}", ours[what], unit, Beside(baseline, theirs[what]), targets.get(what))
        for what, unit in UNITS.items()
    ]


class Beside(NamedTuple):
    """What a figure is compared with, and that one's value."""

    name: str
    value: float


def figure(name: str, value: float, unit: str, beside: Beside, target: float | None = None) -> Figure:
    """One figure beside its baseline."""
    ratio = value / beside.value
    found: Figure = {
        "name": name, "value": round(value, 3), "unit": unit,
        "baseline": beside.name, "baseline_value": round(beside.value, 3), "ratio": round(ratio, 3),
    }  # fmt: skip
    return found if target is None else found | {"target": target, "met": ratio <= target}


def row(figure: Figure) -> str:
    """A line of the table."""
    words = [f"{figure['name']:<52}", f"{figure['value']:>12,.4g}", f"{figure['unit']:<16}"]
    if "ratio" in figure:
        words.append(f"{figure['ratio']:.3g} x {figure['baseline']} ({figure['baseline_value']:,.4g})")
    if "per_second" in figure:
        words.append(f"{figure['per_second']:,}/s")
    if "target" in figure:
        words.append(f"target {figure['target']}: {'met' if figure['met'] else 'MISSED'}")
    return " ".join(words).rstrip()


def tell(figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print figures as a table, or as JSON for the collection of all."""
    if as_json:
        print(json.dumps({"figures": figures}))
    else:
        print(*map(row, figures), sep="\n")
