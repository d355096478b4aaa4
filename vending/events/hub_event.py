"""An event as Event Hubs delivered it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class HubEvent:
    """One event as Event Hubs delivered it. ``generation`` tells one life of a hub from the next.

    ``amqp`` is the form of a message that no trigger can bind, because its body is no data (then ``body`` is
    empty): it came past the trigger (``vendctl partitions clear``). Such an event is always refused.
    """

    generation: str
    partition: str
    sequence: int
    offset: str
    enqueued: datetime
    key: str | None
    properties: Mapping[str, Any]
    system: Mapping[str, Any]
    body: bytes
    amqp: Mapping[str, Any] | None = None

    @property
    def numbering(self) -> str:
        """Within which its sequence number counts: generation/partition."""
        return f"{self.generation}/{self.partition}"

    @property
    def position(self) -> str:
        """Where it lies, for people: generation/partition@sequence number."""
        return f"{self.numbering}@{self.sequence}"
