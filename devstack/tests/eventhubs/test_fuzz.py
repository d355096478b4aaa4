"""Mutated frames against the engine: it answers or closes, and nothing else ever happens.

EVENTHUBS_FUZZ_FRAMES sets how many (default 30000; the long run is 1000000).
"""

import contextlib
import os
import random
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.eventhubs.broker import Client
from devstack.eventhubs.config import HubConfig, Settings
from devstack.eventhubs.errors import AmqpError
from devstack.eventhubs.faults import Faults
from devstack.eventhubs.hub.durability import ProcessDurability
from devstack.eventhubs.hub.namespace import Namespace
from devstack.eventhubs.security.policies import EMULATOR
from devstack.eventhubs.wire.connection import Application
from devstack.eventhubs.wire.decode import decode
from devstack.eventhubs.wire.frames import frame
from devstack.tests.eventhubs.fuzzing import Echo, mutate, opened, seeds, well_formed

FRAMES = int(os.environ.get("EVENTHUBS_FUZZ_FRAMES", "30000"))


@pytest.fixture
def namespace(tmp_path: Path) -> Iterator[Namespace]:
    settings = Settings(tmp_path, hubs=(HubConfig("hub", 2, frozenset({"g"})),), retention_bytes=1 << 20)
    held = Namespace(settings, ProcessDurability())
    yield held
    held.close()


@pytest.mark.parametrize("kind", ["sections", "server"])
def test_mutated_frames_never_break_the_engine(kind: str, namespace: Namespace) -> None:
    def application() -> Application:
        if kind == "sections":
            return Echo()
        return Client(
            namespace, (EMULATOR,), frozenset({"localhost"}), Faults(), lambda _seconds, _call: None
        )

    rng = random.Random(20261123)
    good = seeds()
    connection, used, closed = opened(application()), 0, 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(FRAMES // 2):
        body = mutate(rng, rng.choice(good), good)
        connection.receive(frame(body[:60_000], rng.choice((0, 0, 0, 0, 1))))
        connection.pump(100_000)
        well_formed(connection.output())
        used += 1
        if connection.closing or 0 not in connection.sessions or used > 50:
            closed += connection.closing
            connection.release()
            connection, used = opened(application()), 0
        if number % 10_000 == 0:
            namespace.expire(0)
        if number % 4 == 0:
            with contextlib.suppress(AmqpError):
                decode(mutate(rng, rng.choice(good), good))
    connection.release()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert closed > FRAMES // 200
    assert grown < 64 * 1024, f"{grown} KiB more memory"
    if kind == "server":
        assert namespace.hub("hub").partitions[0].log.next_sequence > FRAMES // 1000, (
            "some events got through"
        )


def test_a_performative_in_an_array_is_refused() -> None:
    connection = opened(Echo())
    connection.output()
    inside = b"\xa1\x01x"
    connection.receive(frame(b"\x00\x53\x12\xf0" + (8).to_bytes(4) + (1).to_bytes(4) + inside + b"\x00"))
    assert connection.closing
    assert b"amqp:decode-error" in connection.output()
