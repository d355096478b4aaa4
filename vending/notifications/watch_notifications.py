"""Were notifications given up? Then people must hear of it in another way: an alert, a figure of the API."""

import logging
from datetime import datetime

from vending.alerts import alerts
from vending.alerts.about_the_app import logged_findings
from vending.alerts.raise_alerts import AlertStores, raise_as_found, readable
from vending.alerts.rules.evidence import GivenUp
from vending.errors import Conflict
from vending.ports import Documents, Put, Stored
from vending.time import millis

log = logging.getLogger(__name__)


async def watch_notifications(stores: AlertStores, now: datetime) -> int:
    """Bring the alert about lost notifications in line: open for a day after the newest; how many alerts
    changed."""
    counted = []
    for stored in await given_up(stores.alerts):
        if millis(now) - stored.body["at"] <= alerts.GIVE_UP:
            counted.append(stored.body)
            continue
        try:
            await stores.alerts.write(
                stored.body["machineId"], [Put(stored.body | {"state": "closed"}, stored.etag)]
            )
        except Conflict:
            log.info("another sweep has closed %s", stored.body["id"])
    findings = logged_findings(GivenUp(counted, millis(now)))
    return await raise_as_found(GivenUp.subject, findings, stores, now)


async def given_up(documents: Documents) -> list[Stored]:
    """Notifications that nobody got, of the last day."""
    found = documents.select(None, ("type", "=", "undelivered"), ("state", "=", "open"))
    return [readable(stored) async for stored in found]
