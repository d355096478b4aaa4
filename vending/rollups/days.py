"""Count machine days anew, and carry each up to the fleet: by buckets while a day is open, then by the tree.

In the tree every level above is written always, even where nothing changed: whoever wrote this level may have
crashed before the next.
"""

from collections.abc import Collection, Iterable

from vending import business_day
from vending.documents.base import load
from vending.documents.days import Summary
from vending.ports import Put
from vending.retry import retry_on_conflict
from vending.rollups import breakdowns, machine_days, tree
from vending.rollups.buckets import bucket_of
from vending.rollups.compute import ROUNDS, DirtyDay, check, compute
from vending.rollups.early_days import count_early
from vending.rollups.open_days import opened
from vending.rollups.run import Run, Share, finished
from vending.rollups.tree import Contribution
from vending.time import millis


async def recompute(dirty: Collection[DirtyDay], run: Run) -> None:
    """Count the days, and everything above them. Raises Transient when it must be tried again.

    What fails for good, a defect or a document that is too large, costs its own entries: all others are
    counted. ``run.broken`` has then the machines whose days it kept from being counted everywhere;
    recomputing these days contributes them to every level anew.
    """
    early = await opened(dirty, run.now, run.stores)
    in_buckets: dict[tuple[str, int], list[DirtyDay]] = {}
    for one in dirty:
        if one.day in early:
            in_buckets.setdefault((one.day, _bucket(one)), []).append(one)

    async def bucket(key: tuple[str, int]) -> list[Share]:
        async with run.buckets:
            return await count_early(key[1], in_buckets[key], run)

    buckets = [bucket(key) for key in sorted(in_buckets)]
    days = [_count(one, run) for one in dirty if one.day not in early]
    shares = await finished([*buckets, *days])
    while shares:
        shares = await _summarise(shares, run)


def _bucket(dirty: DirtyDay) -> int:
    site = dirty.assignment.site_on(dirty.day)
    return bucket_of(site.id, site.route)


async def _count(dirty: DirtyDay, run: Run) -> list[Share]:
    """A day that is closed, or was never counted early."""
    machine = dirty.machine
    async with run.gate:
        with run.broken.costs(dirty.day, {machine}, f"{machine} {dirty.day}"):
            computed = await compute(dirty, run.now, run.stores.machines)
            if computed is None:
                return []
            if computed.document.closed:
                await run.closed(dirty.assignment, computed.document)
            given = machine_days.contributions(computed.document)
            return [(share, frozenset({machine})) for share in given]
    return []


async def _summarise(given: Iterable[Share], run: Run) -> list[Share]:
    """Put the shares into their summaries, each replaced once; what these give to the next level."""
    by_key: dict[tree.Key, list[Share]] = {}
    for share in given:
        by_key.setdefault(share[0].key, []).append(share)

    async def one(shares: list[Share]) -> list[Share]:
        first, below = shares[0][0], frozenset[str]().union(*(machines for _, machines in shares))
        async with run.gate:
            with run.broken.costs(first.day, below, f"{first.scope} {first.day}"):
                summary = await _summary([share for share, _ in shares], run)
                return [(share, below) for share in tree.upwards(summary)]
        return []

    return await finished(one(shares) for _, shares in sorted(by_key.items()))


async def _summary(shares: list[Contribution], run: Run) -> Summary:
    (scope, name), fleet = shares[0].key, run.stores.fleet

    async def attempt() -> Summary:
        stored = await fleet.read(scope, name)
        held = load(stored.body, Summary) if stored else tree.empty(scope, shares[0].day)
        if not tree.merge(held, shares):
            return held
        held.computed_at = business_day.instant(millis(run.now))
        check(f"{scope} {name}", breakdowns.narrow(held, {share.child for share in shares}))
        await fleet.write(scope, [Put(held.dump(), stored.etag if stored else None)])
        return held

    return await retry_on_conflict(f"{scope} {name}", attempt, ROUNDS)
