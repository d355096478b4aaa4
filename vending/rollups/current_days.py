"""Days as they count now, whether they are open or closed: for whoever reads them.

Of an open day the figures of machines, sites and routes are in the buckets; the fleet's own documents say
themselves what counts (:func:`vending.rollups.tree.total`). All is point reads: of the list of open days,
of the bucket, and for a site of its catalog entry, whose route leads to the bucket. Where one of these is
malformed it is given in the place of the day: whoever reads it finds the day malformed, and not empty.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from vending.documents.catalog import CatalogSite
from vending.documents.days import BUCKETS, BucketDay, MachineDay, RouteDay, SiteDay, Summary
from vending.documents.rollup_state import OPEN_DAYS, ROLLUP, OpenDays
from vending.ports import Documents, Filter, Put, Stored
from vending.readable import readable
from vending.recent import Recent
from vending.rollups import buckets, tree

FRESH_FOR = timedelta(seconds=5)
"""For so long the list of open days and a bucket are remembered."""
KEPT = 2
"""Buckets that are remembered, those of a route today and yesterday: one of 1,500 machines takes 25 MB."""


class _Found(NamedTuple):
    """A bucket as it is stored, and what it holds; None where it is malformed."""

    stored: Stored
    bucket: BucketDay | None


class CurrentDays:
    """The port Documents, in front of the container ``machines`` or ``fleet``."""

    def __init__(
        self,
        documents: Documents,
        fleet: Documents,
        catalog: Documents,
        fresh_for: timedelta = FRESH_FOR,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._documents = documents
        self._fleet = fleet
        self._catalog = catalog
        self._clock = clock
        self._steps = Recent(fresh_for)
        self._buckets = Recent(fresh_for, KEPT)

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002 - Cosmos DB's own word
        """The document, or None; of a day, as it counts now."""
        if not id.startswith(tree.day_id("")):
            return await self._documents.read(key, id)
        if self._documents is self._fleet:
            return await self._summary(key, id) or await self._documents.read(key, id)
        stored = await self._documents.read(key, id)
        return await self._machine(stored) if stored else None

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        """As the container's own."""
        return await self._documents.write(key, puts)

    async def select(
        self, key: str | None, *where: Filter, fields: Sequence[str] = ()
    ) -> AsyncIterator[Stored]:
        """The documents that match, days of machines as they count now; with ``fields``, and of summaries, as
        they are stored."""
        async for stored in self._documents.select(key, *where, fields=fields):
            yield stored if fields else await self._machine(stored)

    async def _summary(self, key: str, id: str) -> Stored | None:  # noqa: A002
        """The day of a site or a route while its bucket counts, and holds something of it; else None."""
        (kind, _, name), day = key.partition(":"), id.removeprefix(tree.day_id(""))
        first = await self._first(day) if kind in _SUMMED else BUCKETS
        if first >= BUCKETS:
            return None
        route = name
        if kind == "site":
            place = await self._catalog.read(CatalogSite.type, name)
            site = readable(place.body, CatalogSite) if place else None
            if place and site is None:
                return place
            route = site.route if site else ""
        number = buckets.bucket_of(name, route)
        found = await self._bucket(number, day) if number >= first else None
        if found is None or found.bucket is None:
            return found and found.stored
        summary = _SUMMED[kind](found.bucket, name)
        return Stored(summary.dump(), "") if summary.children else None

    async def _first(self, day: str) -> int:
        """The first bucket of a day that counts, those before it are in the tree; BUCKETS where none does.

        A list of open days that is malformed does not tell: then what there is in a bucket counts.
        """

        async def load() -> dict[str, int] | None:
            stored = await self._fleet.read(ROLLUP, OPEN_DAYS)
            if stored is None:
                return {}
            held = readable(stored.body, OpenDays)
            return {one.date: one.step for one in held.days} if held else None

        steps: dict[str, int] | None = await self._steps.get(OPEN_DAYS, self._clock(), load)
        return 0 if steps is None else steps.get(day, BUCKETS)

    async def _bucket(self, number: int, day: str) -> _Found | None:
        key = buckets.bucket_key(number, day)

        async def load() -> _Found | None:
            stored = await self._fleet.read(*key)
            return _Found(stored, readable(stored.body, BucketDay)) if stored else None

        found: _Found | None = await self._buckets.get(key, self._clock(), load)
        return found

    async def _machine(self, stored: Stored) -> Stored:
        if stored.body.get("type") != MachineDay.type or stored.body.get("closed"):
            return stored
        day = readable(stored.body, MachineDay)
        found = await self._bucket(buckets.home(day), day.date) if day and day.buckets else None
        if day is None or found is None:
            return stored
        if found.bucket is None:
            return found.stored
        held = found.bucket.early.get(day.machine_id)
        current = buckets.as_counted(day, held, sealed=found.bucket.sealed) if held else day
        if held is None or current is day:
            return stored
        current.computed_at = max(day.computed_at, found.bucket.computed_at)
        return Stored(current.dump(), stored.etag)


def summaries(bucket: BucketDay) -> Iterator[Summary]:
    """The days of all sites and routes of a bucket."""
    for kind, of_one in _SUMMED.items():
        names = {getattr(held, kind) for held in bucket.early.values() if held.site}
        yield from (of_one(bucket, name) for name in sorted(names - {""}))


def _site(bucket: BucketDay, site: str) -> Summary:
    held = {machine: one for machine, one in bucket.early.items() if one.site == site}
    children = {machine: [one.rev, buckets.shared(one)] for machine, one in held.items()}
    return _filled(SiteDay, tree.site_day_key(site, bucket.date), bucket, children)


def _route(bucket: BucketDay, route: str) -> Summary:
    children: dict[str, list[Any]] = {}
    for held in bucket.early.values():
        if held.route == route:
            tree.add(children.setdefault(held.site, [bucket.rev, {}])[1], buckets.shared(held))
    return _filled(RouteDay, tree.route_day_key(route, bucket.date), bucket, children)


def _filled(kind: type[Summary], key: tree.Key, bucket: BucketDay, children: dict[str, list[Any]]) -> Summary:
    (scope, name), date = key, bucket.date
    summary = kind(id=name, scope=scope, date=date, rev=bucket.rev, children=children)
    summary.computed_at = bucket.computed_at
    return summary


_SUMMED: dict[str, Callable[[BucketDay, str], Summary]] = {"site": _site, "route": _route}
