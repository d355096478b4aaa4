"""Waiting for a condition, with a deadline; never for a while."""

import asyncio
import time
from collections.abc import Callable, Mapping

from vendctl.hub import checkpoints, last_numbers


def until[Found](question: Callable[[], Found], what: str, seconds: float = 60) -> Found:
    """The first answer that is true."""
    deadline = time.monotonic() + seconds
    while not (found := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
    return found


def finished(environment: Mapping[str, str], seconds: float = 90) -> None:
    """Both Event Hubs functions have finished every event that the hub holds now.

    The hub is asked once: that takes five connections and a second, a look at the checkpoints milliseconds.
    """
    numbers = asyncio.run(last_numbers(environment))

    def done() -> bool:
        stored = asyncio.run(checkpoints(environment)).values()
        return all(last <= own.get(partition, -1) for own in stored for partition, last in numbers.items())

    until(done, "the app has finished the hub", seconds)
