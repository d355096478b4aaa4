"""The log of one partition: segments in a folder, positions by sequence number, offset or time, retention."""

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path

from devstack.eventhubs.log.entry import Damaged, EntryBuilder, Event, Head, check, events, head
from devstack.eventhubs.log.segment import STEP, Segment

CHUNK = 64 * 1024


class PartitionLog:
    """Entries with gapless sequence numbers. What lies at or above ``published`` is not shown yet."""

    def __init__(
        self,
        folder: Path,
        segment_bytes: int = 16 * 1024 * 1024,
        *,
        sync_rolled: bool = False,
        before_write: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder
        self.broken: str | None = None
        self.torn = 0
        self._segment_bytes = segment_bytes
        self._sync_rolled = sync_rolled
        self._before_write = before_write
        folder.mkdir(parents=True, exist_ok=True)
        self._segments = self._recover()
        self.published = self.next_sequence
        self.published_offset = self._newest_offset()
        self.published_time = self._newest_time()
        self._floor_time = self.published_time

    def _recover(self) -> list[Segment]:
        paths = sorted(self.folder.glob("*.log"))
        if not paths:
            first = Segment.create(self.folder, 0, 0)
            if self._sync_rolled:
                for folder in (self.folder, self.folder.parent, self.folder.parent.parent):
                    sync_folder(folder)
            return [first]
        segments: list[Segment] = []
        for path in paths:
            segment = Segment.named(path)
            if segments and (segment.base, segment.sequence) != (
                segments[-1].end,
                segments[-1].next_sequence,
            ):
                raise Damaged(
                    f"{path} does not continue {segments[-1].path}: a segment is missing or cut short"
                )
            self.torn += segment.recover(last=path == paths[-1])
            segments.append(segment)
        return segments

    @property
    def active(self) -> Segment:
        """The segment that is written."""
        return self._segments[-1]

    @property
    def next_sequence(self) -> int:
        """The number the next event gets."""
        return self._segments[-1].next_sequence

    @property
    def first_sequence(self) -> int:
        """The number of the oldest event kept; equals ``next_sequence`` when none is."""
        return self._segments[0].sequence

    @property
    def size(self) -> int:
        """Bytes kept."""
        return self._segments[-1].end - self._segments[0].base

    def _newest_offset(self) -> int:
        return max(segment.last_offset for segment in self._segments)

    def _newest_time(self) -> int:
        return max(segment.last_time for segment in self._segments)

    def begin(self, now_ms: int) -> EntryBuilder:
        """Start an entry; times never run backwards within a partition."""
        if self.broken is not None:
            raise OSError(self.broken)
        self._floor_time = max(now_ms, self._floor_time)
        if self.active.size >= self._segment_bytes:
            self.roll()
        return EntryBuilder(self.next_sequence, self.active.end, self._floor_time)

    def commit(self, builder: EntryBuilder) -> None:
        """Write the entry. OSError: nothing of it is kept, and the log goes on unless it is ``broken``."""
        data = builder.encode()
        entry = Head(len(data), 0, builder.first, builder.time_ms, builder.sequence - builder.first)
        try:
            self._before_write()
            self.active.append(data, entry, builder.last_offset - self.active.base)
        except OSError:
            if os.fstat(self.active.fd).st_size != self.active.size:
                self.broken = (
                    f"{self.active.path} could not be cut back after a failed write: restart the server"
                )
            raise

    def publish(self, sequence: int, offset: int, time_ms: int) -> None:
        """Show readers everything below ``sequence``; the rest describes the last event of it."""
        self.published = sequence
        self.published_offset = offset
        self.published_time = time_ms

    def roll(self) -> None:
        """Go on in a new segment."""
        old = self.active
        self._segments.append(Segment.create(self.folder, old.end, old.next_sequence))
        if self._sync_rolled:  # a sealed segment is never looked at by the committer again
            os.fsync(old.fd)
            sync_folder(self.folder)
        old.seal()

    def sync_target(self) -> int:
        """A duplicate of the written file's descriptor, for a thread to sync and close."""
        return os.dup(self.active.fd)

    # -- reading

    def _segment_for(self, key: Callable[[Segment], int], wanted: int) -> int:
        return max(bisect_right(self._segments, wanted, key=key) - 1, 0)

    def read(self, sequence: int, at_least: int = CHUNK) -> list[Event]:
        """Published events from ``sequence`` (or the oldest kept) on, about ``at_least`` bytes of them."""
        sequence = max(sequence, self.first_sequence)
        if sequence >= self.published:
            return []
        segment = self._segments[self._segment_for(lambda s: s.sequence, sequence)]
        start = segment.start_of(sequence=sequence)
        found: list[Event] = []
        for data, pos, base, entry in self._entries(segment, start, max(at_least, STEP)):
            if entry.sequence + entry.number <= sequence:
                continue
            if entry.sequence >= self.published:
                break
            check(data, pos, entry)
            found.extend(event for event in events(data, pos, entry, base) if event.sequence >= sequence)
            if base + pos + entry.size - segment.base - start >= at_least:
                break
        return found

    def _entries(self, segment: Segment, pos: int, length: int) -> Iterator[tuple[bytes, int, int, Head]]:
        """(data, position in it, log position of its start, header) of the entries from ``pos`` on."""
        while pos < segment.size:
            data = segment.read(pos, length)
            at = 0
            while at < len(data):
                try:
                    entry = head(data, at)
                except Damaged:
                    break
                if at + entry.size > len(data):
                    break
                yield data, at, segment.base + pos, entry
                at += entry.size
            if at == 0:
                wanted = head(data, 0).size
                if wanted <= length or wanted > segment.size - pos:
                    raise Damaged(f"{segment.path} cannot be read at byte {pos}")
                length = wanted
            pos += at

    def after_offset(self, offset: int, *, inclusive: bool) -> int:
        """The sequence number of the first event whose offset is above (or at) ``offset``."""
        segment = self._segments[self._segment_for(lambda s: s.base, offset)]
        for data, pos, base, entry in self._entries(segment, segment.start_of(position=offset), CHUNK):
            if base + pos + entry.size <= offset:
                continue
            for event in events(data, pos, entry, base):
                if event.offset > offset or (inclusive and event.offset == offset):
                    return event.sequence
        return max(segment.next_sequence, self.first_sequence)

    def after_time(self, time_ms: int, *, inclusive: bool) -> int:
        """The sequence number of the first event enqueued after (or at) ``time_ms``."""
        for segment in self._segments:
            if segment.last_time < time_ms or (segment.last_time == time_ms and not inclusive):
                continue
            start = segment.start_of(time_ms=max(time_ms, 0))
            for _, _, _, entry in self._entries(segment, start, CHUNK):
                if entry.time_ms > time_ms or (inclusive and entry.time_ms == time_ms):
                    return entry.sequence
        return self.next_sequence

    # -- retention

    def expire(self, older_than_ms: int, roll_before_ms: int, most_bytes: int | None) -> int:
        """Remove whole segments that are too old or too many; returns how many went.

        The written segment is closed first when its oldest event is from before ``roll_before_ms``.
        """
        if self.active.size and self.active.first_time < roll_before_ms:
            self.roll()
        gone = 0
        while len(self._segments) > 1:
            oldest = self._segments[0]
            if oldest.last_time >= older_than_ms and (most_bytes is None or self.size <= most_bytes):
                break
            if oldest.next_sequence > self.published:
                break
            oldest.path.unlink()
            del self._segments[0]
            gone += 1
        return gone

    def close(self) -> None:
        """Everything to the disk, and the file closed."""
        if self.active.fd >= 0:
            os.fsync(self.active.fd)
            self.active.seal()


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power failure."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
