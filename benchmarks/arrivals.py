"""What the ingest benchmark takes in: a partition's share of a realistic day, and backlogs.

The day is the simulator's: 1,250 machines, a quarter of a fleet of 5,000, whose events one of four partitions
holds, about 300 an event a day and machine. Batches are what arrives within the batch window of host.json.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.fleet import Fleet
from simulator.timeline import Timeline
from tests.support.events import body, hub_event, sale
from vending.events.hub_event import HubEvent

MACHINES = 1_250
START = datetime(2026, 11, 19, 13, tzinfo=UTC)
HOURS = 5
"""So long the fleet lives unmeasured, so that documents have their ordinary sizes. In the hour after it the
share of vends, 14 in 100 events, is that of the whole day (at its peak it is 21, at night 4)."""
FULL = 500


def window() -> tuple[int, float]:
    """Events and seconds of host.json: a batch waits for so many, and no longer than that."""
    text = (Path(__file__).parents[1] / "host.json").read_text()
    chosen = json.loads(text)["extensions"]["eventHubs"]
    hours, minutes, seconds = map(int, chosen["maxWaitTime"].split(":"))
    return chosen["minEventBatchSize"], 3600.0 * hours + 60 * minutes + seconds


class Day:
    """A partition's events in the order of their arrival."""

    def __init__(self, seed: int = 1) -> None:
        self._start = int(START.timestamp() * 1000)
        self._timeline = Timeline(Fleet(seed, MACHINES, "bench"), frozenset(), self._start)
        self._arrived = 0

    def before(self) -> Iterator[list[HubEvent]]:
        """The first hours, in large batches."""
        yield from _cut(self._until(HOURS * 60), FULL, float("inf"))

    def live(self, minutes: int) -> list[list[HubEvent]]:
        """The next minutes, as the trigger hands them over."""
        return list(_cut(self._until(HOURS * 60 + minutes), *window()))

    def _until(self, minutes: int) -> Iterator[HubEvent]:
        for at, delivery in self._timeline.until(self._start + minutes * 60_000):
            yield arrived(self._arrived, delivery.body, at)
            self._arrived += 1


def backlog(each: int, batches: int) -> tuple[list[HubEvent], list[list[HubEvent]]]:
    """A counted level for every machine; then batches with ``each`` vends of each of their machines."""
    machines = FULL // each
    levels = [arrived(n, _level(n), 0) for n in range(machines)]
    found, place = [], machines
    for number in range(batches):
        bodies = [_vend(n, number * each + k + 1) for k in range(each) for n in range(machines)]
        found.append([arrived(place + k, content, 0) for k, content in enumerate(bodies)])
        place += len(bodies)
    return levels, found


def arrived(sequence: int, content: bytes, at: int) -> HubEvent:
    """A body as the hub hands it over."""
    enqueued = datetime.fromtimestamp(at / 1000, UTC) if at else START
    return hub_event(sequence, content, offset=str(sequence * 500), enqueued=enqueued)


def _cut(events: Iterable[HubEvent], count: int, seconds: float) -> Iterator[list[HubEvent]]:
    batch: list[HubEvent] = []
    for event in events:
        if batch and (event.enqueued - batch[0].enqueued).total_seconds() > seconds:
            yield batch
            batch = []
        batch.append(event)
        if len(batch) >= count:
            yield batch
            batch = []
    if batch:
        yield batch


def _level(machine: int) -> bytes:
    slots: Sequence[str] = [f"{row}{column}" for row in "ABCDE" for column in range(1, 9)]
    counted = [{"selection": slot, "level": 12, "capacity": 15} for slot in slots]
    return body("inventory.level", {"selections": counted}, 1, **_board(machine, 1))


def _vend(machine: int, number: int) -> bytes:
    slot, sequence = f"{'ABCDE'[number % 5]}{number * 7 % 8 + 1}", 1 + 7 * number
    what = {"vendId": f"{machine}-{number}", "sku": f"SKU-{number % 30:03d}", "paymentMethod": "cashless"}
    said = sale(number, slot) | what
    return body("vend.completed", said, sequence, ledger=number, **_board(machine, sequence))


def _board(machine: int, sequence: int) -> dict[str, Any]:
    """Who says it, and by which clock."""
    return {
        "machine": f"vm-{machine:05d}", "device": f"dev-{machine:05d}", "bootid": "943e248272f35fd9",
        "uptime": 86_400 + sequence, "time": f"2026-11-19T08:00:00.{sequence % 1000:03d}Z",
    }  # fmt: skip
