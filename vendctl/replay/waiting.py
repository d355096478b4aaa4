"""Waiting for the app: until both triggers have finished, and until the rollups have caught up."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp

from vendctl.hub import checkpoints, last_numbers
from vendctl.replay.errors import ReplayError
from vendctl.replay.reconcile import Mismatch

STALLED_SECONDS = 120.0
"""How long nothing may move before the replay gives up."""
QUIET_SECONDS = 3.0
"""How long the queue of rollup work must stay empty before that work counts as done."""
ROUNDS = 2
"""How often ``roll_up`` is run while its days do not agree."""
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
    mismatches: Callable[[], Awaitable[list[Mismatch]]]


async def rolled_up(rollups: RollUps, expected: int, stage: Stage, log: str) -> list[Mismatch]:
    """Run ``roll_up`` and let its work end; what is then off. Raises :class:`ReplayError` at a standstill.

    Runs must not overlap, they would do the same work twice: the next one waits for an empty queue.
    """
    off: list[Mismatch] = []
    async with aiohttp.ClientSession() as http:
        for _ in range(ROUNDS):
            await _trigger(http, rollups.url)
            await _worked_off(rollups, expected, stage, log)
            off = await rollups.mismatches()
            if not off:
                break
    return off


async def _worked_off(rollups: RollUps, expected: int, stage: Stage, log: str) -> None:
    before = (-1, -1)
    moved = emptied = time.monotonic()
    while True:
        now = (await rollups.queued(), await rollups.days())
        stage("days rolled up", min(now[1], expected), expected)
        if now != before:
            before, moved = now, time.monotonic()
        if now[0]:
            emptied = time.monotonic()
        if time.monotonic() - emptied > QUIET_SECONDS or (not now[0] and now[1] >= expected):
            return
        if time.monotonic() - moved > STALLED_SECONDS:
            raise ReplayError(
                f"nothing moved for {STALLED_SECONDS:.0f} s: {now[1]} of {expected} days are rolled up and "
                f"{now[0]} messages wait in rollup-shards; see {log}, then run again"
            )
        await asyncio.sleep(POLL_SECONDS)


async def _trigger(http: aiohttp.ClientSession, url: str) -> None:
    """The timer by hand, through the host's admin endpoint."""
    try:
        async with http.post(f"{url}/admin/functions/roll_up", json={"input": ""}) as answer:
            if answer.status != 202:
                raise ReplayError(f"{url} would not run roll_up: {answer.status} {await answer.text()}")
    except aiohttp.ClientError as fault:
        raise ReplayError(f"{url} does not answer ({fault}): run again") from fault
