"""When an hour of a hub partition is closed: the closing rule.

A reading is (moment, highest number the hub had enqueued *after* that moment). Once the archive holds that
number, it holds everything that was enqueued before the moment, because each partition is archived in order
(what is not there by then is a gap, and reported). Under live traffic the archive is always a few seconds
behind, so a reading is kept until the archive has caught up with it.
"""

from datetime import datetime, timedelta

from msgspec import Struct, field

from vending.documents.blobs import Blob

SCHEMA = 1


class Progress(Struct):
    """One hub partition. ``held`` is the archive's highest number."""

    closed: datetime | None = None
    """Everything enqueued before is archived."""
    read: datetime | None = None
    last: int = -1
    held: int = -1

    def archived(self, number: int) -> None:
        """The archive holds this number: a reading that it fulfils closes the time before it."""
        self.held = max(self.held, number)
        if self.read is not None and self.held >= self.last:
            self.closed, self.read = self.read, None

    def reading(self, now: datetime, last: int) -> None:
        """A new reading, of no use while an older one waits."""
        if self.read is None:
            self.read, self.last = now, last
            self.archived(self.held)

    def closes(self, end: datetime, grace: timedelta) -> bool:
        """Whether the hour that ended then is closed."""
        return self.closed is not None and end + grace <= self.closed


class Seen(Struct, frozen=True):
    """Digests of what an hour was made from, and of what it hands on to the next hour."""

    made_from: str
    hands_on: str


class Closing(Blob, frozen=True):
    """What compaction remembers: partitions by key, and the hours it watches."""

    what = "the closing state"
    indented = True

    partitions: dict[str, Progress] = field(default_factory=dict)
    hours: dict[str, Seen] = field(default_factory=dict)
    schema: int = SCHEMA
