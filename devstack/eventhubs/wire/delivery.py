"""A message of a client, and the two ends that may be behind a link."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from devstack.eventhubs.errors import AmqpError


class Delivery(NamedTuple):
    """A whole message from a client; ``settled`` ones want no answer."""

    id: int
    format: int
    payload: bytes
    settled: bool


class Sink(Protocol):
    """Where a client's messages go. ``settle`` is to be called once for each delivery that is not settled."""

    def deliver(self, delivery: Delivery, settle: Callable[[AmqpError | None], None]) -> None:
        """Take a message."""

    def closed(self) -> None:
        """The link is gone."""


class Source(Protocol):
    """Where a client's messages come from."""

    def take(self) -> bytes | None:
        """The next encoded message, or None when there is none now."""

    def closed(self) -> None:
        """The link is gone."""
