"""What takes events, from sending links and over HTTP: single ones and batches, routed and stored."""

import time
from collections.abc import Callable

from devstack.eventhubs.addresses import Target
from devstack.eventhubs.errors import ARGUMENT, NOT_ALLOWED, AmqpError, not_implemented
from devstack.eventhubs.faults import Faults
from devstack.eventhubs.hub.namespace import Hub
from devstack.eventhubs.hub.partition import Partition, Settle
from devstack.eventhubs.wire.delivery import Delivery
from devstack.eventhubs.wire.message import BATCH_FORMAT, Body, batch, cut

LONGEST_KEY = 128  # characters: the service's quota

Later = Callable[[float, Callable[[], None]], object]


class Producer:
    """The sink of a link to a hub, one of its partitions, or a publisher."""

    def __init__(self, hub: Hub, target: Target, faults: Faults, later: Later) -> None:
        self._hub = hub
        self._partition = None if target.partition is None else hub.partition(target.partition)
        self._publisher = target.publisher
        self._faults = faults
        self._later = later
        if target.publisher is not None:
            check_length(target.publisher)
        if (barred := self.barred()) is not None:
            raise barred

    def barred(self) -> AmqpError | None:
        """Why its publisher may not send any more; None while it may."""
        return self._hub.revoked.refusal(self._publisher)

    def deliver(self, delivery: Delivery, settle: Settle) -> None:
        """Store a transfer's events, or refuse all of them."""
        self.store(lambda: _events(delivery), settle)

    def store(self, events: Callable[[], tuple[list[Body], str | None]], settle: Settle) -> None:
        """Store what ``events`` gives (events, and the key of their envelope), all or none."""
        delay = self._faults.take("delay")
        if delay is not None:
            settle = self._delayed(settle, delay.seconds)
        try:
            refusal = self.barred() or self._faults.refusal("send")
            if refusal is not None:
                raise refusal
            bodies, key = events()
            key = self._key(bodies, key)
            self._partition_for(key).append(bodies, key, self._publisher, int(time.time() * 1000), settle)
        except AmqpError as fault:
            settle(fault)

    def _delayed(self, settle: Settle, seconds: float) -> Settle:
        def later(fault: AmqpError | None) -> None:
            self._later(seconds, lambda: settle(fault))

        return later

    def _key(self, bodies: list[Body], key: str | None) -> str | None:
        """The key of events that have none: a publisher's name, the envelope's, or the one that they share.

        To a partition the events may have keys of their own: a buffering client hashes them itself, and sends
        what falls to the same partition together.
        """
        keys = {body.key for body in bodies if body.key is not None}
        if key is not None:
            keys.add(key)
        for each in keys:
            check_length(each)
        if self._partition is not None:
            return key
        if self._publisher is not None:
            keys.add(self._publisher)
        if len(keys) > 1:
            raise AmqpError(
                NOT_ALLOWED, f"the partition keys {sorted(keys)} in one transfer: send one at a time"
                + (", the publisher's name" if self._publisher is not None else "")
            )  # fmt: skip
        return keys.pop() if keys else None

    def _partition_for(self, key: str | None) -> Partition:
        return self._partition if self._partition is not None else self._hub.route(key)

    def closed(self) -> None:
        """Nothing is held."""


def check_length(key: str) -> None:
    """Raises AmqpError for a partition key beyond the quota; a character is one of UTF-16, as in .NET."""
    if len(key) > LONGEST_KEY // 2 and len(key.encode("utf-16-le")) // 2 > LONGEST_KEY:
        raise AmqpError(
            ARGUMENT, f"a partition key may have {LONGEST_KEY} characters: {key[:20]!r}… is longer"
        )


def _events(delivery: Delivery) -> tuple[list[Body], str | None]:
    if delivery.format == BATCH_FORMAT:
        encoded, key = batch(delivery.payload)
        return [cut(event) for event in encoded], key
    if delivery.format != 0:
        raise not_implemented(f"message format 0x{delivery.format:08x}")
    body = cut(delivery.payload)
    return [body], body.key
