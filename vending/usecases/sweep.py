"""On a timer: notifications that nobody took are sent again, and machines are judged on their conditions."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from vending.domain import alert_rules, alerts, conditions, post_window
from vending.domain.alerts import Finding
from vending.domain.clock import millis
from vending.errors import Conflict
from vending.ports import Filter, Put, Stored
from vending.usecases.catalog_machines import EVERYWHERE, Cataloged
from vending.usecases.commit_stock import readable as readable_document
from vending.usecases.judge_each import judge_each
from vending.usecases.notify_digest import ASK_FOR_DIGEST
from vending.usecases.raise_alerts import AlertStores, raise_alerts, readable
from vending.usecases.watch_machines import judge_stock


async def resend(stores: AlertStores, now: datetime) -> int:
    """Queue again what has been owed for longer than its back-off; how many messages.

    More than a minute may post, or anything that was held back, is one message: it asks for a digest.
    """
    window = await stores.alerts.read(alerts.PLACE, post_window.ID)
    if post_window.holds_back(readable(window).body if window else None):
        await stores.notifications.send(ASK_FOR_DIGEST)
        return 1
    due, count = await _due(stores, now)
    if count > stores.posts_per_minute:
        await stores.notifications.send(ASK_FOR_DIGEST)
        return 1
    return sum([await _queue_again(stored, stores, now) for stored in due])


async def _due(stores: AlertStores, now: datetime) -> tuple[list[Stored], int]:
    """Alerts with notifications that are due, and how many those are; no more than it takes for a digest."""
    found, count = [], 0
    async for stored in stores.alerts.select(None, ("type", "=", "alert"), ("pending", "=", True)):
        if owed := alerts.due(readable(stored).body, millis(now)):
            found.append(stored)
            count += len(owed)
        if count > stores.posts_per_minute:
            break
    return found, count


async def _queue_again(stored: Stored, stores: AlertStores, now: datetime) -> int:
    owed, marked = alerts.due(stored.body, millis(now)), alerts.requeued(stored.body, millis(now))
    try:
        await stores.alerts.write(stored.body["machineId"], [Put(marked, stored.etag)])
    except Conflict:
        return 0  # It was settled or has changed; the next sweep looks again.
    for notification in owed:
        await stores.notifications.send(notification | {"queued": millis(now)})
    return len(owed)


async def judge_conditions(
    stores: AlertStores, now: datetime, silent_after: timedelta, catalog: Cataloged = EVERYWHERE
) -> int:
    """Judge the whole fleet on its registers (silence, faults, cold chain); how many alerts changed.

    Machines that ``catalog`` does not place are not silent, whatever they say or do not say.

    The fleet's condition is a handful of documents, and its open alerts are one query for each rule; only
    machines of which the two differ are looked at more closely.
    """
    fleet = conditions.merged([stored.body for stored in await _documents(stores)])
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


async def _documents(stores: AlertStores) -> list[Stored]:
    found = stores.conditions.select(None, ("type", "=", "conditions"))
    return [readable_document(stored, conditions.SCHEMA) async for stored in found]
