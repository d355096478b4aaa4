"""The registers of machines, evaluated by one sweep: only of those that changed or are due. Pure."""

from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta

import msgspec

from vending.alerts import in_force, rules
from vending.alerts.in_force import InForce
from vending.alerts.looks import NEVER, Basis, Look, Looks, OpenAlert
from vending.alerts.rules.evidence import Registers
from vending.alerts.transitions import Finding
from vending.documents.conditions import Entry
from vending.time import EPOCH


class Evaluation:
    """What a sweep finds, beside the alerts that are open."""

    def __init__(self, basis: Basis, looks: Looks, opened: Iterable[OpenAlert]) -> None:
        self.news: dict[str, list[Finding]] = {}
        """Machine → findings that its alerts do not say yet."""
        self._basis = basis
        self._looks = looks
        self._policies = InForce(basis.catalog)
        self._now: datetime = EPOCH + timedelta(milliseconds=basis.now)
        self._opened: dict[str, set[str]] = {}
        for machine, alert in opened:
            self._opened.setdefault(machine, set()).add(alert)

    def document(self, name: str, etag: str, machines: Mapping[str, Entry]) -> None:
        """Evaluate the machines of a document of that version, and remember when it is due again."""
        due = NEVER
        opened: set[OpenAlert] = set()
        for machine, entry in machines.items():
            digest = hash(msgspec.json.encode(entry))
            stored: Set[str] = self._opened.get(machine, frozenset())
            next_due = self._looks.unchanged(machine, digest, self._basis.now)
            if next_due is None:
                evidence = self._evidence(machine, entry)
                stored = stored ^ self._changed(evidence, stored)
                next_due = _due(evidence)
                self._looks.evaluated(machine, digest, next_due)
            due = min(due, next_due)
            opened |= {(machine, alert) for alert in stored}
        self._looks.remember(name, Look(etag, due, frozenset(opened)))

    def _changed(self, evidence: Registers, stored: Set[str]) -> set[str]:
        """The alerts that open or close; they become news."""
        found = in_force.findings(evidence)
        changed = [x for x in found if x.firing is not None and x.firing != (x.id in stored)]
        if changed:
            self.news[evidence.machine] = in_force.stamped(changed, evidence.policy)
        return {finding.id for finding in changed}

    def _evidence(self, machine: str, entry: Entry) -> Registers:
        catalog, policy = self._basis.catalog, self._policies.of(machine, self._now)
        placed = catalog.places(machine)
        now, silent_after = self._basis.now, self._basis.silent_after
        return Registers(machine, entry, now, silent_after, placed, catalog.version, policy)


def _due(evidence: Registers) -> float:
    """When the machine must be evaluated again though nothing is heard of it; in maintenance, at its end."""
    ends = evidence.policy.maintained_until(evidence.now)
    look = rules.next_look(evidence) if ends is None else ends
    return NEVER if look is None else look
