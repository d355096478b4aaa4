"""Who keeps a partition: the matrix of epochs, and the limit of readers without one."""

import pytest

from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire import performatives as p
from devstack.tests.eventhubs.peer import Peer, logged_in
from devstack.tests.eventhubs.serving import Served


def receive(peer: Peer, hub: str, epoch: int | None, group: str = "$Default") -> bool:
    """Attach a receiver; whether it was let in."""
    properties = e.NULL if epoch is None else e.mapping({e.symbol("com.microsoft:epoch"): e.long(epoch)})
    _, attach = peer.attach(source=f"{hub}/ConsumerGroups/{group}/Partitions/0", properties=properties)
    return attach[5] is not None


@pytest.mark.parametrize(
    ("held", "newer", "newer_wins"),
    [(0, 0, True), (0, 1, True), (5, 5, True), (1, 0, False), (0, None, False), (None, 0, True)],
)
def test_matrix(served: Served, hub: str, held: int | None, newer: int | None, newer_wins: bool) -> None:
    with logged_in(served.port) as first, logged_in(served.port) as second:
        assert receive(first, hub, held)
        assert receive(second, hub, newer) is newer_wins
        loser = first if newer_wins else second
        condition, text = loser.error_of_detach()
        assert condition == "amqp:link:stolen"
        assert "epoch" in text
        assert receive(second, hub, newer, group="another"), "groups do not know of each other"


def test_readers_without_epoch_share_up_to_five(served: Served, hub: str) -> None:
    with logged_in(served.port) as peer:
        assert all(receive(peer, hub, None) for _ in range(5))
        assert not receive(peer, hub, None)
        assert peer.error_of_detach()[0] == "amqp:resource-limit-exceeded"
        peer.say(0, p.DETACH, e.uint(0), e.TRUE, e.NULL)
        peer.hear(p.DETACH)
        assert receive(peer, hub, None)
        assert receive(peer, hub, 3)
        assert [peer.error_of_detach()[0] for _ in range(5)] == ["amqp:link:stolen"] * 5


def test_a_reader_that_vanishes_makes_room(served: Served, hub: str) -> None:
    with logged_in(served.port) as first:
        assert receive(first, hub, 9)
    with logged_in(served.port) as second:
        while not receive(second, hub, 1):
            assert second.error_of_detach()[0] == "amqp:link:stolen"


def test_an_epoch_must_be_a_number(served: Served, hub: str) -> None:
    with logged_in(served.port) as peer:
        assert not receive(peer, hub, -1)
        assert peer.error_of_detach()[0] == "amqp:invalid-field"
