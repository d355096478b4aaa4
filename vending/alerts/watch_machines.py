"""The change feed of the machines container → alerts by the rules on stock.

A batch holds the latest versions of what changed: stock documents among ledger pages and days. The lease
moves past a batch when this returns, so whatever must wait is raised. Most changes change no alert: one query
for all machines of a batch finds that out, and none where this process knows it.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from vending.alerts import rules
from vending.alerts.alerts import Finding
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.held import loaded, of_machines
from vending.alerts.raise_alerts import AlertStores, raise_alerts, settled
from vending.alerts.rules.evidence import Stock
from vending.documents.alerts import Alert
from vending.documents.base import load
from vending.documents.stock import MachineStock
from vending.errors import Transient
from vending.ports import Stored
from vending.time import millis


async def watch_machines(batch: Sequence[dict[str, Any]], stores: AlertStores, now: datetime) -> int:
    """Evaluate the machines whose stock changed; how many alerts changed. Raises Transient."""
    latest: dict[str, dict[str, Any]] = {}
    for document in batch:
        if document.get("type") == "stock":
            known = latest.get(document["machineId"])
            if known is None or _rev(known) < _rev(document):
                latest[document["machineId"]] = document
    unknown = {machine for machine, document in latest.items() if not _agreed(document, stores, now)}
    held = await of_machines(stores.alerts, sorted(unknown), [rule.name for rule in rules.on(Stock)])

    async def evaluate(machine: str) -> int:
        if machine not in unknown or _settled(latest[machine], held.get(machine, []), stores, now):
            return 0
        return await evaluate_stock(latest[machine], stores, now)

    return await evaluate_each(latest, evaluate)


def _agreed(document: dict[str, Any], stores: AlertStores, now: datetime) -> bool:
    """Whether the machine's alerts are known to say what its stock does."""
    try:
        changed = load(document, MachineStock)
        return stores.verdicts.agree(changed, rules.findings(Stock(changed, millis(now))), now)
    except Exception:  # noqa: BLE001 - evaluated by itself, where it costs no other machine anything
        return False


def _settled(document: dict[str, Any], stored: Sequence[Stored], stores: AlertStores, now: datetime) -> bool:
    """Whether the machine's alerts, as stored, say what its stock does; then that is remembered."""
    changed = load(document, MachineStock)
    findings = rules.findings(Stock(changed, millis(now)))
    alerts = [loaded(one, Alert) for one in stored]
    if not settled({held.document.id: held for held in alerts}, findings, now):
        return False
    stores.verdicts.remember(changed, findings, now)
    return True


def _rev(document: dict[str, Any]) -> float:
    """A malformed one counts as the newest: it is then evaluated, and costs nobody else anything."""
    rev = document.get("rev")
    return rev if isinstance(rev, int) else math.inf


async def evaluate_stock(document: dict[str, Any], stores: AlertStores, now: datetime) -> int:
    """Evaluate one stock document, which may be older than the stored one; how many alerts changed."""
    changed = load(document, MachineStock)

    async def newest() -> Sequence[Finding]:
        stored = await stores.machines.read(changed.machine_id, "stock")
        held = load(stored.body, MachineStock) if stored else None
        if held is None or held.rev < changed.rev:
            what = f"{changed.machine_id}: stale read: the stock is older than the one of the change feed"
            raise Transient(what)
        return rules.findings(Stock(held, millis(now)))

    findings = rules.findings(Stock(changed, millis(now)))
    return await raise_alerts(changed.machine_id, findings, newest, stores, now)
