"""Waiting for a condition, with a deadline; never for a while."""

import asyncio
import time
from collections.abc import Callable, Mapping

from vendctl.hub import behind


def until[Found](question: Callable[[], Found], what: str, seconds: float = 60) -> Found:
    """The first answer that is true."""
    deadline = time.monotonic() + seconds
    while not (found := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
    return found


def finished(environment: Mapping[str, str], seconds: float = 90) -> None:
    """Both Event Hubs functions have finished every event of the hub."""
    until(lambda: not any(asyncio.run(behind(environment)).values()), "the app has finished the hub", seconds)
