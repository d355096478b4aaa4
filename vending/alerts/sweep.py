"""On a timer: machines are evaluated on their condition registers, and on what only time closes."""

import asyncio
from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from vending.alerts import rules
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.evaluate_registers import Evaluation
from vending.alerts.in_force import InForce
from vending.alerts.looks import Basis, OpenAlert
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.rules.base import Rule
from vending.alerts.rules.evidence import Registers, Stock
from vending.alerts.watch_machines import Evaluated, evaluate_stock
from vending.catalog.cataloged import EVERYWHERE, Cataloged
from vending.catalog.machines import AsRead
from vending.documents.base import Body
from vending.ingest import stored_conditions
from vending.ingest.stored_conditions import Read
from vending.ports import Filter
from vending.time import millis


async def evaluate_conditions(
    stores: AlertStores, now: datetime, silent_after: timedelta, catalog: Cataloged = EVERYWHERE
) -> int:
    """Evaluate the registers of all machines that sent something, or of which something is due by time; how
    many alerts changed.

    Machines that ``catalog`` does not place are not silent, whatever they say or do not say.

    Of a fleet of which nothing changed, a sweep lists the documents, the open alerts, and those that people
    resolved, which count as open for as long as they may not open again: three queries. Others are read by
    their ids (see :mod:`vending.alerts.looks`), and only machines whose alerts differ from what is found are
    looked at more closely.
    """
    basis = Basis(catalog, silent_after // timedelta(milliseconds=1), millis(now))
    listed = await stored_conditions.versions(stores.conditions)
    of = rules.on(Registers)
    opened = frozenset(
        [alert async for alert in _opened(stores, of)]
        + [alert async for alert in _resolved(stores, of, basis.now)]
    )
    wanted = stores.looks.wanted(basis, listed, opened)
    read = await _with_partners(wanted, stores)
    fleet = stored_conditions.readable_together(read.values())
    evaluation = Evaluation(basis, stores.looks, opened)
    for name in sorted(wanted & read.keys()):
        machines = {one: fleet[one] for one in read[name].names if one in fleet}
        evaluation.document(name, read[name].etag, machines)
        await asyncio.sleep(0)  # after two thousand machines, what else runs in this process goes on
    news = evaluation.news
    return await evaluate_each(news, lambda machine: raise_as_found(machine, news[machine], stores, now))


async def _with_partners(wanted: Set[str], stores: AlertStores) -> dict[str, Read]:
    """The documents, and all others with registers of a machine that stands in one of them."""
    read: dict[str, Read] = {}
    asked: set[str] = set()
    missing = set(wanted)
    while missing:
        asked |= missing
        found = await stored_conditions.read_each(stores.conditions, sorted(missing))
        for name, one in found.items():
            stores.looks.learn(name, one.names)
        read |= found
        missing = stores.looks.partners(wanted) - asked
    return read


async def evaluate_ageing(stores: AlertStores, now: datetime) -> int:
    """Evaluate again the machines with an open alert that only time closes; how many alerts changed.

    Those of which this process knows that it is firing still are not asked for.
    """
    by_time = [rule for rule in rules.on(Stock) if rule.closes == "time"]
    opened: dict[str, set[str]] = {}
    async for machine, name in _opened(stores, by_time):
        opened.setdefault(machine, set()).add(name)
    catalog = await stores.catalog.named()
    policies, stores = InForce(catalog), replace(stores, catalog=AsRead(catalog))

    async def evaluate(machine: str) -> int:
        known = stores.ageing.stock(machine, now)
        if known and opened[machine] <= _firing(known, policies, now):
            return 0
        stored = await stores.machines.read(machine, "stock")
        if stored is None:
            return 0
        changed = await evaluate_stock(stored.body, stores, now)
        stores.ageing.remember(machine, stored.body, now)
        return changed

    return await evaluate_each(opened, evaluate)


def _firing(stock: Body, policies: InForce, now: datetime) -> set[str]:
    return {finding.id for finding in Evaluated.of(stock, policies, now).findings if finding.firing}


async def _opened(stores: AlertStores, of: Sequence[Rule[Any]]) -> AsyncIterator[OpenAlert]:
    """Machine and id of the open alerts of some rules."""
    named = [rule.name for rule in of]
    where: list[Filter] = [("type", "=", "alert"), ("state", "=", "open"), ("rule", "in", named)]
    async for stored in stores.alerts.select(None, *where, fields=("machineId", "id")):
        yield stored.body["machineId"], stored.body["id"]


async def _resolved(stores: AlertStores, of: Sequence[Rule[Any]], now: int) -> AsyncIterator[OpenAlert]:
    """Those that are closed by hand, whose rule was not clear since, and that may not open yet: they are
    few."""
    named = [rule.name for rule in of]
    where: list[Filter] = [("state", "=", "closed"), ("dueAt", ">", now), ("rule", "in", named)]
    async for stored in stores.alerts.select(None, *where, fields=("machineId", "id", "resolved")):
        if stored.body.get("resolved"):  # not what a version closed that knew nothing of ``dueAt``
            yield stored.body["machineId"], stored.body["id"]
