"""Forget many machines at once that the catalog does not place: invented ones, leftovers of tests.

Each portion of them is put in quarantine and ordered to be forgotten in one write. When that has begun, and
ingest is past it, their documents go: all conditions in one pass, and beyond that only what there is. Then
the quarantine ends by itself. A run that died is finished by the next one.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched

from vendctl.operations.exclude import MARGIN, NotYet, Who
from vendctl.operations.honest_machine import NOTHING
from vendctl.operations.mend_machine import MendStores, mend_conditions, mend_ledger, withdraw_alerts
from vending.catalog.machines import CatalogMachines
from vending.ingest.exclusion_list import AT_ONCE, Change, read, write
from vending.ingest.exclusions import MACHINES, Exclusion, Exclusions, Scope
from vending.ingest.stored_conditions import of_fleet
from vending.ports import Documents
from vending.time import millis

BULK = "unassigned-"
"""Begins the ids of these exclusions; their quarantines end with ``-q``."""
MACHINES_AT_ONCE = 16
Told = Callable[[int, int], None]
"""Told (machines done, of how many)."""


@dataclass(frozen=True)
class Unassigned:
    """Machines that the catalog does not place, and that were not heard of since a time."""

    machines: list[str]
    sold: list[str]
    """Those of them whose ledger holds anything."""


async def unassigned(
    stores: MendStores, catalog: Documents, before: datetime, spared: frozenset[str] = frozenset()
) -> Unassigned:
    """Find them. Raises NotYet without machines in the catalog: then all would be."""
    placed = await CatalogMachines(catalog).named()
    if not placed.machines:
        raise NotYet(
            "the catalog has no machines, so none is unassigned: `vendctl catalog import` comes first"
        )
    fleet = await of_fleet(stores.conditions)
    heard = {machine: entry["seen"][2] if "seen" in entry else 0 for machine, entry in fleet.items()}
    found = stores.machines.select(None, ("id", "=", "stock"), fields=("machineId", "applied", "slots"))
    stocks = {one.body["machineId"]: one.body async for one in found}
    known = heard.keys() | {machine for machine, held in stocks.items() if held["applied"] or held["slots"]}
    limit = millis(before)
    chosen = sorted(x for x in known - placed.machines - spared if heard.get(x, 0) < limit)
    return Unassigned(chosen, [x for x in chosen if x in stocks and stocks[x]["applied"]])


async def order_all(machines: Sequence[str], who: Who, catalog: Documents, now: int) -> int:
    """Record what is to be forgotten; from when on (ms) it is in effect."""
    begins = now + MARGIN
    changes = []
    for number, portion in enumerate(batched(machines, MACHINES, strict=False)):
        name, scope = f"{BULK}{now}-{number:04d}", Scope(tuple(portion))
        shut = Exclusion(f"{name}-q", "quarantine", scope, begins, None, who.reason, who.by, now)
        changes += [Change(shut), Change(replace(shut, id=name, what="forget", since=0, until=begins))]
    for few in batched(changes, AT_ONCE, strict=False):
        await write(catalog, few)
    return begins


def pending(held: Exclusions) -> list[Exclusion]:
    """What was ordered at once and is not finished."""
    return [x for x in held.all.values() if x.id.startswith(BULK) and x.what == "forget" and not x.finished]


async def forget_all(catalog: Documents, stores: MendStores, now: datetime, told: Told) -> int:
    """Mend the documents of all that is pending; how many machines. Raises NotYet before it is in effect."""
    held = await read(catalog)
    orders = pending(held)
    if any(x.until is None or x.until > millis(now) for x in orders):
        raise NotYet("what was ordered is not in effect yet; run it again in a minute")
    machines = [machine for x in orders for machine in x.scope.machines]
    if machines:
        version = max(x.recorded for x in orders)
        await mend_conditions({machine: {} for machine in machines}, stores.conditions, version)
        await _each(machines, stores, version, now, told)
    for few in batched(orders, AT_ONCE // 2, strict=False):
        quarantines = [held.all[f"{x.id}-q"] for x in few]
        ended = [replace(x, until=max(millis(now) + MARGIN, x.since)) for x in quarantines]
        finished = [replace(x, finished=True) for x in few]
        await write(catalog, [Change(x, new=False) for x in (*ended, *finished)])
    return len(machines)


async def _each(machines: Sequence[str], stores: MendStores, version: int, now: datetime, told: Told) -> None:
    """What single machines have beyond their conditions: two queries of the fleet say which have anything."""
    stocks = stores.machines.select(None, ("id", "=", "stock"), fields=("machineId",))
    with_stock = {one.body["machineId"] async for one in stocks}
    alerts = stores.alerts.select(None, ("type", "=", "alert"), fields=("machineId",))
    with_alerts = {one.body["machineId"] async for one in alerts}
    gate, done = asyncio.Semaphore(MACHINES_AT_ONCE), 0

    async def one(machine: str) -> None:
        nonlocal done
        async with gate:
            if machine in with_stock:
                await mend_ledger(machine, NOTHING, stores, version, now)
            if machine in with_alerts:
                await withdraw_alerts(machine, NOTHING, stores, now)
        done += 1
        told(done, len(machines))

    async with asyncio.TaskGroup() as tasks:
        for machine in machines:
            tasks.create_task(one(machine))
