"""A changed policy, a move, or maintenance that ended, is evaluated on stocks that do not change.

Stocks are evaluated when they change, so a sweep goes over those of the machines that are concerned. It does
so twice, one sweep after the other: meanwhile an evaluation may still have been under way that had read the
older catalog, and agreed with an alert. What is done is one document; where nothing is concerned it is not
written. A portion that failed is gone over again.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import batched

from msgspec.structs import replace

from vending.alerts.raise_alerts import AlertStores
from vending.alerts.watch_machines import watch_machines
from vending.catalog.cataloged import Cataloged
from vending.catalog.policies import FLEET, MACHINE, SITE
from vending.documents.base import load
from vending.documents.policy_progress import POLICIES, Extent, PolicyProgress
from vending.errors import Conflict
from vending.ingest import stored_conditions
from vending.ports import Put
from vending.time import millis

log = logging.getLogger(__name__)

MACHINES = 5_000
"""Of one sweep."""
MACHINES_AT_ONCE = 16
MACHINES_A_QUERY = 100


async def apply_policies(stores: AlertStores, now: datetime, machines: int = MACHINES) -> int:
    """Evaluate the stocks that a policy concerns anew, at most so many; how many alerts changed.

    Raises Transient. Without any policy in the catalog this asks for its version and nothing else.
    """
    catalog = await stores.catalog.named()
    if not catalog.policies:
        return 0
    stored = await stores.alerts.read(POLICIES, "progress")
    held = load(stored.body, PolicyProgress) if stored else _beginning(now)
    target = held.target or Extent(catalog.version, millis(now))
    left = [name for name in await _concerned(catalog, held.confirmed, target, stores) if name > held.after]
    if not left and not held.after:
        return 0
    changed = await _evaluate(left[:machines], stores, now)
    progress = _went_on(held, target, left[machines - 1] if len(left) > machines else None)
    try:
        await stores.alerts.write(POLICIES, [Put(progress.dump(), stored.etag if stored else None)])
    except Conflict:  # Another sweep evaluated the same at this very time.
        log.info("another sweep has noted how far policies were evaluated")
    return changed


def concerned(catalog: Cataloged, machines: Iterable[str], since: Extent, until: Extent) -> list[str]:
    """Those of the machines for which something else is in force than before, in order. Pure."""
    changed = _changed(catalog, since, until)
    if FLEET in changed:
        return sorted(machines)
    sites = any(name.startswith(SITE) for name in catalog.policies)
    if not changed and not sites:
        return []
    now = datetime.fromtimestamp(until.at / 1000, UTC)
    moved = _moved(catalog, since, until) if sites else set[str]()
    return sorted(
        name for name in machines if name in moved or not changed.isdisjoint(catalog.layers(name, now))
    )


def _changed(catalog: Cataloged, since: Extent, until: Extent) -> set[str]:
    """Policies that were imported after ``since``, or whose maintenance ended."""
    imported = {name for name, version in catalog.versions.items() if version > since.version}
    return imported | {
        name
        for name, terms in catalog.policies.items()
        if any(since.at < window.until <= until.at for window in terms.windows)
    }


def _moved(catalog: Cataloged, since: Extent, until: Extent) -> set[str]:
    """Machines whose entry was imported, or that a dated move brought to another site."""
    first, last = (datetime.fromtimestamp(one.at / 1000, UTC).date().isoformat() for one in (since, until))
    imported = {name for name, version in catalog.changed.items() if version > since.version}
    if first == last:
        return imported
    return imported | {
        name for name, rows in catalog.placements.items() if any(first < day <= last for day, _ in rows)
    }


def _beginning(now: datetime) -> PolicyProgress:
    """Of a deployment whose catalog just got its first policy."""
    before = Extent(0, millis(now))
    return PolicyProgress(confirmed=before, evaluated=before)


def _went_on(held: PolicyProgress, target: Extent, after: str | None) -> PolicyProgress:
    """The progress after a portion: ``after`` is its last machine, None where there are no more."""
    if after is not None:
        return replace(held, target=target, after=after)
    return replace(held, confirmed=held.evaluated, evaluated=target, target=None, after="")


async def _concerned(catalog: Cataloged, since: Extent, until: Extent, stores: AlertStores) -> list[str]:
    """A policy of the fleet holds for machines too that the catalog does not name: the conditions do."""
    machines = set(catalog.machines)
    if FLEET in _changed(catalog, since, until):
        documents = await stored_conditions.ids(stores.conditions)
        read = await stored_conditions.read_each(stores.conditions, documents)
        machines = machines.union(*(one.names for one in read.values()))
    else:
        machines |= {name.partition(":")[2] for name in catalog.policies if name.startswith(MACHINE)}
    return concerned(catalog, machines, since, until)


async def _evaluate(machines: Sequence[str], stores: AlertStores, now: datetime) -> int:
    changed = 0
    for portion in batched(machines, MACHINES_A_QUERY, strict=False):
        stocks = []
        for few in batched(portion, MACHINES_AT_ONCE, strict=False):
            stocks += await asyncio.gather(*(stores.machines.read(name, "stock") for name in few))
        changed += await watch_machines([stock.body for stock in stocks if stock], stores, now)
    return changed
