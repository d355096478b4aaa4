"""A change of the catalog makes days dirty: a mapping that arrives later, a move, another zone or route.

:func:`spread` turns the change into one ``rework`` document per machine, :func:`rework` recomputes that
machine's days a portion at a time. A change that shifts days (a move, a zone) is gone over twice, the second
time when every invocation that began with the older catalog is long over: such a one may still have written
a day that the newer catalog does not have.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vending.business_day import shift
from vending.catalog import catalog
from vending.catalog.catalog import Home
from vending.errors import Conflict, Transient, VendstreamError
from vending.ingest.commit_stock import readable
from vending.ports import Filter, Put
from vending.rollups import machine_days
from vending.rollups.roll_up import REWORK, ROLLUP, RollUpStores, state_of
from vending.rollups.roll_up_days import Dirty, recompute
from vending.state import ledger
from vending.time import millis

log = logging.getLogger(__name__)

MACHINES = 500
DAYS = 60
"""Bounds of one invocation; a follow-up message goes on."""
AGAIN = timedelta(hours=1)
"""After so long a machine whose days cannot be computed is tried again."""
SETTLE = timedelta(minutes=30)
"""Longer than any invocation lives (host.json: functionTimeout)."""
Affected = dict[str, tuple[str, bool]]
"""Machine → (from which day on, whether days may have shifted)."""


@dataclass(frozen=True)
class Due:
    """What is to be done to a machine: its days from ``since`` on, at ``at`` and again at ``settles``.

    ``broken``: because a defect kept a day from being computed.
    """

    since: str
    at: datetime
    settles: datetime | None = None
    broken: bool = False


async def spread(version: int, now: datetime, stores: RollUpStores) -> None:
    """Note every machine that the imports since the last spread affect. Redone whole after a crash."""
    if await stores.catalog.refresh() < version:
        raise Transient(f"catalog version {version} is not visible here yet")
    version = stores.catalog.version
    state, stored = await state_of(stores, "catalog")
    if state.get("target", 0) != version:
        state = state | {"target": version, "after": ""}
    affected = await _affected(state.get("processed", 0), stores)
    left = [machine for machine in sorted(affected) if machine > state["after"]]
    for machine in left[:MACHINES]:
        since, shifting = affected[machine]
        await note(machine, Due(since, now, now + SETTLE if shifting else None), version, stores)
    done = len(left) <= MACHINES
    state = state | ({"processed": version, "after": ""} if done else {"after": left[MACHINES - 1]})
    try:
        await stores.fleet.write(ROLLUP, [Put(state, stored.etag if stored else None)])
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
            since = catalog.affected_since(stored.body, processed)
            if since is None:
                continue
            if kind == "site":
                sites.add(stored.body["id"])
            else:
                _widen(result, stored.body["id"], since, kind == "machine")
    if sites:  # rare, and the only question about all machines
        async for stored in documents.select("machine"):
            if any(site in sites for _, site in stored.body["placements"]):
                _widen(result, stored.body["id"], "", True)
    return result


def _widen(affected: Affected, machine: str, since: str, shifting: bool) -> None:
    held = affected.get(machine, (since, shifting))
    affected[machine] = (min(held[0], since), held[1] or shifting)


async def note(machine: str, due: Due, version: int, stores: RollUpStores) -> None:
    """Open the machine's rework, or widen one that is still open: nothing of it is put off."""
    while True:
        stored = await stores.fleet.read(REWORK, machine)
        body: dict[str, Any] = {
            "id": machine,
            "scope": REWORK,
            "type": "rework",
            "schema": 1,
            "open": True,
            "cursor": "",
            "since": due.since,
            "due": millis(due.at),
            "settles": millis(due.settles) if due.settles else 0,
            "broken": due.broken,
            "version": version,
        }
        if stored and stored.body["open"]:
            held = stored.body
            body |= {name: min(body[name], held[name]) for name in ("since", "due")}
            body |= {name: max(body[name], held[name]) for name in ("settles", "broken", "version")}
            if body.items() <= held.items():
                return
        try:
            await stores.fleet.write(REWORK, [Put(body, stored.etag if stored else None)])
        except Conflict:
            continue
        return


async def rework(machine: str, now: datetime, stores: RollUpStores) -> None:
    """Recompute the next portion of a machine's affected days."""
    stored = await stores.fleet.read(REWORK, machine)
    if stored is None or not stored.body["open"] or stored.body["due"] > millis(now):
        return
    body = stored.body
    if await stores.catalog.refresh() < body["version"]:
        raise Transient(f"catalog version {body['version']} is not visible here yet")
    if not body["cursor"]:
        body |= {"began": millis(now), "failing": False}
    last, broken = await _portion(machine, body, now, stores)
    # A pass that an older version began kept in ``broken`` what it found.
    body["failing"] = body.get("failing", body["broken"]) or broken
    body |= {"cursor": last} if last else _after_a_pass(body, now)
    try:
        await stores.fleet.write(REWORK, [Put(body, stored.etag)])
    except Conflict:
        return  # widened meanwhile, or done by another one; it is still open, and the timer comes back
    if last:
        await stores.queue.send({"machine": machine})


async def _portion(
    machine: str, body: dict[str, Any], now: datetime, stores: RollUpStores
) -> tuple[str, bool]:
    """Recompute some days; where to go on, if there are more, and whether one of them is defective."""
    try:
        home = await stores.catalog.home(machine)
        days = sorted(day for day in await _days(home, body["since"], stores) if day > body["cursor"])
    except VendstreamError:
        raise
    except Exception:
        log.exception("%s: its days cannot be told; tried again later", machine)
        return "", True
    dirty: Dirty = {(machine, day): () for day in days[:DAYS]}
    broken = await recompute(dirty, {machine: home}, now, stores)
    return days[DAYS - 1] if len(days) > DAYS else "", bool(broken)


def _after_a_pass(body: dict[str, Any], now: datetime) -> dict[str, Any]:
    """All days were gone over: another pass, or done."""
    after: dict[str, Any] = {"cursor": "", "broken": body["failing"]}
    if body["failing"]:
        return after | {"due": millis(now + AGAIN)}
    if body["began"] < body["settles"]:
        return after | {"due": body["settles"]}
    return after | {"open": False}


async def _days(home: Home, since: str, stores: RollUpStores) -> set[str]:
    """The machine's days on record, and those that its ledger has, from the day before ``since`` on."""
    first = shift(since, -1) if since else ""
    start = home.window(first)[0] if since else 0
    held = stores.machines.select(home.machine, ("type", "=", "day"), fields=("date",))
    days = {stored.body["date"] async for stored in held}
    pages = stores.machines.select(home.machine, ("type", "=", "page"), ("to", ">=", start))
    async for stored in pages:
        days |= machine_days.days_of(readable(stored, ledger.PAGE_SCHEMA).body, home)
    return _from(days, first)


def _from(days: Iterable[str], first: str) -> set[str]:
    return {day for day in days if day >= first}
