"""On a timer: open alerts of which time changes something. Their notifications go to the queue with the
others that are pending (see resend)."""

from datetime import datetime

from vending.alerts import rules
from vending.alerts.held import HeldAlert, select_of_fleet
from vending.alerts.in_force import InForce
from vending.alerts.lifecycle import ESCALATE_AFTER, overdue
from vending.alerts.raise_alerts import AlertStores
from vending.documents.alerts import Alert
from vending.errors import Conflict
from vending.ports import Filter
from vending.time import millis

MOST = 1_000
"""Alerts of one sweep, a request each; the next one goes on."""


async def escalate(stores: AlertStores, now: datetime) -> int:
    """Escalate what nobody acknowledged in time, and remind of what was snoozed until now; how many alerts
    changed. One query, of those alerts alone, and where there are any the catalog's version.
    Raises Transient."""
    changed = 0
    for held in await _due(stores, now):
        alert = held.document
        after = overdue(alert, ESCALATE_AFTER[rules.severity_of(alert)], millis(now))
        if after is None:
            continue
        try:
            await stores.alerts.write(alert.machine_id, [held.put(after)])
        except Conflict:
            continue  # Somebody attends to it, or it closes; the next sweep looks again.
        changed += 1
    return changed


async def _due(stores: AlertStores, now: datetime) -> list[HeldAlert]:
    """Those of machines in maintenance are due when it is over."""
    found: list[HeldAlert] = []
    policies: InForce | None = None
    due: list[Filter] = [("state", "=", "open"), ("dueAt", "<=", millis(now))]
    async for held in select_of_fleet(stores.alerts, Alert, *due):
        if held is None:
            continue
        policies = policies or InForce(await stores.catalog.named())
        if policies.of(held.document.machine_id, now).maintained_until(millis(now)) is None:
            found.append(held)
        if len(found) == MOST:
            break
    return found
