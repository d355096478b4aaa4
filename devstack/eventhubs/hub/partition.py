"""One partition: appends whole transfers, shows them once they are durable, wakes the readers."""

from collections.abc import Callable, Iterable
from typing import Protocol

from devstack.eventhubs.errors import INTERNAL_ERROR, RESOURCE_LIMIT, AmqpError
from devstack.eventhubs.log.entry import EntryBuilder
from devstack.eventhubs.log.partition_log import PartitionLog
from devstack.eventhubs.wire.message import Body, provenance, stamp

Settle = Callable[[AmqpError | None], None]


class Durability(Protocol):
    """When an appended entry counts as stored."""

    def appended(self, partition: "Partition", builder: EntryBuilder, settle: Settle) -> None:
        """Publish the entry and settle it, now or later."""


class Partition:
    """``hub/index``; ``changed`` callbacks run when there are new events to read."""

    def __init__(self, hub: str, index: int, log: PartitionLog, durability: Durability) -> None:
        self.hub = hub
        self.index = index
        self.log = log
        self._durability = durability
        self._readers: dict[Callable[[], None], None] = {}

    def append(
        self, bodies: Iterable[Body], key: str | None, publisher: str | None, now_ms: int, settle: Settle
    ) -> None:
        """Store the events of one transfer, all or none, and settle it when they are stored.

        ``key`` is the envelope's partition key, for events that carry none of their own.
        """
        common: dict[str | None, list[bytes]] = {}
        try:
            builder = self.log.begin(now_ms)
            for body in bodies:
                own = body.key if body.key is not None else key
                if own not in common:
                    common[own] = provenance(own, publisher)
                builder.add(stamp(body, builder.sequence, builder.offset, builder.time_ms, common[own]))
            self.log.commit(builder)
        except OSError as fault:
            settle(self._refusal(fault))
            return
        self._durability.appended(self, builder, settle)

    def _refusal(self, fault: OSError) -> AmqpError:
        condition = INTERNAL_ERROR if self.log.broken else RESOURCE_LIMIT
        return AmqpError(condition, f"partition {self.index} of {self.hub!r} could not be written: {fault}")

    def publish(self, builder: EntryBuilder) -> None:
        """Show an entry to readers."""
        self.log.publish(builder.sequence, builder.last_offset, builder.time_ms)
        for changed in list(self._readers):
            changed()

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after every publication."""
        self._readers[changed] = None

    def unsubscribe(self, changed: Callable[[], None]) -> None:
        """No more calls."""
        self._readers.pop(changed, None)
