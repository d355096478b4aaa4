"""Were notifications given up? Then people must hear of it in another way: an alert, a figure of the API."""

import logging
from datetime import datetime

from msgspec import structs

from vending.alerts.about_the_app import logged_findings
from vending.alerts.held import Held, select_of_fleet
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.rules.evidence import GivenUp
from vending.documents.alerts import UndeliveredNotification
from vending.errors import Conflict
from vending.ports import Documents
from vending.time import millis

log = logging.getLogger(__name__)
COUNTED_FOR = 24 * 60 * 60_000
"""Milliseconds that one which was given up is told of, and keeps the alert open."""


async def watch_notifications(stores: AlertStores, now: datetime) -> int:
    """Bring the alert about lost notifications in line: open for a day after the newest; how many alerts
    changed."""
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
    findings = logged_findings(GivenUp(counted, millis(now)))
    return await raise_as_found(GivenUp.subject, findings, stores, now)


async def given_up(documents: Documents) -> list[Held[UndeliveredNotification] | None]:
    """Notifications that nobody got, of the last day; None for one of which no more can be read than that."""
    found = select_of_fleet(documents, UndeliveredNotification, ("state", "=", "open"))
    return [held async for held in found]
