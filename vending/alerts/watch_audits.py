"""The change feed of the machines container → alerts by the rules on audits.

Audits are rare among the changes: a machine is read a few times a day at most, and many are once a month.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from vending.alerts import in_force, rules
from vending.alerts.alerts import Finding
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.held import by_id, of_machines
from vending.alerts.in_force import InForce
from vending.alerts.policy import Policy
from vending.alerts.raise_alerts import AlertStores, raise_alerts, settled
from vending.alerts.rules.evidence import Audited
from vending.documents.audits import LISTED, PREFIX, AuditRecord, audit_id
from vending.documents.base import Body, load
from vending.ports import Filter, beginning
from vending.readable import readable
from vending.time import millis

BACK = 50
"""Uploads in a row among which the newest audit is looked for: people upload them late, and in any order."""


async def watch_audits(batch: Sequence[Body], stores: AlertStores, now: datetime) -> int:
    """Evaluate the machines with an audit in the batch; how many alerts changed. Raises Transient."""
    changed: dict[str, list[AuditRecord]] = {}
    for body in batch:
        if body.get("type") == AuditRecord.type and (record := readable(body, AuditRecord)):
            changed.setdefault(record.machine_id, []).append(record)
    if not changed:
        return 0
    held = await of_machines(stores.alerts, sorted(changed), [rule.name for rule in rules.on(Audited)])
    policies = InForce(await stores.catalog.named())

    async def evaluate(machine: str) -> int:
        policy = policies.of(machine, now)
        found = findings(changed[machine], policy, now)
        if settled(by_id(held.get(machine, [])), found, now):
            return 0
        last = max(record.number for record in changed[machine])

        async def newest() -> Sequence[Finding]:
            return findings(await _since(last - BACK, machine, stores), policy, now)

        return await raise_alerts(machine, found, newest, stores, now)

    return await evaluate_each(changed, evaluate)


def findings(records: Iterable[AuditRecord], policy: Policy, now: datetime) -> list[Finding]:
    """What the rules find in a machine's audits: of each component what the newest evidence says."""
    newest: dict[str, Finding] = {}
    for record in records:
        for finding in in_force.findings(Audited(record, millis(now), policy)):
            known = newest.get(finding.id)
            if known is None or known.order < finding.order:
                newest[finding.id] = finding
    return in_force.stamped(list(newest.values()), policy)


async def _since(number: int, machine: str, stores: AlertStores) -> list[AuditRecord]:
    since: Filter = ("id", ">=", audit_id(max(number, 0)))
    *_, below = beginning(PREFIX)
    found = stores.machines.select(machine, since, below, fields=LISTED)
    return [load(stored.body, AuditRecord) async for stored in found]
