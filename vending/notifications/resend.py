"""On a timer: notifications that nobody took are queued again."""

from datetime import datetime

from msgspec import structs

from vending.alerts import outbox
from vending.alerts.held import HeldAlert, select_of_fleet
from vending.alerts.raise_alerts import AlertStores
from vending.documents.alerts import Alert
from vending.errors import Conflict
from vending.notifications.notify_digest import ASK_FOR_DIGEST
from vending.notifications.outgoing import read_window
from vending.notifications.post_window import holds_back
from vending.time import millis


async def resend(stores: AlertStores, now: datetime) -> int:
    """Queue again what has been pending for longer than its back-off; how many messages.

    More than a minute may post, or anything that was held back, is one message: it asks for a digest.
    """
    if not stores.posts:
        return 0
    if holds_back(await read_window(stores.alerts)):
        await stores.notifications.send(ASK_FOR_DIGEST)
        return 1
    due, count = await _due(stores, now)
    if count > stores.posts_per_minute:
        await stores.notifications.send(ASK_FOR_DIGEST)
        return 1
    return sum([await _queue_again(held, stores, now) for held in due])


async def _due(stores: AlertStores, now: datetime) -> tuple[list[HeldAlert], int]:
    """Alerts with notifications that are due, and how many those are; no more than it takes for a digest."""
    found, count = [], 0
    async for held in select_of_fleet(stores.alerts, Alert, ("pending", "=", True)):
        if held and (due := outbox.due(held.document, millis(now))):
            found.append(held)
            count += len(due)
        if count > stores.posts_per_minute:
            break
    return found, count


async def _queue_again(held: HeldAlert, stores: AlertStores, now: datetime) -> int:
    alert, at = held.document, millis(now)
    due = outbox.due(alert, at)
    try:
        await stores.alerts.write(alert.machine_id, [held.put(outbox.requeued(alert, at))])
    except Conflict:
        return 0  # It was delivered or has changed; the next sweep looks again.
    for notification in due:
        await stores.notifications.send(structs.replace(notification, queued_at=at).dump())
    return len(due)
