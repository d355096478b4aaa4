"""A change of the catalog makes days dirty: a mapping that arrives later, a move, another zone or route.

:func:`spread` turns the change into one ``rework`` document per machine, :func:`rework` recomputes that
machine's days a portion at a time. A change that shifts days (a move, a zone) takes two passes, the second
when every invocation that began with the older catalog has ended: such a one may still have written a day
that the newer catalog does not have.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from vending.business_day import shift
from vending.catalog import assignments
from vending.catalog.assignments import Assignment
from vending.documents.base import Malformed, load
from vending.documents.catalog import CatalogEntry, CatalogMachine
from vending.documents.days import MachineDay
from vending.documents.pages import LedgerPage
from vending.documents.rollup_state import REWORK, CatalogProgress, Rework
from vending.errors import Conflict, Transient, VendstreamError
from vending.ports import Filter, Put, beginning
from vending.readable import readable
from vending.retry import retry_on_conflict
from vending.rollups import machine_days
from vending.rollups.compute import ROUNDS, DirtyDay
from vending.rollups.days import recompute
from vending.rollups.due import RETRY_AFTER, SECOND_PASS_AFTER, Due, note
from vending.rollups.run import Run
from vending.rollups.timer import RollUpStores, state_of
from vending.rollups.tree import day_id
from vending.time import millis

log = logging.getLogger(__name__)

MACHINES = 500
DAYS = 60
"""Bounds of one invocation; a follow-up message goes on."""
Affected = dict[str, tuple[str, bool]]
"""Machine → (from which day on, whether days may have shifted)."""


async def spread(version: int, now: datetime, stores: RollUpStores) -> None:
    """Note every machine that the imports since the last spread affect. Redone whole after a crash."""
    if await stores.catalog.refresh() < version:
        raise Transient(f"catalog version {version} is not visible here yet")
    version = stores.catalog.version
    progress, etag = await state_of(stores, CatalogProgress())
    if progress.target != version:
        progress.target, progress.after = version, ""
    affected = await _affected(progress.processed, stores)
    left = [machine for machine in sorted(affected) if machine > progress.after]
    for machine in left[:MACHINES]:
        since, shifting = affected[machine]
        await note(machine, Due(since, now, now + SECOND_PASS_AFTER if shifting else None), version, stores)
    done = len(left) <= MACHINES
    if done:
        progress.processed = version
    progress.after = "" if done else left[MACHINES - 1]
    try:
        await stores.fleet.write(progress.scope, [Put(progress.dump(), etag)])
    except Conflict:
        return  # the same work, done by another one
    if not done:
        await stores.queue.send({"catalog": version})


async def _affected(processed: int, stores: RollUpStores) -> Affected:
    documents, result = stores.catalog.documents, Affected()
    newer: Filter = ("version", ">", processed)
    sites: set[str] = set()
    for kind in ("site", "machine", "planogram"):
        async for stored in documents.select(kind, newer):
            since = _since(stored.body, processed)
            if since is None:
                continue
            if kind == "site":
                sites.add(stored.body["id"])
            else:
                _widen(result, stored.body["id"], since, kind == "machine")
    if sites:  # rare, and the only question about all machines
        async for stored in documents.select("machine"):
            if _stands_at(stored.body, sites):
                _widen(result, stored.body["id"], "", True)
    return result


def _since(body: Mapping[str, Any], processed: int) -> str | None:
    """From which day on an entry changed the rollups. For one that cannot be read, from the first day
    on: the rework of its machines finds out, and is retried until it can be."""
    try:
        return assignments.affected_since(load(body, CatalogEntry), processed)
    except Malformed:
        log.exception("%s %s of the catalog cannot be read", body.get("kind"), body.get("id"))
        return ""


def _stands_at(body: Mapping[str, Any], sites: Collection[str]) -> bool:
    """Whether a machine ever stood at one of the sites, or cannot be read."""
    try:
        return any(site in sites for _, site in load(body, CatalogMachine).placements)
    except Malformed:
        log.exception("machine %s of the catalog cannot be read", body.get("id"))
        return True


def _widen(affected: Affected, machine: str, since: str, shifting: bool) -> None:
    held = affected.get(machine, (since, shifting))
    affected[machine] = (min(held[0], since), held[1] or shifting)


async def rework(machine: str, now: datetime, stores: RollUpStores) -> None:
    """Recompute the next portion of a machine's affected days."""
    stored = await stores.fleet.read(REWORK, machine)
    held = readable(stored.body, Rework) if stored else None
    if stored and held is None:
        await note(machine, Due("", now), await stores.catalog.refresh(), stores)
    if stored is None or held is None or not held.open or held.due > millis(now):
        return
    if await stores.catalog.refresh() < held.version:
        raise Transient(f"catalog version {held.version} is not visible here yet")
    if not held.cursor:
        held.began, held.failing = millis(now), False
    held.cursor, broken = await _portion(held, now, stores)
    # A pass that an older version began kept in ``broken`` what it found.
    held.failing = (held.broken if held.failing is None else held.failing) or broken
    if not held.cursor:
        _end_pass(held, now)
    try:
        await stores.fleet.write(REWORK, [Put(held.dump(), stored.etag)])
    except Conflict:
        return  # widened meanwhile, or done by another one; it is still open, and the timer comes back
    if held.cursor:
        await stores.queue.send({"machine": machine})


async def _portion(held: Rework, now: datetime, stores: RollUpStores) -> tuple[str, bool]:
    """Recompute some days; where to go on, if there are more, and whether one of them is defective."""
    machine = held.id
    try:
        assignment = await stores.catalog.assignment(machine)
        days = sorted(day for day in await _days(assignment, held.since, stores) if day > held.cursor)
    except VendstreamError:
        raise
    except Exception:
        log.exception("%s: no business days for its pages; retried in an hour", machine)
        return "", True
    if held.recount:
        for day in days[:DAYS]:
            await _recounted(machine, day, stores)
    run = Run(now, stores)
    await recompute([DirtyDay(assignment, day, {}) for day in days[:DAYS]], run)
    return days[DAYS - 1] if len(days) > DAYS else "", bool(run.broken.machines or run.broken.lagging)


async def _recounted(machine: str, day: str, stores: RollUpStores) -> None:
    """Mark a day as one whose pages became fewer, so that it is not held to what was counted before."""

    async def attempt() -> None:
        stored = await stores.machines.read(machine, day_id(day))
        if stored is not None:
            marked = machine_days.recounted(load(stored.body, MachineDay))
            await stores.machines.write(machine, [Put(marked.dump(), stored.etag)])

    await retry_on_conflict(f"{machine} {day}", attempt, ROUNDS)


def _end_pass(held: Rework, now: datetime) -> None:
    """The end of a pass over all days: another one is due, or the rework is done."""
    held.broken = bool(held.failing)
    if held.broken:
        held.due = millis(now + RETRY_AFTER)
    elif (held.began or 0) < held.second_pass:
        held.due = held.second_pass
    else:
        held.open = False


async def _days(assignment: Assignment, since: str, stores: RollUpStores) -> set[str]:
    """The machine's days on record, and those that its ledger has, from the day before ``since`` on."""
    machine, first = assignment.machine, shift(since, -1) if since else ""
    start = assignment.window(first)[0] if since else 0
    held = stores.machines.select(machine, *beginning("day:"), fields=("date",))
    days = {stored.body["date"] async for stored in held}
    pages = stores.machines.select(machine, ("to", ">=", start))
    async for stored in pages:
        days |= machine_days.days_of(load(stored.body, LedgerPage), assignment)
    return {day for day in days if day >= first}
