"""Waiting for the app: until both triggers have finished, and until the rollups have caught up."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import aiohttp

from vendctl.hub import behind, last_numbers
from vendctl.replay.errors import ReplayError
from vendctl.replay.reconcile import Mismatch

STALLED_SECONDS = 90.0
"""How long nothing may move before the replay gives up."""
QUIET_SECONDS = 20.0
"""How long rollups may stay as they are before differences count as final."""
POLL_SECONDS = 0.5
Stage = Callable[[str, int, int], None]


async def finished(environment: Mapping[str, str], stage: Stage, log: str) -> None:
    """Until ingest and archive have handled every event of the hub. Raises :class:`ReplayError`."""
    total = sum(last + 1 for last in (await last_numbers(environment)).values())
    before: dict[str, int] = {}
    moved = time.monotonic()
    while True:
        left = await behind(environment)
        for name, count in left.items():
            stage(f"{name} done", total - count, total)
        if not any(left.values()):
            return
        if left != before:
            before, moved = left, time.monotonic()
        if time.monotonic() - moved > STALLED_SECONDS:
            names = ", ".join(f"{name} is {count} events behind" for name, count in left.items() if count)
            raise ReplayError(
                f"nothing moved for {STALLED_SECONDS:.0f} s: {names} of {total}; see {log}, then run again: "
                "the replay goes on where it is"
            )
        await asyncio.sleep(POLL_SECONDS)


async def rolled_up(url: str, off: Callable[[], Awaitable[list[Mismatch]]]) -> list[Mismatch]:
    """Run ``roll_up`` until its days agree, or do not change any more; what is then still off."""
    before: list[Mismatch] | None = None
    moved = time.monotonic()
    async with aiohttp.ClientSession() as http:
        while True:
            await _trigger(http, url)
            await asyncio.sleep(POLL_SECONDS)
            now = await off()
            if now != before:
                before, moved = now, time.monotonic()
            if not now or time.monotonic() - moved > QUIET_SECONDS:
                return now


async def _trigger(http: aiohttp.ClientSession, url: str) -> None:
    """The timer by hand, through the host's admin endpoint."""
    async with http.post(f"{url}/admin/functions/roll_up", json={"input": ""}) as answer:
        if answer.status != 202:
            raise ReplayError(f"{url} would not run roll_up: {answer.status} {await answer.text()}")
