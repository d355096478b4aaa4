"""Archive: every event that Event Hubs accepted, byte for byte, in a blob that is a function of the event.

Names: vending/domain/layout.py. The committed block list is the ledger of what is held: a block's id says
``first-last``, and the numbers of a block follow one another. Two owners with overlapping batches agree on
names and trim what is held.

Small batches would make small blocks, which compress badly. So the process remembers the last block of the
blobs that it appended to (:class:`Tails`), and a batch that follows on it replaces it by a longer one. What
is remembered counts only while the blob's version is the one that our own commit made: a commit against any
other version is refused, and then the block list is read again.
"""

import gzip
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vending.domain.events import HubEvent
from vending.domain.layout import blob_name, block_id, block_range
from vending.domain.records import encode, record
from vending.errors import Conflict
from vending.ports import Blobs, Blocks

ROUNDS = 8
BLOCK_EVENTS, BLOCK_BYTES = 128, 256 * 1024
"""A block that has reached one of them (bytes of lines, not compressed) is not replaced any more."""
REMEMBERED = 64


@dataclass(frozen=True)
class Tail:
    """A blob as we committed it: its block list, and the lines of its last block."""

    held: Blocks
    lines: tuple[bytes, ...]

    def follows(self, run: Sequence[HubEvent]) -> bool:
        """Whether the run goes on where the last block ends, and there is room for it."""
        short = len(self.lines) < BLOCK_EVENTS and sum(map(len, self.lines)) < BLOCK_BYTES
        return short and block_range(self.held.ids[-1])[1] + 1 == run[0].sequence


class Tails:
    """The last blocks of the blobs that this process appended to most recently."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Tail] = OrderedDict()

    def take(self, name: str) -> Tail | None:
        """What is known of a blob; it is forgotten, so that nobody else builds on it."""
        return self._known.pop(name, None)

    def keep(self, name: str, tail: Tail) -> None:
        """Remember a blob as it is now."""
        self._known[name] = tail
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


async def archive(batch: Sequence[HubEvent], blobs: Blobs, tails: Tails | None = None) -> int:
    """Archive a batch; how many events were new. Raises Transient, or Conflict after some rounds."""
    homes: dict[str, list[HubEvent]] = {}
    for event in batch:
        homes.setdefault(blob_name(event), []).append(event)
    known = Tails() if tails is None else tails
    return sum([await _append(name, events, blobs, known) for name, events in homes.items()])


async def _append(name: str, events: Sequence[HubEvent], blobs: Blobs, tails: Tails) -> int:
    tail = tails.take(name)
    for attempt in range(ROUNDS):
        held = tail.held if tail else await blobs.blocks(name)
        ranges = [block_range(block) for block in held.ids]
        runs = _runs(event for event in events if not _holds(ranges, event.sequence))
        if not runs:
            if tail:
                tails.keep(name, tail)
            return 0
        ids, new, last = _blocks(held, runs, tail)
        try:
            etag = await blobs.commit(
                name, ids, {block: _member(lines) for block, lines in new.items()}, held.etag
            )
        except Conflict:
            if attempt + 1 == ROUNDS:
                raise
            tail = None
            continue
        if last:
            tails.keep(name, Tail(Blocks(etag, tuple(ids)), new[ids[-1]]))
        return sum(map(len, runs))
    return 0


def _blocks(
    held: Blocks, runs: Sequence[Sequence[HubEvent]], tail: Tail | None
) -> tuple[list[str], dict[str, tuple[bytes, ...]], bool]:
    """The new block list, the lines of its new blocks, and whether its last block is among them."""
    ids, new = list(held.ids), {}
    for run in runs:
        first, lines = run[0].sequence, tuple(encode(record(event)) for event in run)
        if tail and tail.follows(run):
            first, lines = block_range(ids.pop())[0], tail.lines + lines
            tail = None
        new[block_id(first, run[-1].sequence)] = lines
    ids = sorted([*ids, *new], key=block_range)
    return ids, new, ids[-1] in new


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


def _member(lines: Sequence[bytes]) -> bytes:
    """One gzip member (joined members are a valid gzip file). No time inside: same events, same bytes."""
    return gzip.compress(b"".join(lines), 6, mtime=0)
