"""On a timer: machines are evaluated on their condition registers, and on what only time closes."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from vending.alerts import rules
from vending.alerts.alerts import Finding
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.rules.base import Rule
from vending.alerts.rules.evidence import Registers, Stock
from vending.alerts.watch_machines import evaluate_stock
from vending.catalog.machines import EVERYWHERE, Cataloged
from vending.ingest.stored_conditions import readable_of_fleet
from vending.ports import Filter
from vending.time import millis


async def evaluate_conditions(
    stores: AlertStores, now: datetime, silent_after: timedelta, catalog: Cataloged = EVERYWHERE
) -> int:
    """Evaluate the whole fleet's registers; how many alerts changed.

    Machines that ``catalog`` does not place are not silent, whatever they say or do not say.

    The fleet's condition is a handful of documents, and its open alerts are one query for all rules; only
    machines of which the two differ are looked at more closely.
    """
    fleet = await readable_of_fleet(stores.conditions)
    limit = silent_after // timedelta(milliseconds=1)
    opened = {alert async for alert in _opened(stores, rules.on(Registers))}
    news: dict[str, list[Finding]] = {}
    for machine, entry in fleet.items():
        evidence = Registers(machine, entry, millis(now), limit, catalog.places(machine), catalog.version)
        found = [finding for finding in rules.findings(evidence) if finding.firing is not None]
        if changed := [x for x in found if x.firing != ((machine, x.id) in opened)]:
            news[machine] = changed
    return await evaluate_each(news, lambda machine: raise_as_found(machine, news[machine], stores, now))


async def evaluate_ageing(stores: AlertStores, now: datetime) -> int:
    """Evaluate again the machines with an open alert that only time closes; how many alerts changed."""
    by_time = [rule for rule in rules.on(Stock) if rule.closes == "time"]
    opened = {machine async for machine, _ in _opened(stores, by_time)}

    async def evaluate(machine: str) -> int:
        stored = await stores.machines.read(machine, "stock")
        return await evaluate_stock(stored.body, stores, now) if stored else 0

    return await evaluate_each(opened, evaluate)


async def _opened(stores: AlertStores, of: Sequence[Rule[Any]]) -> AsyncIterator[tuple[str, str]]:
    """Machine and id of the open alerts of some rules."""
    named = [rule.name for rule in of]
    where: list[Filter] = [("type", "=", "alert"), ("state", "=", "open"), ("rule", "in", named)]
    async for stored in stores.alerts.select(None, *where, fields=("machineId", "id")):
        yield stored.body["machineId"], stored.body["id"]
