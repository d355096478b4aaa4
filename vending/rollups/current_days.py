"""Days as they count now, whether they are open or closed: for whoever reads them.

Of an open day the figures of machines, sites and routes are in the buckets; the fleet's own documents say
themselves what counts (:func:`vending.rollups.rollups.total`).
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from vending.documents.base import load
from vending.documents.catalog import CatalogSite
from vending.documents.days import BucketDay, MachineDay, RouteDay, SiteDay, Summary
from vending.documents.rollup_state import OPEN_DAYS, ROLLUP, OpenDays
from vending.ports import Documents, Filter, Put, Stored
from vending.readable import readable
from vending.rollups import buckets, rollups

FRESH_FOR = 5.0
"""Seconds for which the list of open days is remembered. The figures of a day that closes stay the same."""


class CurrentDays:
    """The port Documents, in front of the container ``machines`` or ``fleet``."""

    def __init__(
        self, documents: Documents, fleet: Documents, catalog: Documents, fresh_for: float = FRESH_FOR
    ) -> None:
        self._documents = documents
        self._fleet = fleet
        self._catalog = catalog
        self._fresh_for = fresh_for
        self._open: tuple[float, frozenset[str]] | None = None

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002 - Cosmos DB's own word
        """The document, or None; of a day, as it counts now."""
        if not id.startswith(rollups.day_id("")):
            return await self._documents.read(key, id)
        if self._documents is self._fleet:
            return await self._summary(key, id) or await self._documents.read(key, id)
        stored = await self._documents.read(key, id)
        return await self._machine(stored) if stored else None

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        """As the container's own."""
        return await self._documents.write(key, puts)

    def select(self, key: str | None, *where: Filter, fields: Sequence[str] = ()) -> AsyncIterator[Stored]:
        """As the container's own."""
        return self._documents.select(key, *where, fields=fields)

    async def _summary(self, key: str, id: str) -> Stored | None:  # noqa: A002
        """A site's or a route's day while it is open; else None."""
        (kind, _, name), day = key.partition(":"), id.removeprefix(rollups.day_id(""))
        if kind not in _SUMMED or not await self._is_open(day):
            return None
        route = name if kind == "route" else await self._route(name)
        bucket = await self._bucket(buckets.bucket_of(name, route), day)
        if bucket is None or not bucket.early:  # nothing was sold, or it has just been closed
            return None
        return Stored(_SUMMED[kind](bucket, name).dump(), "")

    async def _is_open(self, day: str) -> bool:
        now = time.monotonic()
        if self._open is None or now - self._open[0] >= self._fresh_for:
            stored = await self._fleet.read(ROLLUP, OPEN_DAYS)
            held = readable(stored.body, OpenDays) if stored else None
            days = frozenset(one.date for one in held.days if one.early) if held else frozenset()
            self._open = now, days
        return day in self._open[1]

    async def _route(self, site: str) -> str:
        stored = await self._catalog.read(CatalogSite.type, site)
        held = readable(stored.body, CatalogSite) if stored else None
        return held.route if held else ""

    async def _bucket(self, bucket: int, day: str) -> BucketDay | None:
        stored = await self._fleet.read(*buckets.bucket_key(bucket, day))
        return load(stored.body, BucketDay) if stored else None

    async def _machine(self, stored: Stored) -> Stored:
        if stored.body.get("type") != MachineDay.type or stored.body.get("closed"):
            return stored
        day = readable(stored.body, MachineDay)
        bucket = await self._bucket(buckets.home(day), day.date) if day and day.buckets else None
        held = bucket.early.get(day.machine_id) if day and bucket else None
        if day is None or bucket is None or held is None or not held.site:
            return stored
        current = buckets.as_counted(day, held)
        current.computed_at = max(day.computed_at, bucket.computed_at)
        return Stored(current.dump(), stored.etag)


def _site(bucket: BucketDay, site: str) -> Summary:
    held = {machine: one for machine, one in bucket.early.items() if one.site == site}
    children = {machine: [one.rev, buckets.shared(one)] for machine, one in held.items()}
    return _filled(SiteDay, rollups.site_day_key(site, bucket.date), bucket, children)


def _route(bucket: BucketDay, route: str) -> Summary:
    children: dict[str, list[Any]] = {}
    for held in bucket.early.values():
        if held.site and held.route == route:
            rollups.add(children.setdefault(held.site, [bucket.rev, {}])[1], buckets.shared(held))
    return _filled(RouteDay, rollups.route_day_key(route, bucket.date), bucket, children)


def _filled(
    kind: type[Summary], key: rollups.Key, bucket: BucketDay, children: dict[str, list[Any]]
) -> Summary:
    (scope, name), date = key, bucket.date
    summary = kind(id=name, scope=scope, date=date, rev=bucket.rev, children=children)
    summary.computed_at = bucket.computed_at
    return summary


_SUMMED: dict[str, Callable[[BucketDay, str], Summary]] = {"site": _site, "route": _route}
