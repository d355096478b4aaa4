"""The timers' work, done at once and to the end, on the system that the environment names."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from vendctl.operations.rebuild import Messages, roll_up_all
from vending import wiring
from vending.archive.compact import compact_archive
from vending.archive.compact_hour import Compacted
from vending.archive.layout import HOUR


def compacted() -> Compacted:
    """The archive compacted, as of some hours from now: the current hour too."""

    async def run() -> Compacted:
        try:
            return await compact_archive(wiring.compaction(), datetime.now(UTC) + 3 * HOUR)
        finally:
            await wiring.close()

    return asyncio.run(run())


def rolled_up() -> None:
    """Everything rolled up."""

    async def run() -> None:
        try:
            queue = Messages()
            await roll_up_all(replace(wiring.roll_up_stores(), queue=queue), queue, datetime.now(UTC))
        finally:
            await wiring.close()

    asyncio.run(run())
