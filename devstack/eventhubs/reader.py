"""What a receiving link reads from: a place in a partition, a small buffer, and its epoch."""

import time
from collections import deque

from devstack.eventhubs.errors import INTERNAL_ERROR, INVALID_FIELD, AmqpError
from devstack.eventhubs.hub.partition import Partition
from devstack.eventhubs.hub.receivers import Receivers
from devstack.eventhubs.log.entry import Damaged, Event
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire.link import OutgoingLink
from devstack.eventhubs.wire.message import with_delivery_annotations

EPOCH = "com.microsoft:epoch"
METRICS = "com.microsoft:enable-receiver-runtime-metric"


class Reader:
    """The source of a receiving link. Holds at most one chunk of the log, however slow the client is."""

    def __init__(self, link: OutgoingLink, partition: Partition, receivers: Receivers, sequence: int) -> None:
        self.epoch = _epoch(link.attach.properties.get(EPOCH))
        self._metrics = METRICS in link.attach.desired
        self._link = link
        self._partition = partition
        self._receivers = receivers
        self._next = sequence
        self._buffer: deque[Event] = deque()
        receivers.admit(self)
        partition.subscribe(link.wake)

    def take(self) -> bytes | None:
        """The next event, encoded."""
        if not self._buffer:
            try:
                self._buffer.extend(self._partition.log.read(self._next))
            except FileNotFoundError:
                return None  # retention took the segment between two steps; the next wake starts behind it
            except (OSError, Damaged) as fault:
                raise AmqpError(
                    INTERNAL_ERROR, f"partition {self._partition.index} cannot be read: {fault}"
                ) from fault
            if not self._buffer:
                return None
        event = self._buffer.popleft()
        self._next = event.sequence + 1
        return self._with_metrics(event.payload) if self._metrics else event.payload

    def _with_metrics(self, payload: bytes) -> bytes:
        log = self._partition.log
        return with_delivery_annotations(
            payload,
            e.mapping(
                {
                    e.symbol("last_enqueued_sequence_number"): e.long(log.published - 1),
                    e.symbol("last_enqueued_offset"): e.string(str(log.published_offset)),
                    e.symbol("last_enqueued_time_utc"): e.timestamp(log.published_time),
                    e.symbol("runtime_info_retrieval_time_utc"): e.timestamp(int(time.time() * 1000)),
                }
            ),
        )

    def steal(self, fault: AmqpError) -> None:
        """Lose the partition to another receiver."""
        self._link.detach(fault)
        self._link.session.connection.wake()

    def closed(self) -> None:
        """The link is gone."""
        self._partition.unsubscribe(self._link.wake)
        self._receivers.leave(self)
        self._buffer.clear()


def _epoch(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise AmqpError(INVALID_FIELD, f"the link property {EPOCH} must be a number from 0 on, not {value!r}")
    return value
