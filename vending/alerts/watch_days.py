"""The change feed of the machines container → alerts by the rules on machine days.

Days are few among the changes: the rollups write one of each machine that sold at each of their rounds. One
query reads the alerts of all their machines.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from vending.alerts import in_force, rules
from vending.alerts.alerts import Finding
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.held import by_id, of_machines
from vending.alerts.in_force import InForce
from vending.alerts.policy import Policy
from vending.alerts.raise_alerts import AlertStores, raise_alerts, settled
from vending.alerts.rules.evidence import Day
from vending.documents.base import Body, load
from vending.documents.days import MachineDay
from vending.ports import Filter, beginning
from vending.readable import readable
from vending.rollups.rollups import day_id
from vending.time import millis

TOLD = timedelta(days=14)
"""Days before these are corrected and counted, but no evidence of how a machine is now."""


async def watch_days(batch: Sequence[Body], stores: AlertStores, now: datetime) -> int:
    """Evaluate the machines with a day in the batch; how many alerts changed. Raises Transient."""
    first = (now - TOLD).date().isoformat()
    changed: dict[str, list[MachineDay]] = {}
    for body in batch:
        if body.get("type") == MachineDay.type and (day := readable(body, MachineDay)) and day.date >= first:
            changed.setdefault(day.machine_id, []).append(day)
    if not changed:
        return 0
    held = await of_machines(stores.alerts, sorted(changed), [rule.name for rule in rules.on(Day)])
    policies = InForce(await stores.catalog.named())

    async def evaluate(machine: str) -> int:
        policy = policies.of(machine, now)
        found = findings(changed[machine], policy, now)
        if settled(by_id(held.get(machine, [])), found, now):
            return 0

        async def newest() -> Sequence[Finding]:
            return findings(await _since(first, machine, stores), policy, now)

        return await raise_alerts(machine, found, newest, stores, now)

    return await evaluate_each(changed, evaluate)


def findings(days: Iterable[MachineDay], policy: Policy, now: datetime) -> list[Finding]:
    """What the rules find in a machine's days: of each component what the newest evidence says."""
    newest: dict[str, Finding] = {}
    for day in days:
        for finding in in_force.findings(Day(day, millis(now), policy)):
            known = newest.get(finding.id)
            if known is None or known.order < finding.order:
                newest[finding.id] = finding
    return in_force.stamped(list(newest.values()), policy)


async def _since(first: str, machine: str, stores: AlertStores) -> list[MachineDay]:
    """A newer day may have agreed with an alert, and left no mark in it: so all are read."""
    since: Filter = ("id", ">=", day_id(first))
    *_, below = beginning(day_id(""))
    return [load(stored.body, MachineDay) async for stored in stores.machines.select(machine, since, below)]
