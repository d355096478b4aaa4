"""Who listens on which queue within one host."""

import asyncio
from collections import defaultdict


class Wakes:
    """Listeners of one host by queue: a message that goes to poison wakes the poison queue's at once."""

    def __init__(self) -> None:
        self._events: dict[str, list[asyncio.Event]] = defaultdict(list)

    def register(self, queue: str) -> asyncio.Event:
        """An event that is set when a message was put into ``queue``."""
        event = asyncio.Event()
        self._events[queue].append(event)
        return event

    def notify(self, queue: str) -> None:
        """Wake who listens on ``queue``."""
        for event in self._events.get(queue, ()):
            event.set()
