"""What a fleet costs a month, from measured figures and dated prices (infra/costs.toml).

An estimate, each part by itself; nothing of it was ever compared with an Azure bill.
"""

import json
import tomllib
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from vendctl.upload_costs import UploadCosts
from vending.archive.append import BLOCK_EVENTS

ROOT = Path(__file__).parents[1]
HOURS = 730
DAYS = HOURS / 24
SECONDS = HOURS * 3600
AUTOSCALE_FLOOR = 0.1
"""Autoscale bills a tenth of its maximum at least."""
UNIT_EVENTS, UNIT_BYTES = 1000, 1_000_000
"""What one throughput unit takes in a second."""


@dataclass(frozen=True)
class Fleet:
    """A size of which request units and CPU were measured; ``autoscale`` is its maximum, 0 is serverless."""

    machines: int
    partitions: int
    units_per_event: float
    cpu_us_per_event: float
    autoscale: int


class Costs:
    """Dollars a month of one fleet."""

    def __init__(self, figures: dict[str, Any], fleet: Fleet) -> None:
        self.price: dict[str, float] = {name: one["dollars"] for name, one in figures["prices"].items()}
        self.free: dict[str, float] = figures["free"]
        self.assumed: dict[str, float] = figures["assumed"]
        self.measured: dict[str, float] = {k: v for k, v in figures["measured"].items() if k != "date"}
        self.logs: dict[str, float] = {k: v for k, v in figures["logs"].items() if k != "date"}
        """What is written with the levels of host.json."""
        self.uploads = UploadCosts(figures, fleet.machines, DAYS)
        self.fleet = fleet
        self.batch_events, self.window = batch_window()
        self.rate: float = fleet.machines * self.assumed["events_per_machine_day"] / 86_400

    @property
    def events(self) -> float:
        """Events a month."""
        return self.rate * SECONDS

    @property
    def batches(self) -> float:
        """Batches of one function a month: a batch waits for its number of events, or for the window."""
        each = self.rate / self.fleet.partitions
        gap = min(1 / each + self.window, self.batch_events / each)
        return self.fleet.partitions * SECONDS / gap

    @property
    def invocations(self) -> float:
        """Of ingest, archive, the change feed's function and the timers."""
        timers = self.assumed["timer_invocations_minute"] * HOURS * 60
        return self.batches * (2 + self.assumed["followers"]) + timers

    @property
    def rewritten(self) -> float:
        """How often an event was written in vain: the archive's last block is replaced by a longer one until
        it is full, and the replaced ones stay in the blob's versions. A version is billed for the blocks that
        it alone has (learn.microsoft.com/azure/storage/blobs/versioning-overview, "Pricing and billing").
        """
        commits = ceil(BLOCK_EVENTS * self.batches / self.events)
        return (commits - 1) / 2

    def parts(self) -> dict[str, float]:
        """Service → dollars a month, after a year of keeping everything."""
        return {
            "Event Hubs": self._event_hubs(),
            "Cosmos DB": self._cosmos(),
            "Functions": self._functions(),
            "Storage": self._storage(),
            "Logs": self._logs(),
            "Uploads": sum(self.uploads.parts().values()),
        }

    def _event_hubs(self) -> float:
        peak = self.rate * self.assumed["peak"]
        units = max(1, ceil(peak / UNIT_EVENTS), ceil(peak * self.measured["body_bytes"] / UNIT_BYTES))
        events = self.events / 1e6 * self.price["event_hubs_million_events"]
        return units * HOURS * self.price["event_hubs_unit_hour"] + events

    def _cosmos(self) -> float:
        stored = self.events * 12 * self.measured["ledger_bytes"] / 1e9 * self.price["cosmos_gb_month"]
        units = self.events * self.fleet.units_per_event
        if not self.fleet.autoscale:
            return units / 1e6 * self.price["cosmos_serverless_million_units"] + stored
        # Billed is each hour's highest second: that of a busy hour is taken for all of them.
        busiest = units / SECONDS * self.assumed["peak"]
        billed = min(self.fleet.autoscale, max(busiest, AUTOSCALE_FLOOR * self.fleet.autoscale))
        return billed / 100 * HOURS * self.price["cosmos_autoscale_100_units_hour"] + stored

    def _functions(self) -> float:
        executions = max(0.0, self.invocations - self.free["functions_executions"]) / 1e6
        seconds = min(self.invocations * self.assumed["invocation_seconds"], self._instances() * SECONDS)
        billed = max(0.0, seconds * self.assumed["instance_gb"] - self.free["functions_gb_seconds"])
        return (
            executions * self.price["functions_million_executions"]
            + billed * self.price["functions_gb_second"]
        )

    def _instances(self) -> float:
        """Instances if all of them were busy all of the time: one for each function, more for ingest."""
        cores = self.rate * self.assumed["peak"] * self.fleet.cpu_us_per_event / 1e6
        return max(1, ceil(cores / self.assumed["busy"])) + 1 + self.assumed["followers"] + 2

    def _storage(self) -> float:
        writes = self.batches * self.assumed["blob_writes_per_batch"] / 10_000
        kept = self.measured["archive_bytes"] + self.rewritten * self.measured["raw_bytes"]
        stored = self.events * 12 * kept / 1e9
        return writes * self.price["blob_10000_writes"] + stored * self.price["blob_gb_month"]

    def _logs(self) -> float:
        written = self.events * self.logs["bytes_an_event"]
        ingested = (written + HOURS * 60 * self.logs["idle_bytes_a_minute"]) / 1e9
        return max(0.0, ingested - self.free["logs_gb"]) * self.price["logs_gb"]


def batch_window() -> tuple[int, float]:
    """Events and seconds that a batch waits for, of host.json."""
    chosen = json.loads((ROOT / "host.json").read_text())["extensions"]["eventHubs"]
    hours, minutes, seconds = map(int, chosen["maxWaitTime"].split(":"))
    return chosen["minEventBatchSize"], 3600.0 * hours + 60 * minutes + seconds


def read(path: Path = ROOT / "infra" / "costs.toml") -> tuple[dict[str, Any], list[Fleet]]:
    """The figures, and the fleets that were measured."""
    figures = tomllib.loads(path.read_text())
    return figures, [Fleet(**one) for one in figures["fleets"]]


def computed() -> list[tuple[Fleet, dict[str, float]]]:
    """Each fleet that was measured, with its parts."""
    figures, fleets = read()
    return [(fleet, Costs(figures, fleet).parts()) for fleet in fleets]


def table() -> str:
    """All fleets as a Markdown table."""
    found = computed()
    fleets = [fleet for fleet, _ in found]
    head = [f"{fleet.machines:,} machines" for fleet in fleets]
    lines = [f"| dollars a month | {' | '.join(head)} |", f"|---|{'---:|' * len(fleets)}"]
    lines += [
        f"| {name} | {' | '.join(f'{parts[name]:,.0f}' for _, parts in found)} |" for name in found[0][1]
    ]
    lines.append(f"| **together** | {' | '.join(f'**{sum(parts.values()):,.0f}**' for _, parts in found)} |")
    each = (f"{sum(parts.values()) / fleet.machines:.2f}" for fleet, parts in found)
    lines.append(f"| a machine | {' | '.join(each)} |")
    return "\n".join(lines)
