"""On a timer: notifications that nobody took are queued again."""

from datetime import datetime

from vending.alerts import alerts
from vending.alerts.raise_alerts import AlertStores, readable
from vending.errors import Conflict
from vending.notifications import post_window
from vending.notifications.notify_digest import ASK_FOR_DIGEST
from vending.ports import Put, Stored
from vending.time import millis


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
