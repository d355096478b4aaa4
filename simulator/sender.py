"""Deliveries to Event Hubs by the official producer, keyed by device; only what is acknowledged counts."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
import zlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from simulator.link import Delivery

if TYPE_CHECKING:
    from azure.eventhub import EventData, EventHubProducerClient
    from azure.eventhub.amqp import AmqpAnnotatedMessage

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds before a refused send is tried again."""
TRIES = 3
"""How often a forgery is tried: not every hub has publisher endpoints."""


class Sender:
    """Some connections, each with a thread; a device's deliveries keep their order."""

    def __init__(self, connection: str, hub: str, connections: int = 2) -> None:
        self.acknowledged: queue.SimpleQueue[list[Delivery]] = queue.SimpleQueue()
        self.undeliverable = 0
        self.failure: Exception | None = None
        """A bug that ended a thread: nothing more is sent."""
        self.stopping = threading.Event()
        self._lanes = [_Lane(self, connection, hub) for _ in range(connections)]

    def submit(self, deliveries: Iterable[Delivery]) -> None:
        """Send them as soon as possible. Raises RuntimeError when a thread of the sender died."""
        if self.failure:
            raise RuntimeError(f"sending stopped: {self.failure!r}") from self.failure
        for delivery in deliveries:
            lane = self._lanes[zlib.crc32(delivery.key.encode()) % len(self._lanes)]
            lane.submitted += 1
            lane.waiting.put(delivery)

    @property
    def pending(self) -> int:
        """How many deliveries are not acknowledged yet."""
        return sum(lane.pending for lane in self._lanes)

    def close(self, seconds: float) -> list[Delivery]:
        """Finish what is being sent, within the time; what was not acknowledged, in each device's order.

        What was on its way then is doubtful: the hub may have it all the same.
        """
        self.stopping.set()
        deadline = time.monotonic() + seconds
        for lane in self._lanes:
            lane.waiting.put(None)
        for lane in self._lanes:
            lane.thread.join(max(0.0, deadline - time.monotonic()))
        return [delivery for lane in self._lanes for delivery in lane.rest()]


class _Lane:
    def __init__(self, sender: Sender, connection: str, hub: str) -> None:
        self.sender = sender
        self.connection, self.hub = connection, hub
        self.client = producer(connection, hub)
        self.waiting: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self.sending: list[Delivery] = []
        self.finished = 0
        self.submitted = 0
        self._lock = threading.Lock()
        # A daemon: a hub that does not answer must not keep the process from ending.
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    @property
    def pending(self) -> int:
        """Submitted, and neither acknowledged nor given up. Each figure has one thread that writes it."""
        return self.submitted - self.finished

    def rest(self) -> list[Delivery]:
        """What was not acknowledged; from now on no acknowledgement counts."""
        with self._lock:
            found, self.sending = self.sending, []
        for delivery in found:
            delivery.doubtful += 1
        while not self.waiting.empty():
            left = self.waiting.get()
            if left is not None:
                found.append(left)
        return found

    def _work(self) -> None:
        try:
            with self.client:
                self._empty()
        except Exception as fault:  # noqa: BLE001 - shown to whoever looks, instead of a silent thread
            self.sender.failure = fault

    def _empty(self) -> None:
        while (first := self.waiting.get()) is not None:
            taken, ended = self._take(first)
            with self._lock:
                self.sending = taken
            for group in _groups(taken):
                if not self._deliver(group):
                    return
            if ended:
                return

    def _take(self, first: Delivery) -> tuple[list[Delivery], bool]:
        taken = [first]
        while len(taken) < 2_000 and not self.waiting.empty():
            delivery = self.waiting.get()
            if delivery is None:
                return taken, True
            taken.append(delivery)
        return taken, False

    def _deliver(self, group: list[Delivery]) -> bool:
        """Send until it is acknowledged; False when the time is over."""
        from azure.eventhub.exceptions import EventHubError

        tries = 0
        while True:
            try:
                send(self.client, self.connection, self.hub, group)
            except EventHubError as fault:
                tries += 1
                for delivery in group:
                    delivery.doubtful += 1
                log.warning("the hub did not take %d events of %s: %s", len(group), group[0].key, fault)
                if group[0].publisher and tries == TRIES:
                    self.sender.undeliverable += len(group)
                    return self._done(group, counts=False)
                if self.sender.stopping.wait(PATIENCE):
                    return False
            else:
                return self._done(group, counts=True)

    def _done(self, group: list[Delivery], *, counts: bool) -> bool:
        with self._lock:
            if not self.sending:
                return False  # given up meanwhile: the next run sends it again
            done = set(map(id, group))
            self.sending = [x for x in self.sending if id(x) not in done]
        if counts:
            self.sender.acknowledged.put(group)
        self.finished += len(group)
        return True


def producer(connection: str, path: str) -> EventHubProducerClient:
    """A client of a hub, or of a publisher below it. Raises ValueError for a bad connection string."""
    from azure.eventhub import EventHubProducerClient

    parts = [part for part in connection.split(";") if part and not part.startswith("EntityPath=")]
    return EventHubProducerClient.from_connection_string(
        ";".join(parts) + ";", eventhub_name=path, retry_total=1, retry_backoff_factor=0.1
    )


def send(client: EventHubProducerClient, connection: str, hub: str, group: Sequence[Delivery]) -> None:
    """One device's deliveries, in order. Raises EventHubError when the hub does not take them."""
    publisher = group[0].publisher
    if publisher:
        with producer(connection, f"{hub}/Publishers/{publisher}") as impostor:
            impostor.send_batch([message(x) for x in group])
        return
    batch = client.create_batch(partition_key=group[0].key)
    for delivery in group:
        event = message(delivery)
        try:
            batch.add(event)
        except ValueError:
            client.send_batch(batch)
            batch = client.create_batch(partition_key=group[0].key)
            batch.add(event)
    client.send_batch(batch)


def message(delivery: Delivery) -> EventData | AmqpAnnotatedMessage:
    """What the SDK sends for a delivery."""
    from azure.eventhub import EventData
    from azure.eventhub.amqp import AmqpAnnotatedMessage

    if not delivery.section:
        return EventData(delivery.body)
    body = {f"{delivery.section}_body": json.loads(delivery.body)}
    # The SDK looks for a partition key among the annotations, and fails where there are none.
    return AmqpAnnotatedMessage(**body, annotations={})


def _groups(deliveries: list[Delivery]) -> list[list[Delivery]]:
    """By device, and within a device by credential; the order of a device's deliveries stays."""
    groups: dict[tuple[str, str], list[Delivery]] = {}
    for delivery in deliveries:
        groups.setdefault((delivery.key, delivery.publisher), []).append(delivery)
    return list(groups.values())
