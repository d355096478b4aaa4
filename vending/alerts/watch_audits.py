"""The change feed of the machines container → alerts by the rules on audits.

Audits are rare among the changes: a machine is read a few times a day at most, and many are once a month.
"""

from collections.abc import Sequence
from datetime import datetime

from vending.alerts.evaluate_changed import Changed, evaluate_changed
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.rules.evidence import Audited
from vending.documents.audits import LISTED, PREFIX, AuditRecord, audit_id
from vending.documents.base import Body, load
from vending.ports import Filter, beginning
from vending.readable import readable

BACK = 50
"""Uploads in a row among which the newest audit is looked for: people upload them late, and in any order."""


async def watch_audits(batch: Sequence[Body], stores: AlertStores, now: datetime) -> int:
    """Evaluate the machines with an audit in the batch; how many alerts changed. Raises Transient."""
    changed: dict[str, list[AuditRecord]] = {}
    for body in batch:
        if body.get("type") == AuditRecord.type and (record := readable(body, AuditRecord)):
            changed.setdefault(record.machine_id, []).append(record)

    async def stored(machine: str) -> list[AuditRecord]:
        last = max(record.number for record in changed[machine])
        return await _since(last - BACK, machine, stores)

    return await evaluate_changed(Changed(Audited, Audited, changed, stored), stores, now)


async def _since(number: int, machine: str, stores: AlertStores) -> list[AuditRecord]:
    since: Filter = ("id", ">=", audit_id(max(number, 0)))
    *_, below = beginning(PREFIX)
    found = stores.machines.select(machine, since, below, fields=LISTED)
    return [load(stored.body, AuditRecord) async for stored in found]
