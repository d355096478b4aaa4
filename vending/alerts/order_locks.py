"""On a timer: open alerts whose policy wants it lock their machine's selections, by a command an episode.

By what is open, not at the moment of opening: a crash between the two loses nothing. The command's id is that
of the episode, so that to order it again changes nothing.
"""

import hashlib
import logging
from datetime import datetime

from vending.alerts import rules
from vending.alerts.evaluate_each import evaluate_each
from vending.alerts.held import select_of_fleet
from vending.alerts.in_force import InForce
from vending.alerts.policy import LockingThresholds, Policy
from vending.alerts.raise_alerts import AlertStores
from vending.catalog.cataloged import Cataloged
from vending.commands.actions import Lock
from vending.commands.send_command import CommandAsked, Order, TooMany, send_command
from vending.documents.alerts import Alert
from vending.ports import Documents, Filter
from vending.time import millis

log = logging.getLogger(__name__)

LOCK = CommandAsked(Lock())
"""All selections: which of them are in a zone, nobody says."""


async def order_locks(stores: AlertStores, commands: Documents, now: datetime) -> int:
    """How many locks were ordered. Raises Transient.

    Where no policy wants any, this asks for the catalog's version and nothing else; else for the open alerts
    of those rules, and of each for its command.
    """
    catalog = await stores.catalog.named()
    locking = [rule.name for rule in rules.every() if issubclass(rule.thresholds, LockingThresholds)]
    if not _anywhere(catalog, locking):
        return 0
    policies = InForce(catalog)
    found: dict[str, list[Alert]] = {}
    where: list[Filter] = [("state", "=", "open"), ("rule", "in", locking)]
    async for held in select_of_fleet(stores.alerts, Alert, *where):
        if held and _wanted(held.document, policies.of(held.document.machine_id, now), now):
            found.setdefault(held.document.machine_id, []).append(held.document)

    async def order(machine: str) -> int:
        return sum([await _order(alert, commands, now) for alert in found[machine]])

    return await evaluate_each(found, order)


def command_id(alert: Alert) -> str:
    """Of the lock that an alert's episode orders; a component's name may be too long for an id."""
    component = hashlib.blake2b(alert.component.encode(), digest_size=4).hexdigest()
    return f"{alert.rule}:{component}:{alert.episode}"


def _anywhere(catalog: Cataloged, locking: list[str]) -> bool:
    """Whether any policy wants locks."""
    said = (terms.thresholds.get(rule, {}) for terms in catalog.policies.values() for rule in locking)
    return any(values.get("lockSelections") == "on" for values in said)


def _wanted(alert: Alert, policy: Policy, now: datetime) -> bool:
    """Not in maintenance: somebody is there."""
    rule = rules.named(alert.rule)
    said = policy.of(rule.name, rule.thresholds)
    assert isinstance(said, LockingThresholds), "only alerts of such rules were asked for"
    return said.lock_selections == "on" and policy.maintained_until(millis(now)) is None


async def _order(alert: Alert, commands: Documents, now: datetime) -> int:
    order = Order(alert.machine_id, command_id(alert), f"alert {alert.rule} {alert.component}", millis(now))
    try:
        command = await send_command(order, LOCK, commands)
    except TooMany as fault:
        log.warning("no lock for %s: %s", alert.id, fault)
        return 0
    return int(command.asked_at == order.now)
