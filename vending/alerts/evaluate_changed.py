"""Documents of machines in the change feed → alerts, by the rules on documents of that kind.

They are few among the changes. One query reads the alerts of all their machines.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vending.alerts import in_force, rules
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.held import by_id, of_machines
from vending.alerts.in_force import InForce
from vending.alerts.policy import Policy
from vending.alerts.raise_alerts import AlertStores, raise_alerts, settled
from vending.alerts.rules.evidence import Audited, Day, Evidence
from vending.alerts.transitions import Finding
from vending.documents.base import Document
from vending.time import millis


@dataclass(frozen=True)
class Changed[Kind: Document]:
    """Documents of machines, and what they are evidence of."""

    kind: type[Evidence]
    evidence: Callable[[Kind, int, Policy], Day | Audited]
    by_machine: Mapping[str, Sequence[Kind]]
    stored: Callable[[str], Awaitable[Sequence[Kind]]]
    """Of a machine, as they are now: one that is newer than those that changed may have agreed with an alert,
    and left no mark in it."""


async def evaluate_changed[Kind: Document](changed: Changed[Kind], stores: AlertStores, now: datetime) -> int:
    """Evaluate the machines; how many alerts changed. Raises Transient."""
    machines = changed.by_machine
    if not machines:
        return 0
    held = await of_machines(stores.alerts, sorted(machines), [rule.name for rule in rules.on(changed.kind)])
    policies = InForce(await stores.catalog.named())

    async def evaluate(machine: str) -> int:
        policy = policies.of(machine, now)

        def found_in(documents: Iterable[Kind]) -> list[Finding]:
            return _findings((changed.evidence(one, millis(now), policy) for one in documents), policy)

        found = found_in(machines[machine])
        if settled(by_id(held.get(machine, [])), found, now):
            return 0

        async def newest() -> Sequence[Finding]:
            return found_in(await changed.stored(machine))

        return await raise_alerts(machine, found, newest, stores, now)

    return await evaluate_each(machines, evaluate)


def _findings(evidence: Iterable[Day | Audited], policy: Policy) -> list[Finding]:
    """Of each component what the newest evidence says."""
    newest: dict[str, Finding] = {}
    for one in evidence:
        for finding in in_force.findings(one):
            known = newest.get(finding.id)
            if known is None or known.order < finding.order:
                newest[finding.id] = finding
    return in_force.stamped(list(newest.values()), policy)
