"""One module a trigger.

A listener has ``start`` (returns when it listens), ``stop`` (takes no new work; what is
in flight may finish) and ``close`` (lets go of leases and connections).
"""

from typing import Protocol


class Listener(Protocol):
    """A trigger at work."""

    async def start(self) -> None:
        """Return when the trigger listens."""

    async def stop(self) -> None:
        """Take no new work."""

    async def close(self) -> None:
        """Release leases and connections; called when nothing is in flight any more."""
