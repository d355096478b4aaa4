"""One file of a log. Its name holds the log position and the sequence number it starts with."""

import os
from array import array
from bisect import bisect_right
from pathlib import Path

from devstack.eventhubs.log.entry import HEADER, Damaged, Head, check, head

STEP = 4096  # bytes between two points of the in-memory index


class Segment:
    """Entries from ``base`` (log position) on. Only the last segment of a log is written."""

    def __init__(self, path: Path, base: int, sequence: int) -> None:
        self.path = path
        self.base = base
        self.sequence = sequence
        self.next_sequence = sequence
        self.size = 0
        self.first_time = 0
        self.last_time = 0
        self.last_offset = -1
        self._fd = -1
        self._points = array("q")
        self._sequences = array("q")
        self._times = array("q")

    @classmethod
    def create(cls, folder: Path, base: int, sequence: int) -> "Segment":
        """A new, empty file."""
        segment = cls(folder / f"{base:020d}-{sequence:020d}.log", base, sequence)
        segment._fd = os.open(segment.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        return segment

    @classmethod
    def named(cls, path: Path) -> "Segment":
        """A segment for an existing file; call :meth:`recover` next."""
        base, _, sequence = path.stem.partition("-")
        return cls(path, int(base), int(sequence))

    @property
    def end(self) -> int:
        """The log position after the last entry."""
        return self.base + self.size

    @property
    def fd(self) -> int:
        """The open file of the segment that is written, else -1."""
        return self._fd

    def recover(self, *, last: bool) -> int:
        """Read the file and check every entry; returns the number of bytes cut from a torn tail.

        Raises Damaged when whole entries follow the fault, or when the fault is not in the last segment:
        cutting there would lose acknowledged events.
        """
        data = self.path.read_bytes()
        pos = 0
        while pos < len(data):
            try:
                entry = head(data, pos)
                check(data, pos, entry)
                if entry.sequence != self.next_sequence:
                    raise Damaged(f"sequence number {entry.sequence} follows {self.next_sequence - 1}")
            except Damaged as fault:
                if not last or _followed(data, pos):
                    raise self._damage(pos, fault) from fault
                os.truncate(self.path, pos)
                break
            self.note(pos, entry, _last_event(data, pos, entry))
            pos += entry.size
        if last:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        return len(data) - pos

    def _damage(self, pos: int, fault: Damaged) -> Damaged:
        return Damaged(
            f"{self.path} is damaged at byte {pos} ({fault}) and events follow: restore it, or move the data "
            "folder away to start empty"
        )

    def note(self, pos: int, entry: Head, last_event: int) -> None:
        """Take an entry at file position ``pos`` in; ``last_event`` is where its last event is."""
        if not self._points or pos - self._points[-1] >= STEP:
            self._points.append(pos)
            self._sequences.append(entry.sequence)
            self._times.append(entry.time_ms)
        if not self.size:
            self.first_time = entry.time_ms
        self.last_time = entry.time_ms
        self.last_offset = self.base + last_event
        self.next_sequence = entry.sequence + entry.number
        self.size = pos + entry.size

    def append(self, data: bytes, entry: Head, last_event: int) -> None:
        """Write one entry. On OSError nothing of it stays; if even that fails, the OSError names it."""
        view = memoryview(data)
        written = 0
        try:
            while written < len(view):
                written += os.pwrite(self._fd, view[written:], self.size + written)
        except OSError:
            os.ftruncate(self._fd, self.size)
            raise
        self.note(self.size, entry, last_event)

    def start_of(self, *, sequence: int = -1, position: int = -1, time_ms: int = -1) -> int:
        """A file position at or before the entry wanted by one of these; for times, strictly before."""
        if position >= 0:
            index = bisect_right(self._points, position - self.base) - 1
        elif time_ms >= 0:
            index = bisect_right(self._times, time_ms - 1) - 1
        else:
            index = bisect_right(self._sequences, sequence) - 1
        return self._points[index] if index >= 0 else 0

    def read(self, pos: int, length: int) -> bytes:
        """Bytes of the file; FileNotFoundError when retention has removed it."""
        length = min(length, self.size - pos)
        if self._fd >= 0:
            return os.pread(self._fd, length, pos)
        fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(fd, length, pos)
        finally:
            os.close(fd)

    def seal(self) -> None:
        """No more writes: the file is opened for each read from now on."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _last_event(data: bytes, pos: int, entry: Head) -> int:
    at = pos + HEADER.size
    for _ in range(entry.number - 1):
        at += 4 + int.from_bytes(data[at : at + 4])
    return at


def _followed(data: bytes, pos: int) -> bool:
    """Whether a whole entry stands right behind the bad one: then it is no torn tail."""
    try:
        behind = pos + head(data, pos).size
        check(data, behind, head(data, behind))
    except Damaged:
        return False
    return True
