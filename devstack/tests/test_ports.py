"""Ports for servers of tests: none is given twice, and no outgoing connection takes one first."""

import socket

from devstack.ports import COUNT, FIRST, free_port


def test_no_port_is_given_twice() -> None:
    given = [free_port() for _ in range(300)]
    assert len(set(given)) == 300
    assert all(FIRST <= port < FIRST + COUNT for port in given)


def test_a_port_that_somebody_holds_is_passed_over() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        preferred = held.getsockname()[1]
        assert free_port(preferred) != preferred
    assert free_port(preferred) == preferred
