"""The change feed of the machines container → alerts by the rules on stock.

A batch holds the latest versions of what changed: stock documents among ledger pages and days. The lease
moves past a batch when this returns, so whatever must wait is raised.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from vending.alerts import rules
from vending.alerts.alerts import Finding
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.raise_alerts import AlertStores, raise_alerts
from vending.alerts.rules.evidence import Stock
from vending.documents.base import current
from vending.errors import Transient
from vending.ports import Stored
from vending.state import stock
from vending.time import millis


async def watch_machines(batch: Sequence[dict[str, Any]], stores: AlertStores, now: datetime) -> int:
    """Evaluate the machines whose stock changed; how many alerts changed. Raises Transient."""
    latest: dict[str, dict[str, Any]] = {}
    for document in batch:
        if document.get("type") == "stock":
            known = latest.get(document["machineId"])
            if known is None or known["rev"] < document["rev"]:
                latest[document["machineId"]] = document
    return await evaluate_each(latest, lambda machine: evaluate_stock(latest[machine], stores, now))


async def evaluate_stock(document: dict[str, Any], stores: AlertStores, now: datetime) -> int:
    """Evaluate one stock document, which may be older than the stored one; how many alerts changed."""
    machine = document["machineId"]

    async def newest() -> Sequence[Finding]:
        stored = await stores.machines.read(machine, "stock")
        if stored is None or stored.body["rev"] < document["rev"]:
            raise Transient(f"{machine}: stale read: the stock is older than the one of the change feed")
        return _findings(stored, now)

    findings = _findings(Stored(document, ""), now)
    return await raise_alerts(machine, findings, newest, stores, now)


def _findings(stored: Stored, now: datetime) -> list[Finding]:
    return rules.findings(Stock(current(stored.body, stock.SCHEMA), millis(now)))
