"""On a timer: machines are judged on their conditions, and on what only time closes."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from vending.alerts import alert_rules, alerts
from vending.alerts.alerts import Finding
from vending.alerts.evaluate_each import judge_each
from vending.alerts.raise_alerts import AlertStores, raise_alerts
from vending.alerts.watch_machines import judge_stock
from vending.catalog.catalog_machines import EVERYWHERE, Cataloged
from vending.documents.base import current
from vending.ports import Filter
from vending.state import conditions
from vending.time import millis


async def judge_conditions(
    stores: AlertStores, now: datetime, silent_after: timedelta, catalog: Cataloged = EVERYWHERE
) -> int:
    """Judge the whole fleet on its registers (silence, faults, cold chain); how many alerts changed.

    Machines that ``catalog`` does not place are not silent, whatever they say or do not say.

    The fleet's condition is a handful of documents, and its open alerts are one query for each rule; only
    machines of which the two differ are looked at more closely.
    """
    fleet = conditions.merged(await _documents(stores))
    limit = silent_after // timedelta(milliseconds=1)
    opened = {place for rule in alert_rules.BY_REGISTERS async for place in _opened(stores, rule)}
    news: dict[str, list[Finding]] = {}
    for machine, entry in fleet.items():
        findings = [
            alert_rules.as_placed(finding, catalog.places(machine), catalog.version)
            for finding in alert_rules.condition_findings(machine, entry, millis(now), limit)
        ]
        if changed := [x for x in findings if x.bad != ((machine, x.id) in opened)]:
            news[machine] = changed

    async def judge(machine: str) -> int:
        async def newest() -> Sequence[Finding]:
            # As of this sweep: the next one judges the whole fleet anew.
            return news[machine]

        return (await raise_alerts(machine, news[machine], newest, stores, now)).changed

    return await judge_each(news, judge)


async def judge_ageing(stores: AlertStores, now: datetime) -> int:
    """Judge the machines again of which an alert is open that only time closes; how many alerts changed."""
    opened = {machine for rule in alert_rules.BY_TIME async for machine, _ in _opened(stores, rule)}

    async def judge(machine: str) -> int:
        stored = await stores.machines.read(machine, "stock")
        return await judge_stock(stored.body, stores, now) if stored else 0

    return await judge_each(opened, judge)


async def _opened(stores: AlertStores, rule: alerts.Rule) -> AsyncIterator[tuple[str, str]]:
    """Machine and id of the open alerts of one rule."""
    where: list[Filter] = [("type", "=", "alert"), ("state", "=", "open"), ("rule", "=", rule)]
    async for stored in stores.alerts.select(None, *where, fields=("machineId", "id")):
        yield stored.body["machineId"], stored.body["id"]


async def _documents(stores: AlertStores) -> list[conditions.Document]:
    found = stores.conditions.select(None, ("type", "=", "conditions"))
    return [current(stored.body, conditions.SCHEMA) async for stored in found]
