"""Archive: every event that Event Hubs accepted, byte for byte, in a blob that is a function of the event.

Names: vending/archive/layout.py. The committed block list is the ledger of what is held: a block's id says
``first-last``, and the numbers of a block follow one another. Two owners with overlapping batches agree on
names and trim what is held.

Small batches would make small blocks, which compress badly. So the process remembers the last block of the
blobs that it appended to (:class:`Tails`), and a batch that follows on it replaces it by a longer one. What
is remembered counts only while the blob's version is the one that our own commit made: a commit against any
other version is refused, as a stale write, and then the block list is read again.

Large bodies: a batch is appended slice by slice, each with a commit of its own, so that what is in work is
bounded whatever the batch. A process that crashes between two has archived a beginning of it, and the batch
is redelivered.
"""

import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from vending.archive.layout import blob_name, block_id, block_range
from vending.errors import Transient
from vending.events.hub_event import HubEvent
from vending.events.records import encode, record
from vending.events.slices import SLICE, size, slices
from vending.off_loop import off_loop
from vending.ports import Blobs, Blocks
from vending.retry import retry_on_conflict

BLOCK_EVENTS, BLOCK_BYTES = 128, 256 * 1024
"""A block that has reached one of them (bytes of lines, not compressed) is not replaced any more."""
REMEMBERED = 64


@dataclass(frozen=True)
class Tail:
    """A blob as we committed it: its block list, and the lines of its last block while it is short."""

    held: Blocks
    lines: tuple[bytes, ...]

    def follows(self, run: Sequence[HubEvent]) -> bool:
        """Whether the run goes on where the last block ends, and there is room for it."""
        return bool(self.lines) and block_range(self.held.ids[-1])[1] + 1 == run[0].sequence


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
    """Archive a batch; how many events were new. Raises Transient."""
    homes: dict[str, list[HubEvent]] = {}
    for event in sorted(batch, key=lambda event: event.sequence):
        homes.setdefault(blob_name(event), []).append(event)
    known = Tails() if tails is None else tails
    return sum(
        [
            await _fitting(name, part, blobs, known)
            for name, events in homes.items()
            for part in slices(events, size, SLICE)
        ]
    )


async def _fitting(name: str, events: Sequence[HubEvent], blobs: Blobs, tails: Tails) -> int:
    """Append, in halves where memory is short: what the first attempt has committed is trimmed."""
    try:
        return await _append(name, events, blobs, tails)
    except MemoryError:
        if len(events) == 1:
            raise Transient(f"{events[0].position}: no memory for its {size(events[0])} bytes") from None
    half = len(events) // 2
    return sum([await _fitting(name, part, blobs, tails) for part in (events[:half], events[half:])])


async def _append(name: str, events: Sequence[HubEvent], blobs: Blobs, tails: Tails) -> int:
    known = tails.take(name)

    async def attempt() -> int:
        nonlocal known
        tail, known = known, None  # after a conflict it is not known any more
        held = tail.held if tail else await blobs.blocks(name)
        ranges = [block_range(block) for block in held.ids]
        runs = _runs(event for event in events if not _holds(ranges, event.sequence))
        if not runs:
            if tail:
                tails.keep(name, tail)
            return 0
        made = await off_loop(sum(len(event.body) for event in events), partial(_made, held, runs, tail))
        etag = await blobs.commit(name, made.ids, made.new, held.etag)
        if made.ids[-1] in made.new:
            tails.keep(name, Tail(Blocks(etag, tuple(made.ids)), made.last))
        return sum(map(len, runs))

    return await retry_on_conflict(name, attempt)


@dataclass
class Made:
    """A block list to commit, its new blocks, and the lines of the last of those while it is short."""

    ids: list[str]
    new: dict[str, bytes] = field(default_factory=dict)
    last: tuple[bytes, ...] = ()


def _made(held: Blocks, runs: Sequence[Sequence[HubEvent]], tail: Tail | None) -> Made:
    made = Made(list(held.ids))
    for run in runs:
        first = run[0].sequence
        begun: tuple[bytes, ...] = ()
        if tail and tail.follows(run):
            first, begun = block_range(made.ids.pop())[0], tail.lines
            tail = None
        block = block_id(first, run[-1].sequence)
        made.new[block], made.last = _member(begun, run)
    made.ids = sorted([*made.ids, *made.new], key=block_range)
    return made


def _member(begun: Sequence[bytes], run: Iterable[HubEvent]) -> tuple[bytes, tuple[bytes, ...]]:
    """One gzip member, compressed as its lines come (joined members are a valid gzip file); and these lines,
    as long as the block is short. No time inside: same events, same bytes.
    """
    packing = zlib.compressobj(6, wbits=31)
    data, waiting = bytearray(), bytearray()
    kept: list[bytes] | None = []
    total = 0
    for line in _chained(begun, run):
        waiting += line
        total += len(line)
        if kept is not None:
            kept.append(line)
            kept = kept if len(kept) < BLOCK_EVENTS and total < BLOCK_BYTES else None
        if len(waiting) >= BLOCK_BYTES:
            data += packing.compress(waiting)
            waiting.clear()
    data += packing.compress(waiting) + packing.flush()
    return bytes(data), tuple(kept or ())


def _chained(begun: Sequence[bytes], run: Iterable[HubEvent]) -> Iterator[bytes]:
    yield from begun
    for event in run:
        yield encode(record(event))


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
