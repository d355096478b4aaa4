"""The list of exclusions: read by ingest once in a few seconds at most, written by operators.

Its version is one small document, so that a fleet without exclusions pays a point read in five seconds.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from vending.documents.base import load
from vending.documents.exclusions import KIND, LIST_ID, ListVersion, StoredExclusion
from vending.errors import Conflict, Transient
from vending.ingest import exclusions
from vending.ingest.exclusions import Exclusion, Exclusions
from vending.ports import Documents, Put

AT_ONCE = 16
"""Exclusions of one write: with all their machines half of what a batch may hold."""


class Current(Protocol):
    """Where ingest gets the exclusions."""

    async def current(self) -> Exclusions:
        """The list. Raises Transient."""
        ...

    def expire(self) -> None:
        """Read it again next time."""
        ...


class AsOf:
    """The exclusions as they were when a rebuild began."""

    def __init__(self, held: Exclusions) -> None:
        self._held = held

    async def current(self) -> Exclusions:
        """The list."""
        return self._held

    def expire(self) -> None:
        """It stays as it is."""


class ExclusionList:
    """The exclusions as they were at most :data:`exclusions.KEPT_FOR` ago."""

    def __init__(
        self,
        documents: Documents,
        moved: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._documents = documents
        self._moved = moved
        self._clock = clock
        self._held = exclusions.NONE
        self._until = float("-inf")

    async def current(self) -> Exclusions:
        """The list. ``moved`` is called when there is a new one. Raises Transient."""
        began = self._clock()
        if began >= self._until:
            held = await read(self._documents, self._held)
            if held.version > self._held.version:
                self._held = held
                self._moved()
            self._until = began + exclusions.KEPT_FOR.total_seconds()
        return self._held

    def expire(self) -> None:
        """Read it again next time."""
        self._until = float("-inf")


async def read(documents: Documents, held: Exclusions = exclusions.NONE) -> Exclusions:
    """The list as it is; of one that is held, only what changed is read. Raises Transient."""
    top, _ = await _top(documents)
    number = top.number
    if number < held.version:
        raise Transient(f"the list of exclusions went back from {held.version} to {number}: a lagging read")
    if number == held.version:
        return held
    found = documents.select(KIND, ("type", "=", KIND), ("version", ">", held.version))
    news = [exclusions.exclusion(load(one.body, StoredExclusion)) async for one in found]
    return Exclusions(number, (held.all | {one.id: one for one in news}).values())


async def _top(documents: Documents) -> tuple[ListVersion, str | None]:
    stored = await documents.read(KIND, LIST_ID)
    return (load(stored.body, ListVersion), stored.etag) if stored else (ListVersion(number=0), None)


@dataclass(frozen=True)
class Change:
    """An exclusion to be written: a new one, or one that takes the place of what is stored."""

    exclusion: Exclusion
    new: bool = True


async def write(documents: Documents, changes: Sequence[Change]) -> int:
    """Write all of the changes or none; the list's new version. Raises Transient for a stale write."""
    if len(changes) > AT_ONCE:
        raise ValueError(f"{len(changes)} exclusions at once; {AT_ONCE} are the most")
    top, etag = await _top(documents)
    top.number += 1
    puts: list[Put] = []
    for change in changes:
        before = None if change.new else await documents.read(KIND, change.exclusion.id)
        document = exclusions.document(change.exclusion, top.number)
        document.id = document.id or f"{top.number:08d}-{len(puts)}"
        if before:
            document.rest = load(before.body, StoredExclusion).rest
        puts.append(Put(document.dump(), before.etag if before else None))
    try:
        await documents.write(KIND, [*puts, Put(top.dump(), etag)])
    except Conflict as fault:
        raise Transient("another command changed the exclusions meanwhile; run this one again") from fault
    return top.number
