"""Waiting for the app: until both triggers have finished, and until the rollups have caught up."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp

from vendctl.hub import checkpoints, last_numbers
from vendctl.replay.errors import ReplayError

STALLED_SECONDS = 240.0
"""How long nothing may move before the replay gives up."""
IDLE_SECONDS = 10.0
"""How long the queue of rollup work may be empty, with work left, before ``roll_up`` is run again. Not
sooner: runs that overlap do the same work twice."""
POLL_SECONDS = 0.5
Stage = Callable[[str, int, int], None]


async def finished(environment: Mapping[str, str], stage: Stage, log: str) -> dict[str, int]:
    """Until ingest and archive have handled every event of the hub; the last number of each partition.

    Raises :class:`ReplayError` when they stand still.
    """
    numbers = await last_numbers(environment)
    total = sum(last + 1 for last in numbers.values())
    before: dict[str, int] = {}
    moved = time.monotonic()
    while True:
        marks = await checkpoints(environment)
        left = {name: _behind(numbers, marks[name]) for name in marks}
        for name, count in left.items():
            stage(f"{name} done", total - count, total)
        if not any(left.values()):
            return numbers
        if left != before:
            before, moved = left, time.monotonic()
        if time.monotonic() - moved > STALLED_SECONDS:
            names = ", ".join(f"{name} is {count} events behind" for name, count in left.items() if count)
            raise ReplayError(
                f"nothing moved for {STALLED_SECONDS:.0f} s: {names} of {total}; see {log}, then run again: "
                "the replay goes on where it is"
            )
        await asyncio.sleep(POLL_SECONDS)


def _behind(numbers: Mapping[str, int], marks: Mapping[str, int]) -> int:
    return sum(max(0, last - marks.get(partition, -1)) for partition, last in numbers.items())


async def catalog_noticed(url: str, noticed: Callable[[], Awaitable[bool]]) -> None:
    """Run ``roll_up`` until the rollups have gone over what the catalog changed, which is nothing yet.

    Raises :class:`ReplayError` when they do not.
    """
    deadline = time.monotonic() + STALLED_SECONDS
    async with aiohttp.ClientSession() as http:
        while not await noticed():
            if time.monotonic() > deadline:
                raise ReplayError(f"roll_up took no notice of the catalog for {STALLED_SECONDS:.0f} s")
            await _trigger(http, url)
            await asyncio.sleep(POLL_SECONDS)


@dataclass(frozen=True)
class RollUps:
    """What the waiting needs to know of them."""

    url: str
    """The host that runs ``roll_up``."""
    queued: Callable[[], Awaitable[int]]
    """Messages that are not finished, in work or not."""
    days: Callable[[], Awaitable[int]]
    """Machine days and fleet days that exist: it grows while work is done."""
    caught_up: Callable[[], Awaitable[bool]]
    """Whether every ledger page is counted, up to the fleet's days."""


async def rolled_up(rollups: RollUps, expected: int, stage: Stage, log: str) -> None:
    """Run ``roll_up`` until every ledger page is counted. Raises :class:`ReplayError` at a standstill."""
    before = (-1, -1)
    moved, worked = time.monotonic(), float("-inf")
    async with aiohttp.ClientSession() as http:
        while True:
            looked = time.monotonic()
            queued, days = await rollups.queued(), await rollups.days()
            stage("days rolled up", min(days, expected), expected)
            if not queued and await rollups.caught_up():
                return
            if (queued, days) != before:
                before, moved = (queued, days), time.monotonic()
            if time.monotonic() - moved > STALLED_SECONDS:
                raise ReplayError(
                    f"nothing moved for {STALLED_SECONDS:.0f} s: {days} of {expected} days are rolled up, "
                    f"{queued} messages wait in rollup-shards; see {log}, then run again"
                )
            if queued:
                worked = time.monotonic()
            elif time.monotonic() - worked > IDLE_SECONDS:
                worked = time.monotonic()
                await _trigger(http, rollups.url)
            # Looking costs the servers that the work needs: a fifth of the time at the most.
            await asyncio.sleep(max(POLL_SECONDS, 4 * (time.monotonic() - looked)))


async def _trigger(http: aiohttp.ClientSession, url: str) -> None:
    """The timer by hand, through the host's admin endpoint."""
    try:
        async with http.post(f"{url}/admin/functions/roll_up", json={"input": ""}) as answer:
            if answer.status != 202:
                raise ReplayError(f"{url} would not run roll_up: {answer.status} {await answer.text()}")
    except aiohttp.ClientError as fault:
        raise ReplayError(f"{url} does not answer ({fault}): run again") from fault
