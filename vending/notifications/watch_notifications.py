"""Do notifications arrive? If not, people must hear of it in another way: an alert, a figure of the API."""

import logging
from datetime import datetime

from msgspec import structs

from vending.alerts.about_the_app import logged_findings
from vending.alerts.channels import kind
from vending.alerts.held import Held, select_of_fleet
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.rules.evidence import GivenUp
from vending.documents.alerts import UndeliveredNotification
from vending.documents.post_window import PostWindow
from vending.errors import Conflict
from vending.notifications.outgoing import read_window
from vending.ports import Documents, QueueLength
from vending.time import millis

log = logging.getLogger(__name__)
COUNTED_FOR = 24 * 60 * 60_000
"""Milliseconds that one which was given up is told of, and keeps the alert open."""


async def watch_notifications(stores: AlertStores, now: datetime, poison: QueueLength | None = None) -> int:
    """Bring the alerts about notifications that do not arrive in line; how many of them changed.

    ``poison`` is the queue of messages that failed five times; None: nobody looks.
    """
    counted = []
    for held in await given_up(stores.alerts):
        if held is None:
            continue
        lost = held.document
        if millis(now) - lost.at <= COUNTED_FOR:
            counted.append(lost)
            continue
        try:
            await stores.alerts.write(lost.machine_id, [held.put(structs.replace(lost, state="closed"))])
        except Conflict:
            log.info("another sweep has closed %s", lost.id)
    failing = _failing(await read_window(stores.alerts))
    poisoned = await poison.length() if poison else 0
    findings = logged_findings(GivenUp(counted, millis(now), failing, poisoned))
    return await raise_as_found(GivenUp.subject, findings, stores, now)


def _failing(window: PostWindow | None) -> dict[str, int]:
    """By kind of channel, since when nothing gets through to the one that has failed for longest."""
    found: dict[str, int] = {}
    for one in (window.failing if window else None) or ():
        name = kind(one.channel)
        found[name] = min(one.since, found.get(name, one.since))
    return found


async def given_up(documents: Documents) -> list[Held[UndeliveredNotification] | None]:
    """Notifications that nobody got, of the last day; None for one of which no more can be read than that."""
    found = select_of_fleet(documents, UndeliveredNotification, ("state", "=", "open"))
    return [held async for held in found]
