"""Each invocation counts its own request units, whatever runs beside it."""

import asyncio

from vending.adapters.metering import Cost, charge, metered


async def invocation(units: float) -> Cost:
    async def access() -> None:
        await asyncio.sleep(0)
        charge("write machines", units)
        await asyncio.sleep(0)
        charge("read machines", 1)

    with metered() as cost:
        await asyncio.gather(access(), access())
    return cost


async def test_invocations_side_by_side_count_apart() -> None:
    one, two = await asyncio.gather(invocation(10), invocation(25.5))
    assert (one.requests, one.units, dict(one.by)) == (4, 22, {"write machines": 20, "read machines": 2})
    assert str(two) == "4 requests, 53.0 RU, 0 throttled"


def test_blocks_within_blocks_and_none_at_all() -> None:
    charge("read", 1)
    with metered() as outer:
        charge("read", 2)
        with metered() as inner:
            charge("read", 3)
    charge("read", 4)
    assert (outer.units, inner.units) == (5, 3)
