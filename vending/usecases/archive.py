"""Archive: every event that Event Hubs accepted, byte for byte, in a blob that is a function of the event.

``raw/date=YYYY-MM-DD/hour=HH/g={generation}-p={partition}-c={sequence // 4096}.jsonl.gz`` (of the enqueued
time, UTC). The committed block list is the ledger of what is held: a block's id says ``first-last``, and the
numbers of a block follow one another. Two owners with overlapping batches agree on names and trim what is
held.
"""

import gzip
from collections.abc import Iterable, Sequence

from vending.domain.events import HubEvent
from vending.domain.layout import blob_name, block_id, block_range
from vending.domain.records import encode, record
from vending.errors import Conflict
from vending.ports import Blobs

ROUNDS = 8


async def archive(batch: Sequence[HubEvent], blobs: Blobs) -> int:
    """Archive a batch; how many events were new. Raises Transient, or Conflict after some rounds."""
    homes: dict[str, list[HubEvent]] = {}
    for event in batch:
        homes.setdefault(blob_name(event), []).append(event)
    return sum([await _append(name, events, blobs) for name, events in homes.items()])


async def _append(name: str, events: Sequence[HubEvent], blobs: Blobs) -> int:
    for attempt in range(ROUNDS):
        held = await blobs.blocks(name)
        ranges = [block_range(block) for block in held.ids]
        new = {
            block_id(run[0].sequence, run[-1].sequence): _member(run)
            for run in _runs(event for event in events if not _holds(ranges, event.sequence))
        }
        if not new:
            return 0
        try:
            await blobs.commit(name, sorted([*held.ids, *new], key=block_range), new, held.etag)
        except Conflict:
            if attempt + 1 == ROUNDS:
                raise
            continue
        return sum(last - first + 1 for first, last in map(block_range, new))
    return 0


def _holds(ranges: Iterable[tuple[int, int]], number: int) -> bool:
    return any(first <= number <= last for first, last in ranges)


def _runs(events: Iterable[HubEvent]) -> list[list[HubEvent]]:
    """Gapless runs, so that a block never claims a number that it does not hold."""
    runs: list[list[HubEvent]] = []
    for event in sorted(events, key=lambda event: event.sequence):
        if runs and runs[-1][-1].sequence + 1 == event.sequence:
            runs[-1].append(event)
        elif not runs or runs[-1][-1].sequence != event.sequence:
            runs.append([event])
    return runs


def _member(events: Sequence[HubEvent]) -> bytes:
    """One gzip member (joined members are a valid gzip file). No time inside: same events, same bytes."""
    return gzip.compress(b"".join(encode(record(event)) for event in events), 6, mtime=0)
