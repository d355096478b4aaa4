"""The change feed of the machines container → alerts by the rules on stock.

A batch holds the latest versions of what changed: stock documents among ledger pages and days. The lease
moves past a batch when this returns, so whatever must wait is raised. Most changes change no alert: one query
for all machines of a batch finds that out, and none where this process knows it.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Self

from vending.alerts import in_force, rules
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.held import by_id, of_machines
from vending.alerts.in_force import InForce
from vending.alerts.raise_alerts import AlertStores, raise_alerts, settled
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.documents.base import Body, load
from vending.documents.stock import MachineStock
from vending.errors import Transient
from vending.ports import Stored
from vending.time import millis


class Evaluated(NamedTuple):
    """A stock, and what the rules find in it."""

    stock: MachineStock
    findings: Sequence[Finding]

    @classmethod
    def of(cls, document: Body, policies: InForce, now: datetime) -> Self:
        """Of a stored stock. Raises Transient, Malformed."""
        stock = load(document, MachineStock)
        policy = policies.of(stock.machine_id, now)
        found = in_force.findings(Stock(stock, millis(now), policy))
        return cls(stock, in_force.stamped(found, policy))


async def watch_machines(batch: Sequence[Body], stores: AlertStores, now: datetime) -> int:
    """Evaluate the machines whose stock changed; how many alerts changed. Raises Transient."""
    latest: dict[str, Body] = {}
    for document in batch:
        if document.get("type") == "stock":
            known = latest.get(document["machineId"])
            if known is None or _rev(known) < _rev(document):
                latest[document["machineId"]] = document
    if not latest:
        return 0
    policies = InForce(await stores.catalog.named())
    changed = {machine: _evaluated(document, policies, now) for machine, document in latest.items()}
    unknown = {machine for machine, one in changed.items() if not (one and stores.verdicts.agree(*one, now))}
    held = await of_machines(stores.alerts, sorted(unknown), [rule.name for rule in rules.on(Stock)])

    async def evaluate(machine: str) -> int:
        one = changed[machine]
        if one is None:
            return await evaluate_stock(latest[machine], stores, now)
        if machine not in unknown or _settled(one, held.get(machine, []), stores, now):
            return 0
        return await _raise(one, stores, now)

    return await evaluate_each(latest, evaluate)


def _evaluated(document: Body, policies: InForce, now: datetime) -> Evaluated | None:
    try:
        return Evaluated.of(document, policies, now)
    except Exception:  # noqa: BLE001 - evaluated by itself, where it costs no other machine anything
        return None


def _settled(one: Evaluated, stored: Sequence[Stored], stores: AlertStores, now: datetime) -> bool:
    """Whether the machine's alerts, as stored, say what its stock does; then that is remembered."""
    if not settled(by_id(stored), one.findings, now):
        return False
    stores.verdicts.remember(*one, now)
    return True


def _rev(document: Body) -> float:
    """A malformed one counts as the newest: it is then evaluated, and costs nobody else anything."""
    rev = document.get("rev")
    return rev if isinstance(rev, int) else math.inf


async def evaluate_stock(document: Body, stores: AlertStores, now: datetime) -> int:
    """Evaluate one stock document, which may be older than the stored one; how many alerts changed."""
    policies = InForce(await stores.catalog.named())
    return await _raise(Evaluated.of(document, policies, now), stores, now)


async def _raise(one: Evaluated, stores: AlertStores, now: datetime) -> int:
    changed = one.stock

    async def newest() -> Sequence[Finding]:
        stored = await stores.machines.read(changed.machine_id, "stock")
        policies = InForce(await stores.catalog.named())
        held = Evaluated.of(stored.body, policies, now) if stored else None
        if held is None or held.stock.rev < changed.rev:
            what = f"{changed.machine_id}: stale read: the stock is older than the one of the change feed"
            raise Transient(what)
        return held.findings

    return await raise_alerts(changed.machine_id, one.findings, newest, stores, now)
