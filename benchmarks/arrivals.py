"""What the benchmarks take in: a partition's share of a realistic day, and backlogs.

The day is the simulator's: 1,250 machines, a quarter of a fleet of 5,000, whose events one of four partitions
holds, about 300 an event a day and machine. Batches are what arrives within the batch window of host.json.
"""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
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
    """A fleet's events in the order of their arrival, numbered and cut into batches by partition."""

    def __init__(
        self, machines: int = MACHINES, partitions: int = 1, hours: int = HOURS, seed: int = 1
    ) -> None:
        self.fleet = Fleet(seed, machines, "bench")
        self.live_from = START + timedelta(hours=hours)
        self._timeline = Timeline(self.fleet, frozenset(), int(START.timestamp() * 1000))
        self._partitions = partitions
        self._arrived: Counter[str] = Counter()

    def before(self) -> Iterator[list[HubEvent]]:
        """The first hours, in large batches."""
        yield from _cut(self._until(self.live_from), FULL, float("inf"))

    def live(self, minutes: int) -> list[list[HubEvent]]:
        """The next minutes, as the trigger hands them over."""
        return list(_cut(self._until(self.live_from + timedelta(minutes=minutes)), *window()))

    def _until(self, moment: datetime) -> Iterator[HubEvent]:
        for at, delivery in self._timeline.until(int(moment.timestamp() * 1000)):
            partition = str(zlib.crc32(delivery.key.encode()) % self._partitions)
            yield arrived(self._arrived[partition], delivery.body, at, partition)
            self._arrived[partition] += 1


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


def arrived(sequence: int, content: bytes, at: int, partition: str = "0") -> HubEvent:
    """A body as the hub hands it over."""
    enqueued = datetime.fromtimestamp(at / 1000, UTC) if at else START
    offset = str(sequence * 500)
    return hub_event(sequence, content, partition=partition, offset=offset, enqueued=enqueued)


def handed_over(batch: Sequence[HubEvent]) -> datetime:
    """When the function is called with a batch: when it is full, or the window after its first event."""
    count, seconds = window()
    full = len(batch) >= count
    return batch[-1].enqueued if full else batch[0].enqueued + timedelta(seconds=seconds)


def _cut(events: Iterable[HubEvent], count: int, seconds: float) -> Iterator[list[HubEvent]]:
    waiting: dict[str, list[HubEvent]] = {}
    for event in events:
        batch = waiting.pop(event.partition, [])
        if batch and (event.enqueued - batch[0].enqueued).total_seconds() > seconds:
            yield batch
            batch = []
        batch.append(event)
        if len(batch) >= count:
            yield batch
        else:
            waiting[event.partition] = batch
    yield from waiting.values()


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
