"""On a timer: machines are evaluated on their condition registers, and on what only time closes."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

from vending.alerts import in_force, rules
from vending.alerts.alerts import Finding
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.in_force import InForce
from vending.alerts.looks import NEVER, Basis, Look, OpenAlert
from vending.alerts.policy import Policy
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.rules.base import Rule
from vending.alerts.rules.evidence import Registers, Stock
from vending.alerts.watch_machines import evaluate_stock
from vending.catalog.cataloged import EVERYWHERE, Cataloged
from vending.documents.conditions import Entry
from vending.ingest import stored_conditions
from vending.ingest.stored_conditions import Read
from vending.ports import Filter
from vending.time import millis


async def evaluate_conditions(
    stores: AlertStores, now: datetime, silent_after: timedelta, catalog: Cataloged = EVERYWHERE
) -> int:
    """Evaluate the registers of all machines that sent something, or of which something is due by time; how
    many alerts changed.

    Machines that ``catalog`` does not place are not silent, whatever they say or do not say.

    Of a fleet of which nothing changed, a sweep lists the documents and the open alerts: two queries. Others
    are read by their ids (see :mod:`vending.alerts.looks`), and only machines whose alerts differ from what
    is found are looked at more closely.
    """
    basis = Basis(catalog, silent_after // timedelta(milliseconds=1), millis(now))
    listed = await stored_conditions.versions(stores.conditions)
    opened = frozenset([alert async for alert in _opened(stores, rules.on(Registers))])
    wanted = stores.looks.wanted(basis, listed, opened)
    read = await _with_partners(wanted, stores)
    fleet = stored_conditions.readable_together(read.values())
    policies, alerts = InForce(catalog), _by_machine(opened)
    news: dict[str, list[Finding]] = {}
    for name in wanted & read.keys():
        found = _Found(alerts)
        for machine in read[name].names & fleet.keys():
            found.add(_evidence(machine, fleet[machine], basis, policies.of(machine, now)))
        stores.looks.remember(name, Look(read[name].etag, found.due, frozenset(found.opened)))
        news |= found.news
    return await evaluate_each(news, lambda machine: raise_as_found(machine, news[machine], stores, now))


def _evidence(machine: str, entry: Entry, basis: Basis, policy: Policy) -> Registers:
    catalog = basis.catalog
    return Registers(
        machine, entry, basis.now, basis.silent_after, catalog.places(machine), catalog.version, policy
    )


class _Found:
    """What is found in the machines of a document, beside the alerts that are open."""

    def __init__(self, stored: Mapping[str, Set[str]]) -> None:
        self._stored = stored
        self.news: dict[str, list[Finding]] = {}
        """Machine → findings that its alerts do not say yet."""
        self.opened: set[OpenAlert] = set()
        """What is open once they do."""
        self.due = NEVER

    def add(self, evidence: Registers) -> None:
        """Evaluate a machine."""
        stored = self._stored.get(evidence.machine, frozenset())
        found = in_force.findings(evidence)
        changed = [x for x in found if x.firing is not None and x.firing != (x.id in stored)]
        if changed:
            self.news[evidence.machine] = changed
        self.opened |= {(evidence.machine, alert) for alert in stored ^ {x.id for x in changed}}
        self.due = min(self.due, _due(evidence))


def _by_machine(alerts: Iterable[OpenAlert]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for machine, alert in alerts:
        found.setdefault(machine, set()).add(alert)
    return found


def _due(evidence: Registers) -> float:
    """When the machine must be evaluated again though nothing is heard of it; in maintenance, at its end."""
    ends = evidence.policy.maintained_until(evidence.now)
    look = rules.next_look(evidence) if ends is None else ends
    return NEVER if look is None else look


async def _with_partners(wanted: Set[str], stores: AlertStores) -> dict[str, Read]:
    """The documents, and all others with registers of a machine that stands in one of them."""
    read: dict[str, Read] = {}
    asked: set[str] = set()
    missing = set(wanted)
    while missing:
        asked |= missing
        found = await stored_conditions.read_each(stores.conditions, sorted(missing))
        for name, one in found.items():
            stores.looks.learn(name, one.names)
        read |= found
        missing = stores.looks.partners(wanted) - asked
    return read


async def evaluate_ageing(stores: AlertStores, now: datetime) -> int:
    """Evaluate again the machines with an open alert that only time closes; how many alerts changed."""
    by_time = [rule for rule in rules.on(Stock) if rule.closes == "time"]
    opened = {machine async for machine, _ in _opened(stores, by_time)}

    async def evaluate(machine: str) -> int:
        stored = await stores.machines.read(machine, "stock")
        return await evaluate_stock(stored.body, stores, now) if stored else 0

    return await evaluate_each(opened, evaluate)


async def _opened(stores: AlertStores, of: Sequence[Rule[Any]]) -> AsyncIterator[tuple[str, str]]:
    """Machine and id of the open alerts of some rules."""
    named = [rule.name for rule in of]
    where: list[Filter] = [("type", "=", "alert"), ("state", "=", "open"), ("rule", "in", named)]
    async for stored in stores.alerts.select(None, *where, fields=("machineId", "id")):
        yield stored.body["machineId"], stored.body["id"]
