"""The stock of some machines."""

import asyncio
from collections.abc import Sequence

from vending.documents.stock import MachineStock
from vending.ports import Documents, Stored
from vending.readable import readable

READS_AT_ONCE = 16


async def stocks(machines: Documents, ids: Sequence[str], spanned: int) -> dict[str, MachineStock | None]:
    """Of those that have one, None where it is malformed: one query where they stand side by side in the
    fleet, else point reads. ``ids`` are in order; ``spanned`` is how many machines there are from the first
    to the last of them."""
    if not ids:
        return {}
    if spanned <= 2 * len(ids):
        found = machines.select(
            None, ("id", "=", "stock"), ("machineId", ">=", ids[0]), ("machineId", "<=", ids[-1])
        )
        return {stored.body["machineId"]: readable(stored.body, MachineStock) async for stored in found}
    gate = asyncio.Semaphore(READS_AT_ONCE)

    async def one(machine: str) -> Stored | None:
        async with gate:
            return await machines.read(machine, "stock")

    read = zip(ids, await asyncio.gather(*map(one, ids)), strict=True)
    return {machine: readable(stored.body, MachineStock) for machine, stored in read if stored is not None}
