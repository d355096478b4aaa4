"""Where ``vendctl machine`` works: the stores, the services' clock, and how far the functions are."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from vendctl.hub import checkpoints, last_numbers
from vendctl.operations.exclude import NotYet
from vendctl.operations.forget_machine import Forgetting
from vendctl.operations.honest_machine import Sources
from vendctl.operations.mend_machine import MendStores
from vendctl.operations.rebuild import Course, Messages
from vendctl.progress import Progress
from vending import wiring
from vending.catalog.cache import CatalogCache
from vending.rollups.timer import RollUpStores

STEP = 1.0
"""Seconds between two looks."""
FUNCTIONS = ("ingest", "archive")


def stores() -> MendStores:
    """The live documents. The rollups' queue is not used: their timer finds what is to be done."""
    known = CatalogCache(wiring.catalog(), wiring.settings().default_time_zone)
    machines = wiring.machines()
    rollups = RollUpStores(machines, machines, wiring.fleet(), known, Messages())
    return MendStores(machines, wiring.conditions(), wiring.alerts(), rollups)


def forgetting(progress: Progress) -> Forgetting:
    """What it takes to forget."""

    def read(hour: datetime, number: int, blobs: int, events: int) -> None:
        note = f"up to {hour:%Y-%m-%dT%H}h, {events:,} events of the machine"
        progress.stage("archive blobs read", number, blobs, note)

    course = Course(wiring.version(), asyncio.sleep, read)
    sources = Sources(wiring.archive_blobs(), wiring.ingest_stores(), course)
    return Forgetting(wiring.catalog(), stores(), sources, progress.say)


async def service_time() -> datetime:
    """What time it is where the events arrive: an operator's own clock may be wrong."""
    heard: list[str] = []

    def listen(answer: Any) -> None:
        heard.append(answer.http_response.headers["Date"])

    await wiring.deadletters().container.get_container_properties(raw_response_hook=listen)
    return parsedate_to_datetime(heard[-1]).astimezone(UTC)


async def past(environment: Mapping[str, str], seconds: float) -> None:
    """Wait until ingest and archive have done all that the hub has now. Raises NotYet after ``seconds``."""
    ends, deadline = await last_numbers(environment), time.monotonic() + seconds
    while left := _behind(ends, await checkpoints(environment)):
        if time.monotonic() > deadline:
            raise NotYet(f"{left}; ask again when they are not (`vendctl partitions` says what stands)")
        await asyncio.sleep(STEP)


def _behind(ends: Mapping[str, int], done: Mapping[str, Mapping[str, int]]) -> str:
    """Which functions are behind, in words; nothing where none is."""
    counts = {
        name: sum(max(0, end - done.get(name, {}).get(partition, -1)) for partition, end in ends.items())
        for name in FUNCTIONS
    }
    return " and ".join(f"{name} is {count:,} events behind" for name, count in counts.items() if count)
