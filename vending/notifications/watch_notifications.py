"""Were notifications given up? Then people must hear of it in another way: an alert, a figure of the API."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from vending.alerts import alerts
from vending.alerts.alerts import Finding
from vending.alerts.raise_alerts import AlertStores, raise_alerts, readable
from vending.errors import Conflict
from vending.ports import Documents, Put, Stored
from vending.time import millis

log = logging.getLogger(__name__)


async def watch_notifications(stores: AlertStores, now: datetime) -> int:
    """Bring the one alert about lost notifications in line: open for a day after the newest; how many
    alerts changed."""
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
    finding = _finding(counted, millis(now))

    async def newest() -> Sequence[Finding]:
        return [finding]

    return (await raise_alerts(alerts.PLACE, [finding], newest, stores, now)).changed


async def given_up(documents: Documents) -> list[Stored]:
    """Notifications that nobody got, of the last day."""
    found = documents.select(None, ("type", "=", "undelivered"), ("state", "=", "open"))
    return [readable(stored) async for stored in found]


def _finding(counted: Sequence[dict[str, Any]], now: int) -> Finding:
    newest = max(counted, key=lambda body: int(body["at"]), default=None)
    detail = {"count": len(counted)} | ({"reason": newest["reason"]} if newest else {})
    at = now if newest is None else newest["at"]
    return Finding(alerts.PLACE, "undelivered", "webhook", (now,), newest is not None, at, detail)
