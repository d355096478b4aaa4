"""Waiting for a condition, with a deadline; never for a while."""

import asyncio
import time
from collections.abc import Callable, Mapping

from azure.core.exceptions import AzureError
from azure.eventhub.exceptions import EventHubError

from vendctl.hub import checkpoints, last_numbers
from vending.errors import Transient

AWAY = (AzureError, EventHubError, OSError, Transient)
"""A store or a hub that does not answer, as it may not while a test lets it fail."""


def nothing() -> None:
    """Between two looks."""


def until[Found](
    question: Callable[[], Found],
    what: str | Callable[[], str],
    seconds: float = 60,
    meanwhile: Callable[[], object] = nothing,
) -> Found:
    """The first answer that is true; ``meanwhile`` is done after each other answer."""
    deadline = time.monotonic() + seconds
    while not (found := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what if isinstance(what, str) else what()}")
        meanwhile()
        time.sleep(0.1)
    return found


def finished(
    environment: Mapping[str, str],
    seconds: float = 90,
    meanwhile: Callable[[], object] = nothing,
    away: tuple[type[Exception], ...] = (),
) -> float:
    """Both Event Hubs functions have finished every event that the hub holds now; the seconds that it took.

    The hub is asked once: that takes five connections and a second, a look at the checkpoints milliseconds.
    Who fails with one of ``away`` is asked again.
    """
    begun = time.monotonic()
    numbers: dict[str, int] = {}
    stored: dict[str, dict[str, int]] = {}

    def done() -> bool:
        nonlocal numbers, stored
        try:
            numbers = numbers or asyncio.run(last_numbers(environment))
            stored = asyncio.run(checkpoints(environment))
        except away:
            return False
        return all(
            last <= own.get(partition, -1) for own in stored.values() for partition, last in numbers.items()
        )

    until(done, lambda: f"the hub holds {numbers}, the app has done {stored}", seconds, meanwhile)
    return time.monotonic() - begun
