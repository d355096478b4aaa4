"""What stands before every commit: decoding a batch, and validating and folding its events; CPU per event.

``python -m benchmarks.decode [--json]``. Decode: the trigger's metadata with the zoneless times that it
writes, by azure-functions' own converter, by ours, and as bare JSON parsing of the same bytes, which is the
limit. Fold: validating and folding a partition's events of a realistic day (stock and conditions), in the
batches of live arrivals, beside bare orjson parsing of the same bodies. Best of some rounds.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from azure.functions.eventhub import EventHubTriggerConverter

from benchmarks.arrivals import Day
from benchmarks.meter import Beside, Figure, figure, tell
from tests.support.trigger_batch import START, bodies, metadata, system_row
from vending.adapters.decoding import QuickConverter
from vending.documents.conditions import Entry
from vending.documents.stock import MachineStock
from vending.events.event import Event, parse
from vending.events.hub_event import HubEvent
from vending.events.uptimes import dated
from vending.state import conditions, stock

ROUNDS = 9
BATCH = 500
OF_THE_LIBRARY, OF_ORJSON = 0.1, 4.0


def best(work: Callable[[], object], count: int) -> float:
    """CPU microseconds per event, best of the rounds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times) * 1e6 / count


def decoding() -> list[Figure]:
    """A full batch's metadata."""
    rows = [system_row(n, f"dev-{n:05d}", START + timedelta(milliseconds=37 * n + 1)) for n in range(BATCH)]
    text, data, sent = json.dumps(rows), bodies([b"{}"] * BATCH), metadata(rows)

    def through(converter: Any) -> float:
        return best(lambda: converter.decode(data, trigger_metadata=sent), BATCH)

    library, ours = through(EventHubTriggerConverter), through(QuickConverter)
    bare = best(lambda: orjson.loads(text), BATCH)
    return [
        figure("decode.cpu_us_per_event", ours, "us CPU", Beside("azure-functions", library), OF_THE_LIBRARY),
        figure("decode.cpu_us_per_event.of_the_limit", ours, "us CPU", Beside("bare orjson", bare)),
    ]


def folding() -> list[Figure]:
    """Everything between the bytes and the documents, of the events of some minutes."""
    day, fleet = Day(), Fleet({}, {})
    for batch in day.before():
        fleet.fold(batch)
    batches = day.live(3)
    events = [hub for batch in batches for hub in batch]

    def folded() -> None:
        live = Fleet(dict(fleet.stocks), dict(fleet.entries))
        for batch in batches:
            live.fold(batch)

    measured = best(folded, len(events))
    validated = best(lambda: [parse(hub) for hub in events], len(events))
    bare = best(lambda: [orjson.loads(hub.body) for hub in events], len(events))
    return [
        figure("fold.validate.cpu_us_per_event", validated, "us CPU", Beside("bare orjson", bare)),
        figure(
            "fold.validate_and_fold.cpu_us_per_event",
            measured,
            "us CPU",
            Beside("bare orjson", bare),
            OF_ORJSON,
        ),
    ]


@dataclass
class Fleet:
    """What is known of the machines, in memory."""

    stocks: dict[str, MachineStock]
    entries: dict[str, Entry]

    def fold(self, batch: Sequence[HubEvent]) -> None:
        """Validate a batch and fold it, machine by machine."""
        machines: dict[str, list[Event]] = {}
        for hub in batch:
            event = parse(hub)
            machines.setdefault(event.machine, []).append(event)
        for machine, own in machines.items():
            own = dated(own)
            if stocked := [event for event in own if event.stocked]:
                held = self.stocks.get(machine) or stock.empty(machine)
                self.stocks[machine] = stock.fold(held, stocked).stock
            entry = self.entries.get(machine, {})
            for event in own:
                entry = conditions.merge(entry, event)
            self.entries[machine] = entry


def main() -> int:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = decoding() + folding()
    tell(found, as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
