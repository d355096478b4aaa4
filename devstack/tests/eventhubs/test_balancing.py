"""Consumers that share a hub through checkpoints in blobs: two processes, one killed, nothing missed."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.eventhub import EventData
from azure.storage.blob import ContainerClient

from devstack.tests.eventhubs.clients import producer
from devstack.tests.eventhubs.serving import ROOT, Served, wait_for

CHILD = Path(__file__).with_name("consumer_process.py")
Seen = Counter[tuple[int, int]]


class Consumer:
    """A consumer process and what it printed."""

    def __init__(self, log: Path, *words: str) -> None:
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen([sys.executable, str(CHILD), *words], stdout=file, cwd=ROOT)

    def seen(self) -> Seen:
        lines = self._log.read_text().splitlines()
        pairs = [line.split() for line in lines]
        return Counter((int(pair[0]), int(pair[1])) for pair in pairs if len(pair) == 2)

    def partitions(self) -> set[int]:
        return {partition for partition, _ in self.seen()}

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(60)


@pytest.fixture
def container(storage: str, hub: str) -> Iterator[str]:
    with ContainerClient.from_connection_string(storage, hub) as client:
        client.create_container()
        yield hub


@pytest.mark.parametrize("kinds", [("aio", "aio"), ("sync", "aio")])
def test_two_share_one_dies_nothing_is_missed(
    served: Served, hub: str, storage: str, container: str, tmp_path: Path, kinds: tuple[str, str]
) -> None:
    cs = served.connection_string
    words = (cs, hub, storage, container)
    sent: Seen = Counter()
    with producer(cs, hub) as client:
        consumers = [Consumer(tmp_path / f"{n}.log", kind, *words) for n, kind in enumerate(kinds)]
        second, first = consumers

        def feed() -> bool:
            """A few events on the way are enough; a flood would only be waited for."""
            if len(set(sent) - set(first.seen()) - set(second.seen())) < 20:
                number = len(sent) // 4
                for place in range(4):
                    client.send_event(EventData("x"), partition_id=str(place))
                    sent[place, number] += 1
            return True

        try:
            wait_for(lambda: feed() and first.partitions() and second.partitions(), 60, "both consume")
            first.kill()
            wait_for(lambda: feed() and second.partitions() == {0, 1, 2, 3}, 60, "the survivor owns all")
            feed()
            wait_for(
                lambda: not set(sent) - set(first.seen()) - set(second.seen()), 60, "every event is seen"
            )
        finally:
            for consumer in consumers:
                consumer.kill()
    seen = first.seen() + second.seen()
    assert set(seen) == set(sent)
    again = Consumer(tmp_path / "again.log", kinds[0], *words)
    try:
        with producer(cs, hub) as client:
            client.send_event(EventData("marker"), partition_id="0")
        marker = (0, max(number for place, number in sent if place == 0) + 1)
        wait_for(lambda: marker in again.seen(), 60, "the fresh consumer gets the new event")
        repeated = sum((again.seen() & sent).values())
        assert repeated <= len(sent) // 2, "it resumes at the checkpoints, not at the beginning"
    finally:
        again.kill()
