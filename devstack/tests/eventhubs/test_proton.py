"""Apache Qpid Proton as a client: strict about AMQP 1.0, knows nothing of Event Hubs.

Needs the package python-qpid-proton, which is built from source, so `make soak` runs these tests.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

from devstack.tests.eventhubs.clients import read
from devstack.tests.eventhubs.serving import KEY, POLICY, Served

pytestmark = pytest.mark.soak

installed = find_spec("proton") is not None
proton: Any = import_module("proton") if installed else None
reactor: Any = import_module("proton.reactor") if installed else None
utils: Any = import_module("proton.utils") if installed else None


def connected(served: Served, **options: Any) -> Any:
    """A blocking connection with SASL PLAIN."""
    return utils.BlockingConnection(
        f"amqp://localhost:{served.port}",
        allowed_mechs="PLAIN",
        user=POLICY,
        password=KEY,
        timeout=60,
        **options,
    )


def test_send_receive_and_what_the_python_sdk_makes_of_it(served: Served, hub: str) -> None:
    connection = connected(served)
    sender = connection.create_sender(f"{hub}/Partitions/0")
    for number in range(5):
        sender.send(proton.Message(body=f"m{number}", properties={"n": number}))
    selector = reactor.Selector("amqp.annotation.x-opt-sequence-number >= '1'")
    receiver = connection.create_receiver(
        f"{hub}/ConsumerGroups/$Default/Partitions/0", credit=10, options=selector
    )
    got = [receiver.receive(timeout=60) for _ in range(4)]
    assert [message.body for message in got] == ["m1", "m2", "m3", "m4"]
    assert [message.annotations["x-opt-sequence-number"] for message in got] == [1, 2, 3, 4]
    connection.close()
    assert [event.body for event in read(served.connection_string, hub, 5)] == [b"m%d" % n for n in range(5)]


def test_a_refused_link_says_why(served: Served, hub: str) -> None:
    connection = connected(served)
    with pytest.raises(utils.LinkDetached, match="argument-out-of-range"):
        connection.create_sender(f"{hub}/Partitions/99")
    connection.close()


def test_its_idle_timeout_is_kept_by_heartbeats(served: Served, hub: str) -> None:
    connection = connected(served, heartbeat=1.0)
    receiver = connection.create_receiver(f"{hub}/ConsumerGroups/$Default/Partitions/0", credit=1)
    with pytest.raises(proton.Timeout):
        receiver.receive(timeout=2.5)
    connection.create_sender(hub).send(proton.Message(body="still connected"))
    connection.close()
