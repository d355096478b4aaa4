"""On a timer: machines of which it is time to look whether they sold anything.

Each machine's habit says when that is; whoever sold since is looked at again when it would be odd after that
sale. So one query finds all of them, however many machines are quiet, and a sale costs nothing.
"""

import dataclasses
import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from vending.alerts import in_force
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.held import read
from vending.alerts.in_force import InForce
from vending.alerts.policy import Policy
from vending.alerts.raise_alerts import AlertStores, raise_alerts
from vending.alerts.rules import no_sale
from vending.alerts.rules.evidence import Stock
from vending.alerts.rules.silent import Silent
from vending.alerts.transitions import Finding
from vending.documents.alerts import Alert
from vending.documents.base import load
from vending.documents.habits import HABITS, Habit
from vending.documents.stock import MachineStock
from vending.errors import Conflict
from vending.ports import Documents, Put, Stored
from vending.time import millis

MACHINES = 2_000
"""Of one sweep."""
AGAIN = timedelta(hours=1)
"""After which a machine that is quiet, or silent, is looked at again: what the change feed's evaluation holds
to be known of its alerts (see :mod:`vending.alerts.verdicts`) is read again by then."""


async def evaluate_quiet(stores: AlertStores, habits: Documents, now: datetime) -> int:
    """Evaluate the machines that are due; how many alerts changed. Raises Transient."""
    due: dict[str, Stored] = {}
    async for stored in habits.select(HABITS, ("due", "<=", millis(now))):
        due[stored.body["id"]] = stored
        if len(due) >= MACHINES:
            break
    if not due:
        return 0
    policies = InForce(await stores.catalog.named())

    async def evaluate(machine: str) -> int:
        habit = load(due[machine].body, Habit)
        changed, again = await _evaluate(habit, policies.of(machine, now), stores, now)
        try:
            await habits.write(HABITS, [Put(replace(habit, due=again).dump(), due[machine].etag)])
        except Conflict:
            return changed  # Somebody else looked, or the habit was counted anew.
        return changed

    return await evaluate_each(due, evaluate)


async def _evaluate(
    habit: Habit, policy: Policy, stores: AlertStores, now: datetime
) -> tuple[int, int | None]:
    """How many alerts changed, and when to look again. Nothing arrives of a machine that is silent."""
    stock = await _stock(habit.id, stores)
    if stock is None or "vend" not in stock.last:
        return 0, None
    odd = no_sale.due(habit, stock.last["vend"][2], policy)
    quiet, again = odd <= millis(now), millis(now + AGAIN)
    if quiet and await _is_open(Silent.name, stock, stores):
        return 0, again
    if not quiet and not await _is_open(no_sale.NoSale.name, stock, stores):
        return 0, None if odd == math.inf else math.ceil(odd)
    return await _raise(Stock(stock, millis(now), policy, habit), stores, now), again


async def _is_open(rule: str, stock: MachineStock, stores: AlertStores) -> bool:
    held = await read(stores.alerts, Alert, stock.machine_id, f"current:{rule}:machine")
    return held is not None and held.document.state == "open"


async def _raise(evidence: Stock, stores: AlertStores, now: datetime) -> int:
    machine = evidence.document.machine_id

    def findings(of: Stock) -> Sequence[Finding]:
        found = [one for one in in_force.findings(of) if one.rule == no_sale.NoSale.name]
        return in_force.stamped(found, of.policy)

    async def newest() -> Sequence[Finding]:
        held = await _stock(machine, stores)
        return findings(dataclasses.replace(evidence, document=held)) if held else []

    return await raise_alerts(machine, findings(evidence), newest, stores, now)


async def _stock(machine: str, stores: AlertStores) -> MachineStock | None:
    stored = await stores.machines.read(machine, "stock")
    return load(stored.body, MachineStock) if stored else None
