"""The operator's catalog: which site a machine stands at, and what each of its selections sells.

Its documents are those of :mod:`vending.documents.catalog`; an :class:`Assignment` is what they say together
about one machine.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from vending import business_day
from vending.documents.catalog import CatalogEntry, CatalogMachine, CatalogPlanogram, CatalogSite

UNASSIGNED = "unassigned"
UNKNOWN = "unknown"
AUDIT = "audit"
"""The source of a machine's sales that is no device's event."""
LONGEST = 64
"""Characters of an unknown product's name: as many as a SKU may have."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place with machines. ``route`` is ``""`` where nobody drives there yet."""

    id: str
    name: str
    time_zone: str
    route: str = ""
    opening_hours: Mapping[str, Sequence[str]] | None = field(default=None, hash=False)
    """Weekday (``mon``) → spans such as ``06:00-22:00``; None where nobody said."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A planogram from a local moment on: selection → ``{sku, capacity, par, ...}``."""

    since: str
    slots: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a machine stands and what it sells, over time, as of one version of the catalog.

    ``placements``, ``editions`` and ``sources`` are in the order of ``since``; the first placement is from
    ``""`` on, before the first source the sales are those of the devices' events.
    """

    machine: str
    version: int
    placements: tuple[tuple[str, Site], ...]
    editions: tuple[Edition, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()

    def site_on(self, day: str) -> Site:
        """The site that a day's sales belong to."""
        return [site for since, site in self.placements if since <= day][-1]

    def zone_at(self, at: int) -> str:
        """The zone at an instant: a placement begins at its first local midnight, so every instant has
        one zone, and with it one business day, also around a move between zones."""
        held = self.placements[0][1].time_zone
        for since, site in self.placements[1:]:
            if business_day.window(since, site.time_zone)[0] <= at:
                held = site.time_zone
        return held

    def day_of(self, at: int) -> str:
        """The business day of an instant."""
        return business_day.day_of(at, self.zone_at(at))

    def window(self, day: str) -> tuple[int, int]:
        """Instants [from, to) that hold every instant of the business day, and may hold others."""
        around = (business_day.shift(day, -1), day, business_day.shift(day, 1))
        zones = {self.site_on(near).time_zone for near in around}
        windows = [business_day.window(day, name) for name in zones]
        return min(start for start, _ in windows), max(end for _, end in windows)

    def sku(self, line: Mapping[str, Any]) -> str:
        """What a ledger line sold: the device's word, else the planogram of that moment, else unknown.

        An unknown product keeps the name that the device gave: ``unknown:Cola``. Of a long one the end is a
        digest, so that no two become one.
        """
        if sku := line.get("sku"):
            return str(sku)
        slot = self.slots_at(line["at"]).get(line.get("selection", ""), {})
        name = line.get("product")
        return str(slot.get("sku") or (f"{UNKNOWN}:{_short(name)}" if name else UNKNOWN))

    def slots_at(self, at: int) -> Mapping[str, Mapping[str, Any]]:
        """The planogram in force at an instant, by the site's wall clock."""
        if not self.editions:
            return {}
        clock = self._clock(at)
        held = [edition.slots for edition in self.editions if edition.since <= clock]
        return held[-1] if held else {}

    def by_audits(self, since: int, until: int) -> bool:
        """Whether a span's sales are those that audits say: where they are so from its beginning to its end.

        Of a span in which that changes, nothing counts of what audits say of it: some of it devices told.
        """
        if not self.sources:
            return False
        begun, ended = self._source(since), self._source(until)
        return begun == ended and ended[1] == AUDIT

    def fingerprint(self) -> str:
        """The same for assignments that say the same, whatever their versions."""
        said = msgspec.json.encode([self.placements, self.editions, self.sources])
        return hashlib.blake2b(said, digest_size=6).hexdigest()

    def _source(self, at: int) -> tuple[str, str]:
        clock = self._clock(at)
        held = [row for row in self.sources if row[0] <= clock]
        return held[-1] if held else ("", "device")

    def _clock(self, at: int) -> str:
        """The site's wall clock, to the minute."""
        return business_day.local(at, self.zone_at(at)).replace(tzinfo=None).isoformat(timespec="minutes")


def _short(name: str) -> str:
    """A name of at most :data:`LONGEST` characters."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}~{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"


def unassigned(machine: str, time_zone: str) -> Site:
    """The site of a machine that nobody assigned: one of 256, so that none of their documents grows large."""
    bucket = hashlib.blake2b(machine.encode(), digest_size=1).hexdigest()
    return Site(f"{UNASSIGNED}-{bucket}", UNASSIGNED, time_zone)


def site(held: CatalogSite) -> Site:
    """A site from its document."""
    return Site(held.id, held.name or held.id, held.time_zone, held.route, held.opening_hours)


@dataclass(frozen=True, slots=True)
class Entries:
    """What the catalog has of a machine; ``sites`` are those of its placements that exist."""

    machine: CatalogMachine | None = None
    planogram: CatalogPlanogram | None = None
    sites: Mapping[str, Site] = field(default_factory=dict)


def assignment(machine: str, version: int, held: Entries, default_zone: str) -> Assignment:
    """A machine's assignment from its documents, as of a version of the catalog."""
    rows = sorted(held.machine.placements) if held.machine else []
    placements = [(since, held.sites.get(name) or Site(name, name, default_zone)) for since, name in rows]
    if not placements or placements[0][0]:
        placements.insert(0, ("", unassigned(machine, default_zone)))
    editions = [Edition(row.since, row.slots) for row in held.planogram.editions] if held.planogram else []
    editions.sort(key=lambda edition: edition.since)
    sources = sorted((held.machine.sources or []) if held.machine else [])
    return Assignment(machine, version, tuple(placements), tuple(editions), tuple(sources))


def affected_since(entry: CatalogEntry, version: int) -> str | None:
    """From which day on the imports after ``version`` changed the rollups; None when they did not."""
    days = [since[:10] for number, since in entry.affects if number > version]
    return min(days) if days else None
