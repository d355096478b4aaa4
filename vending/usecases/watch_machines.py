"""The change feed of the machines container → sold-out alerts.

A batch holds the latest versions of what changed: stock documents among ledger pages and days. The lease
moves past a batch when this returns, so whatever must wait is raised.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from vending.domain import alert_rules, stock
from vending.domain.alerts import Finding
from vending.domain.clock import millis
from vending.errors import Transient
from vending.ports import Stored
from vending.usecases.commit_stock import readable
from vending.usecases.judge_each import judge_each
from vending.usecases.raise_alerts import AlertStores, raise_alerts


async def watch_machines(batch: Sequence[dict[str, Any]], stores: AlertStores, now: datetime) -> int:
    """Judge the machines whose stock changed; how many alerts changed. Raises Transient."""
    latest: dict[str, dict[str, Any]] = {}
    for document in batch:
        if document.get("type") == "stock":
            known = latest.get(document["machineId"])
            if known is None or known["rev"] < document["rev"]:
                latest[document["machineId"]] = document
    return await judge_each(latest, lambda machine: judge_stock(latest[machine], stores, now))


async def judge_stock(document: dict[str, Any], stores: AlertStores, now: datetime) -> int:
    """Judge one stock document, which may be older than the stored one; how many alerts changed."""
    machine = document["machineId"]

    async def newest() -> Sequence[Finding]:
        stored = await stores.machines.read(machine, "stock")
        if stored is None or stored.body["rev"] < document["rev"]:
            raise Transient(f"{machine}: the stock read is older than the one that the feed told of")
        return _findings(stored, now)

    findings = _findings(Stored(document, ""), now)
    return (await raise_alerts(machine, findings, newest, stores, now)).changed


def _findings(stored: Stored, now: datetime) -> list[Finding]:
    return alert_rules.stock_findings(readable(stored, stock.SCHEMA).body, millis(now))
